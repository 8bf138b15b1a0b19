#include "controller/openstack/observer.h"

#include "tests/openstack/fake_cloud.h"

#include <gtest/gtest.h>

#include <set>

namespace clickdeploy::openstack {
namespace {

using namespace std::chrono_literals;

class ObserverTest : public testing::Test {
 protected:
  ObserverTest() {
    cloud_.answer = [this](const http::Request& sent) { return answer(sent); };
    observer_.listen(
        [this](const std::vector<std::string>& changed) { heard_.push_back(changed); });
  }
  ~ObserverTest() override {
    group_.cancel();
    world_.run_for(1s);
  }

  void start() { group_.start("observer", observer_.run()); }

  http::Response answer(const http::Request& sent) {
    if (sent.url.find(failing_) != std::string::npos) return text_response(500, "");
    if (sent.url.find("/limits") != std::string::npos) {
      return json_response(
          200, Json::object(
                   {{"limits",
                     Json::object({{"absolute", Json::object({{"maxTotalInstances", 10}})}})}}));
    }
    if (sent.url.find("/floatingips") != std::string::npos) {
      return json_response(
          200, Json::object({{"floatingips", Json::array({Json::object({{"id", "f"}})})}}));
    }
    if (sent.url.find("/volumes/detail") != std::string::npos) {
      const Json volume = Json::object({{"id", "v"}, {"status", "available"}});
      return json_response(200, Json::object({{"volumes", Json::array({volume})}}));
    }
    const bool servers = sent.url.find("/servers/detail") != std::string::npos;
    Json items = Json::array();
    for (const std::string& id : servers ? servers_ : ports_) {
      items.push_back(
          Json::object({{"id", id}, {"status", status_}, {"tags", Json::array({"t-" + id})}}));
    }
    return json_response(200, Json::object({{servers ? "servers" : "ports", std::move(items)}}));
  }

  std::size_t sweeps() const { return cloud_.asked("/servers/detail").size(); }

  VirtualWorld world_;
  FakeCloud cloud_{world_};
  Session session_{
      cloud_, world_, fake_credentials(), {.requests_per_second = 1000, .burst = 1000}};
  CloudObserver observer_{session_, world_, {.poll = 10s}};
  std::set<std::string> servers_{"a", "b"};
  std::set<std::string> ports_{"p"};
  std::string status_ = "ACTIVE";
  std::string failing_ = "nothing-yet";
  std::vector<std::vector<std::string>> heard_;
  TaskGroup group_{world_.executor()};
};

using Ids = std::vector<std::string>;

TEST_F(ObserverTest, AnotherPollHoldsForThePauseThatIsBeingMade) {
  start();
  world_.run_for(5s);
  observer_.set_poll(30s);
  world_.run_for(24s);
  EXPECT_EQ(sweeps(), 1u);
  world_.run_for(2s);
  EXPECT_EQ(sweeps(), 2u);
  observer_.set_poll(2s);
  world_.run_for(10s);
  EXPECT_EQ(sweeps(), 7u);
}

TEST_F(ObserverTest, SweepsAtOnceAndThenAtEachTick) {
  EXPECT_EQ(observer_.snapshot(), nullptr);
  start();
  world_.run_for(1s);
  ASSERT_NE(observer_.snapshot(), nullptr);
  EXPECT_EQ(observer_.snapshot()->sequence, 1u);
  EXPECT_EQ(observer_.snapshot()->identity.project_id, "project-1");
  EXPECT_EQ(observer_.snapshot()->servers.size(), 2u);
  EXPECT_EQ(observer_.snapshot()->ports.size(), 1u);
  EXPECT_EQ(observer_.snapshot()->quota.instances.limit, 10);
  EXPECT_EQ(observer_.snapshot()->started_at, SteadyTime(1000s));
  EXPECT_EQ(observer_.snapshot()->servers_with_tag("t-b").size(), 1u);
  EXPECT_TRUE(observer_.snapshot()->servers_with_tag("t").empty());
  world_.run_for(60s);
  EXPECT_EQ(sweeps(), 7u);
  EXPECT_EQ(cloud_.asked("/limits").size(), 2u);  // with each sixth sweep, and kept between
  EXPECT_EQ(observer_.snapshot()->quota.instances.limit, 10);
  EXPECT_EQ(observer_.snapshot()->network_quota, std::nullopt) << "this cloud does not tell";
}

TEST_F(ObserverTest, TheQuotaIsAskedForWhenItIsWanted) {
  start();
  world_.run_for(11s);
  ASSERT_EQ(cloud_.asked("/limits").size(), 1u);
  EXPECT_EQ(*observer_.snapshot()->counted, (std::set<std::string>{"a", "b"}));
  servers_.insert("c");
  world_.run_for(10s);
  EXPECT_EQ(*observer_.snapshot()->counted, (std::set<std::string>{"a", "b"}));
  observer_.want_quota();
  world_.run_for(2s);
  EXPECT_EQ(cloud_.asked("/limits").size(), 2u);
  EXPECT_EQ(*observer_.snapshot()->counted, (std::set<std::string>{"a", "b", "c"}));
  world_.run_for(10s);
  EXPECT_EQ(cloud_.asked("/limits").size(), 2u);
}

TEST_F(ObserverTest, FloatingIPsAreListedOnceTheyAreWanted) {
  start();
  world_.run_for(11s);
  EXPECT_EQ(observer_.snapshot()->floating_ips, std::nullopt);
  ASSERT_NE(observer_.snapshot()->known_floating_ips, nullptr);  // for showing, now and then
  EXPECT_EQ(observer_.snapshot()->known_floating_ips->size(), 1u);
  EXPECT_EQ(cloud_.asked("/floatingips").size(), 1u);
  observer_.want_floating_ips();
  world_.run_for(2s);
  ASSERT_NE(observer_.snapshot()->floating_ips, std::nullopt);
  EXPECT_EQ(observer_.snapshot()->floating_ips->size(), 1u);
}

Json catalog_with_volumes() {
  Json catalog = Json::array();
  for (const auto& [type, url] : {std::pair{"compute", "http://cloud:8774/v2.1"},
                                  {"network", "http://cloud:9696/"},
                                  {"image", "http://cloud:9292"},
                                  {"volumev3", "http://cloud:8776/v3/project-1"}}) {
    const Json endpoint =
        Json::object({{"interface", "public"}, {"region", "RegionOne"}, {"url", url}});
    catalog.push_back(Json::object({{"type", type}, {"endpoints", Json::array({endpoint})}}));
  }
  return catalog;
}

TEST_F(ObserverTest, VolumesAreListedEachTimeOnceTheyAreWanted) {
  cloud_.catalog = catalog_with_volumes();
  start();
  world_.run_for(31s);
  EXPECT_EQ(sweeps(), 4u);
  EXPECT_EQ(cloud_.asked("/volumes/detail").size(), 1u);
  ASSERT_TRUE(observer_.snapshot()->volumes);
  EXPECT_TRUE(observer_.snapshot()->volumes->contains("v"));
  observer_.want_volumes();
  world_.run_for(31s);
  EXPECT_EQ(cloud_.asked("/volumes/detail").size(), sweeps() - 3);
}

TEST_F(ObserverTest, ACloudWithoutVolumesIsNotAskedForThem) {
  observer_.want_volumes();
  start();
  world_.run_for(31s);
  EXPECT_GE(sweeps(), 4u);
  EXPECT_TRUE(cloud_.asked("/volumes").empty());
  EXPECT_FALSE(observer_.snapshot()->volumes);
  EXPECT_FALSE(observer_.snapshot()->volumes_error);
  EXPECT_EQ(cloud_.logins, 1);
}

TEST_F(ObserverTest, ACinderThatFailsHoldsUpNothing) {
  cloud_.catalog = catalog_with_volumes();
  failing_ = ":8776";
  observer_.want_volumes();
  start();
  world_.run_for(51s);
  EXPECT_GE(sweeps(), 5u);
  EXPECT_FALSE(observer_.last_error());
  EXPECT_FALSE(observer_.snapshot()->volumes);
  ASSERT_TRUE(observer_.snapshot()->volumes_error);
  EXPECT_EQ(cloud_.asked(":8776").size(), 1u);  // it rests
  failing_ = "nothing";
  world_.run_for(31s);
  EXPECT_TRUE(observer_.snapshot()->volumes);
  EXPECT_FALSE(observer_.snapshot()->volumes_error);
}

// What was done since would look undone.
TEST_F(ObserverTest, AnOldListOfVolumesIsNone) {
  cloud_.catalog = catalog_with_volumes();
  observer_.want_volumes();
  start();
  world_.run_for(11s);
  ASSERT_TRUE(observer_.snapshot()->volumes);
  failing_ = ":8776";
  world_.run_for(20s);
  failing_ = "nothing";
  world_.run_for(20s);  // it rests
  EXPECT_FALSE(observer_.snapshot()->volumes);
  EXPECT_TRUE(observer_.snapshot()->volumes_error);
}

// As when the process was stopped while it waited for the answer.
TEST_F(ObserverTest, ACinderThatSeemedVerySlowIsAskedAgainSoon) {
  cloud_.catalog = catalog_with_volumes();
  observer_.want_volumes();
  start();
  world_.run_for(9s);
  cloud_.latency = 5min;
  ASSERT_TRUE(world_.run_until([&] { return observer_.snapshot()->sequence == 2; }));
  cloud_.latency = 5ms;
  world_.run_for(30s);
  EXPECT_TRUE(observer_.snapshot()->volumes_error);  // it rests
  world_.run_for(120s);
  EXPECT_FALSE(observer_.snapshot()->volumes_error);
  EXPECT_TRUE(observer_.snapshot()->volumes);
}

TEST_F(ObserverTest, TellsTheChangeNotThePoll) {
  start();
  world_.run_for(1s);
  world_.run_for(10s);
  servers_ = {"b", "c"};
  world_.run_for(10s);
  status_ = "SHUTOFF";
  world_.run_for(10s);
  EXPECT_EQ(heard_, (std::vector<Ids>{{"a", "b"}, {}, {"a", "c"}, {"b", "c"}}));
}

TEST_F(ObserverTest, AFailedSweepChangesNothingButTheError) {
  start();
  world_.run_for(1s);
  servers_.clear();
  for (const char* part : {"/servers/detail", "/ports"}) {
    failing_ = part;
    const std::size_t before = heard_.size();
    world_.run_for(70s);
    EXPECT_GT(heard_.size(), before);
    EXPECT_EQ(heard_.back(), Ids());
    ASSERT_TRUE(observer_.last_error());
    EXPECT_EQ(observer_.last_error()->code(), ErrorCode::Unavailable);
    EXPECT_EQ(observer_.snapshot()->sequence, 1u);
    EXPECT_EQ(observer_.snapshot()->servers.size(), 2u);
  }
  failing_ = "nothing";
  world_.run_for(61s);
  EXPECT_EQ(observer_.last_error(), std::nullopt);
  EXPECT_TRUE(observer_.snapshot()->servers.empty());
}

TEST_F(ObserverTest, ThePauseGrowsWhileTheCloudFailsAndThenShrinks) {
  failing_ = "/servers/detail";
  start();
  world_.run_for(600s);
  EXPECT_GE(sweeps(), 10u);  // 0, 20, 60, then each minute
  EXPECT_LE(sweeps(), 13u);
  failing_ = "nothing";
  world_.run_for(60s);
  const std::size_t before = sweeps();
  world_.run_for(60s);
  EXPECT_EQ(sweeps() - before, 6u);
}

TEST_F(ObserverTest, PokesAreServedSoonAndTogether) {
  start();
  world_.run_for(3s);
  EXPECT_EQ(sweeps(), 1u);
  for (int i = 0; i < 100; ++i) observer_.poke();
  world_.run_for(600ms);
  EXPECT_EQ(sweeps(), 2u);
  world_.run_for(2s);
  EXPECT_EQ(sweeps(), 2u);
}

TEST_F(ObserverTest, PokesGiveAtMostOneSweepASecond) {
  start();
  for (int i = 0; i < 100; ++i) {
    observer_.poke();
    world_.run_for(100ms);
  }
  EXPECT_LE(sweeps(), 11u);
  EXPECT_GE(sweeps(), 6u);
}

TEST_F(ObserverTest, WhereListsTakeLongPokesWaitLonger) {
  start();
  world_.run_for(5s);
  cloud_.latency = 500ms;
  observer_.poke();
  world_.run_for(1s);
  ASSERT_EQ(sweeps(), 2u);  // it takes a second
  observer_.poke();
  world_.run_for(2s);
  observer_.poke();
  EXPECT_EQ(sweeps(), 2u);
  world_.run_for(2s);
  EXPECT_EQ(sweeps(), 3u);
}

TEST_F(ObserverTest, AFailingCloudIsNotAskedSoonerThanEachTickForPokes) {
  failing_ = "/servers/detail";
  start();
  for (int i = 0; i < 600; ++i) {
    observer_.poke();
    world_.run_for(100ms);
  }
  EXPECT_LE(sweeps(), 7u);
}

TEST_F(ObserverTest, UnwindsWhenCancelled) {
  start();
  world_.run_for(3s);
  group_.cancel();
  world_.run_for(1s);
  EXPECT_EQ(group_.running(), 0u);
  const std::size_t before = sweeps();
  world_.run_for(60s);
  EXPECT_EQ(sweeps(), before);
}

TEST_F(ObserverTest, AProjectThatChangesInMidSweepIsNoSnapshot) {
  start();
  world_.run_for(1s);
  // The token is refused at the ports, and the new log-in is into another project.
  cloud_.oldest_accepted = 0;
  int asked = 0;
  cloud_.answer = [&](const http::Request& sent) {
    if (sent.url.find("/ports") != std::string::npos && asked++ == 0) {
      return text_response(401, "{}", "application/json");
    }
    return answer(sent);
  };
  cloud_.answer_login = [&](const http::Request&) -> Result<http::Response> {
    http::Response response = text_response(
        201,
        R"({"token": {"user": {"id": "u"}, "project": {"id": "other"}, "expires_at": "2030-01-01T00:00:00Z",
            "catalog": [{"type": "compute", "endpoints": [{"interface": "public", "region": "R", "url": "http://cloud:8774/v2.1"}]},
                        {"type": "network", "endpoints": [{"interface": "public", "region": "R", "url": "http://cloud:9696"}]}]}})",
        "application/json");
    response.headers.push_back({"X-Subject-Token", "token-99"});
    return response;
  };
  world_.run_for(10s);
  ASSERT_TRUE(observer_.last_error());
  EXPECT_EQ(observer_.last_error()->message(), "the project changed while it was listed");
  EXPECT_EQ(observer_.snapshot()->identity.project_id, "project-1");
  world_.run_for(30s);
  EXPECT_EQ(observer_.snapshot()->identity.project_id, "other");
}

}  // namespace
}  // namespace clickdeploy::openstack
