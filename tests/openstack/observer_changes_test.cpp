// What the observer asks of a large fleet between two looks at whole lists.

#include "controller/openstack/observer.h"
#include "tests/openstack/fake_cloud.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace clickdeploy::openstack {
namespace {

using namespace std::chrono_literals;

class LargeFleet : public testing::Test {
 protected:
  LargeFleet() {
    cloud_.answer = [this](const http::Request& sent) { return answer(sent); };
    observer_.listen(
        [this](const std::vector<std::string>& changed) { heard_.push_back(changed); });
    group_.start("observer", observer_.run());
    world_.run_for(1s);
  }
  ~LargeFleet() override {
    group_.cancel();
    world_.run_for(1s);
  }

  static Json server(const std::string& id, const std::string& status = "ACTIVE") {
    return Json::object({{"id", id}, {"status", status}});
  }

  http::Response answer(const http::Request& sent) {
    if (sent.url.find(failing_) != std::string::npos) return text_response(500, "");
    if (sent.url.find("/limits") != std::string::npos) {
      const Json absolute = Json::object({{"maxTotalInstances", 10}});
      return json_response(200, Json::object({{"limits", Json::object({{"absolute", absolute}})}}));
    }
    if (sent.url.find("/servers/detail") == std::string::npos) {
      return json_response(200, Json::object({{"ports", Json::array()}}));
    }
    const bool changes = sent.url.find("changes-since") != std::string::npos;
    Json body = Json::object({{"servers", changes ? changed_ : servers_}});
    if (changes && more_) {
      const Json next = Json::object({{"rel", "next"}, {"href", "?marker=a"}});
      body.set("servers_links", Json::array({next}));
    }
    http::Response response = json_response(200, body);
    if (!date_.empty()) response.headers.push_back({"Date", date_});
    return response;
  }

  std::size_t changes() const { return cloud_.asked("changes-since").size(); }
  std::size_t whole_lists() const { return cloud_.asked("/servers/detail").size() - changes(); }

  VirtualWorld world_;
  FakeCloud cloud_{world_};
  Session session_{
      cloud_, world_, fake_credentials(), {.requests_per_second = 1000, .burst = 1000}};
  CloudObserver observer_{session_, world_, {.poll = 10s, .large_fleet = 2}};
  Json servers_ = Json::array({server("a"), server("b")});
  Json changed_ = Json::array();
  bool more_ = false;
  std::string date_ = "Sun, 06 Nov 1994 08:49:37 GMT";
  std::string failing_ = "nothing-yet";
  std::vector<std::vector<std::string>> heard_;
  TaskGroup group_{world_.executor()};
};

TEST_F(LargeFleet, AtRestIsReadWholeOnceAMinute) {
  EXPECT_TRUE(observer_.whole());
  const SteadyTime first = observer_.seen_at();
  world_.run_for(50s);
  EXPECT_EQ(whole_lists(), 1u);
  EXPECT_EQ(cloud_.asked("/ports").size(), 1u);
  EXPECT_EQ(changes(), 5u);
  // A minute before the list was begun, by the cloud's clock: its hosts' clocks differ.
  EXPECT_NE(cloud_.asked("changes-since").back().url.find("changes-since=1994-11-06T08%3A48%3A37Z"),
            std::string::npos)
      << cloud_.asked("changes-since").back().url;
  EXPECT_FALSE(observer_.whole());
  EXPECT_EQ(observer_.seen_at(), first + 50s);
  EXPECT_EQ(observer_.snapshot()->started_at, first);
  EXPECT_EQ(observer_.snapshot()->sequence, 1u);
  EXPECT_EQ(observer_.snapshot()->servers.size(), 2u) << "what has not changed is there";
  EXPECT_EQ(heard_.size(), 6u);
  EXPECT_TRUE(heard_.back().empty());
  world_.run_for(10s);
  EXPECT_EQ(whole_lists(), 2u);
  EXPECT_TRUE(observer_.whole());
}

TEST_F(LargeFleet, AnyChangeBringsTheWholeLists) {
  struct Case {
    const char* name;
    Json changed;
    bool news;
  };
  const Case cases[] = {{"Stopped", server("a", "SHUTOFF"), true},
                        {"New", server("c"), true},
                        {"Gone", server("b", "DELETED"), true},
                        {"KnownAlready", server("a"), false},
                        {"GoneLongAgo", server("z", "DELETED"), false}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    observer_.poke();
    world_.run_for(2s);
    const std::size_t before = whole_lists();
    changed_ = Json::array({c.changed});
    world_.run_for(10s);
    EXPECT_EQ(whole_lists() - before, c.news ? 1u : 0u);
    EXPECT_EQ(observer_.whole(), c.news);
    changed_ = Json::array();
  }
}

TEST_F(LargeFleet, MoreChangesThanFitAPageBringTheWholeLists) {
  more_ = true;
  world_.run_for(10s);
  EXPECT_EQ(whole_lists(), 2u);
  EXPECT_EQ(changes(), 1u) << "of that list no further page is read";
  EXPECT_FALSE(observer_.last_error());
}

TEST_F(LargeFleet, IsReadWholeWhenSomebodyWantsIt) {
  observer_.poke();
  world_.run_for(2s);
  EXPECT_EQ(whole_lists(), 2u);
  EXPECT_EQ(changes(), 0u);
  observer_.want_whole();
  world_.run_for(110s);
  EXPECT_EQ(changes(), 0u);
  world_.run_for(30s);
  EXPECT_GT(changes(), 0u);
}

TEST_F(LargeFleet, AFailedLookIsFollowedByOneAtTheWholeLists) {
  const SteadyTime seen = observer_.seen_at();
  failing_ = "changes-since";
  world_.run_for(11s);
  ASSERT_TRUE(observer_.last_error());
  EXPECT_EQ(observer_.seen_at(), seen);
  EXPECT_EQ(observer_.snapshot()->servers.size(), 2u);
  world_.run_for(20s);
  EXPECT_FALSE(observer_.last_error());
  EXPECT_EQ(whole_lists(), 2u);
}

TEST_F(LargeFleet, OfACloudThatDoesNotTellTheTimeIsReadWhole) {
  date_.clear();
  observer_.poke();
  world_.run_for(32s);
  EXPECT_EQ(changes(), 0u);
  EXPECT_GE(whole_lists(), 4u);
}

TEST_F(LargeFleet, ThatHasBecomeSmallIsReadWhole) {
  servers_ = Json::array({server("a")});
  observer_.poke();
  world_.run_for(32s);
  EXPECT_EQ(changes(), 0u);
}

}  // namespace
}  // namespace clickdeploy::openstack
