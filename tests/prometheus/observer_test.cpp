#include "controller/prometheus/observer.h"

#include "controller/async/task_group.h"
#include "controller/base/json.h"
#include "controller/prometheus/rule_files.h"
#include "tests/testing/manual_clock.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace clickdeploy::prometheus {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A Prometheus made of a few values.
struct FakePrometheus {
  std::map<std::string, std::string> health;  // by instance_id
  std::string rules_hash = "aaaa";
  bool broken_rules = false;
  int status = 200;
  int polls = 0;
  std::string alert_state;  // of one of Service s-1 about i-1; "": there is none
};

Json targets_of(const FakePrometheus& fake) {
  Json list = Json::array();
  for (const auto& [id, health] : fake.health) {
    const Json labels = Json::object(
        {{"managed_by", "click-deploy"}, {"instance_id", id}, {"agent", "node-exporter"}});
    list.push_back(Json::object({{"labels", labels}, {"health", health}}));
  }
  list.push_back(
      Json::object({{"labels", Json::object({{"instance_id", "foreign"}})}, {"health", "up"}}));
  return Json::object({{"activeTargets", list}});
}

Json rules_of(const FakePrometheus& fake) {
  if (fake.broken_rules) return nullptr;
  const Json labels = Json::object(
      {{"file", "clickdeploy-a.yml"}, {"owner", "c1/shop/main"}, {"spec_hash", fake.rules_hash}});
  Json rule = Json::object({{"name", kRulesInfoMetric}, {"labels", labels}});
  if (!fake.alert_state.empty()) {
    const Json about =
        Json::object({{"alertname", "Down"}, {"service_id", "s-1"}, {"instance_id", "i-1"}});
    const Json alert = Json::object({{"labels", about},
                                     {"annotations", Json::object({{"summary", "it is\ndown"}})},
                                     {"state", fake.alert_state},
                                     {"activeAt", "2026-11-22T09:55:35.707087763Z"},
                                     {"value", "1e+00"}});
    const Json foreign = Json::object(
        {{"labels", Json::object({{"alertname", "Down"}})}, {"state", fake.alert_state}});
    rule.set("alerts", Json::array({alert, foreign}));
  }
  return Json::object({{"groups", Json::array({Json::object({{"name", "click_deploy_info"},
                                                             {"file", "/rules/clickdeploy-a.yml"},
                                                             {"rules", Json::array({rule})}})})}});
}

Task<http::Reply> answer(FakePrometheus& fake, http::Request request) {
  http::Reply reply;
  reply.response.status = fake.status;
  Json data;
  if (request.url == "/api/v1/status/runtimeinfo") {
    ++fake.polls;
    data = Json::object({{"reloadConfigSuccess", true}, {"storageRetention", "15d"}});
  } else if (request.url == "/api/v1/status/buildinfo") {
    data = Json::object({{"version", "2.42.0"}});
  } else if (request.url == "/api/v1/rules") {
    data = rules_of(fake);
  } else {
    data = targets_of(fake);
  }
  reply.response.body = to_json(Json::object({{"status", "success"}, {"data", data}}));
  co_return reply;
}

class Observer : public ::testing::Test {
 protected:
  Observer() {
    http_.route("http://prom:9090",
                [this](http::Request request) { return answer(fake_, std::move(request)); });
    observer_.listen([this](const PollChanges& changed) {
      heard_.push_back(changed.instances);
      services_ = changed.services;
    });
  }
  ~Observer() override {
    group_.cancel();
    settle();
    EXPECT_EQ(group_.running(), 0u);
  }

  void start() {
    group_.start("observer", observer_.run());
    settle();
  }
  void settle() {
    context_.restart();
    context_.poll();
  }
  void advance(milliseconds duration) {
    clock_.advance(duration);
    settle();
  }

  FakePrometheus fake_;
  http::LocalHttpClient http_;
  testing::ManualClock clock_;
  boost::asio::io_context context_{1};
  TaskGroup group_{context_.get_executor()};
  PrometheusObserver observer_{QueryClient(http_, "http://prom:9090", seconds(5)), clock_,
                               PrometheusObserverOptions{.poll = seconds(5)}};
  std::vector<std::vector<std::string>> heard_;
  std::vector<std::string> services_;  // of the last poll
};

using Heard = std::vector<std::vector<std::string>>;

TEST_F(Observer, FirstPollIsAtOnceAndShowsOurTargetsOnly) {
  EXPECT_EQ(observer_.snapshot(), nullptr);
  fake_.health = {{"i-1", "up"}, {"i-2", "down"}};
  start();
  const auto snapshot = observer_.snapshot();
  ASSERT_NE(snapshot, nullptr);
  EXPECT_EQ(snapshot->sequence, 1u);
  EXPECT_EQ(snapshot->runtime.version, "2.42.0");
  EXPECT_EQ(snapshot->targets.size(), 2u);
  ASSERT_NE(snapshot->find_target("i-2", "node-exporter"), nullptr);
  EXPECT_EQ(snapshot->find_target("i-2", "node-exporter")->health, "down");
  EXPECT_EQ(snapshot->find_target("i-2", "cadvisor"), nullptr);
  EXPECT_EQ(snapshot->find_target("foreign", ""), nullptr);
  EXPECT_EQ(snapshot->loaded_hash("clickdeploy-a.yml", "c1/shop/main"), "aaaa");
  EXPECT_EQ(snapshot->loaded_hash("clickdeploy-b.yml", "c1/shop/main"), "");
  EXPECT_EQ(snapshot->loaded_hash("clickdeploy-a.yml", "c2/shop/main"), "");
  using FilesByPath = std::map<std::string, std::string>;
  EXPECT_EQ(snapshot->files_of("c1/shop/main"),
            (FilesByPath{{"/rules/clickdeploy-a.yml", "clickdeploy-a.yml"}}));
  EXPECT_TRUE(snapshot->files_of("c2/shop/main").empty());
  EXPECT_EQ(heard_, (Heard{{"i-1", "i-2"}}));
}

TEST_F(Observer, ListenersHearWhatAppearedWentOrChangedHealth) {
  fake_.health = {{"i-1", "up"}, {"i-2", "up"}, {"i-3", "up"}};
  start();
  fake_.health = {{"i-1", "up"}, {"i-2", "down"}, {"i-4", "unknown"}};
  advance(seconds(5));
  advance(seconds(5));
  EXPECT_EQ(heard_, (Heard{{"i-1", "i-2", "i-3"}, {"i-2", "i-3", "i-4"}, {}}));
  EXPECT_EQ(observer_.snapshot()->sequence, 3u);
}

TEST_F(Observer, FailedPollKeepsTheOldSnapshot) {
  fake_.health = {{"i-1", "up"}};
  start();
  fake_.health.clear();
  fake_.broken_rules = true;
  advance(seconds(5));
  EXPECT_EQ(observer_.snapshot()->sequence, 1u);
  EXPECT_EQ(observer_.snapshot()->targets.size(), 1u);
  ASSERT_TRUE(observer_.last_error());
  EXPECT_EQ(observer_.last_error()->code(), ErrorCode::Unavailable);
  EXPECT_EQ(heard_, (Heard{{"i-1"}, {}}));
  fake_.broken_rules = false;
  advance(seconds(10));
  EXPECT_FALSE(observer_.last_error());
  EXPECT_EQ(observer_.snapshot()->sequence, 2u);
}

TEST_F(Observer, PauseGrowsToThirtySecondsAfterErrors) {
  fake_.status = 503;
  start();
  EXPECT_EQ(fake_.polls, 1);
  const int pauses[] = {10, 20, 30, 30};
  int polls = 1;
  for (const int pause : pauses) {
    advance(seconds(pause) - milliseconds(1));
    EXPECT_EQ(fake_.polls, polls);
    advance(milliseconds(1));
    EXPECT_EQ(fake_.polls, ++polls);
  }
}

TEST_F(Observer, PokesAreAnsweredSoonButAtMostOnceASecond) {
  start();
  for (int n = 0; n < 10; ++n) observer_.poke();
  settle();
  EXPECT_EQ(fake_.polls, 1);
  advance(milliseconds(999));
  EXPECT_EQ(fake_.polls, 1);
  advance(milliseconds(1));
  EXPECT_EQ(fake_.polls, 2);
  advance(seconds(2));
  EXPECT_EQ(fake_.polls, 2);
  observer_.poke();
  settle();
  EXPECT_EQ(fake_.polls, 3);
}

TEST_F(Observer, RulesHashFollowsPrometheus) {
  start();
  fake_.rules_hash = "bbbb";
  advance(seconds(5));
  EXPECT_EQ(observer_.snapshot()->loaded_hash("clickdeploy-a.yml", "c1/shop/main"), "bbbb");
}

TEST(Snapshot, FindsTargetsWithAndWithoutAnIndex) {
  PrometheusSnapshot snapshot;
  for (const char* id : {"i-1", "i-2"}) {
    ActiveTarget target;
    target.labels = {{"instance_id", id}, {"agent", "cadvisor"}};
    snapshot.targets.push_back(target);
  }
  EXPECT_EQ(snapshot.find_target("i-2", "cadvisor"), &snapshot.targets[1]);
  snapshot.index_targets();
  EXPECT_EQ(snapshot.find_target("i-2", "cadvisor"), &snapshot.targets[1]);
  EXPECT_EQ(snapshot.find_target("i-3", "cadvisor"), nullptr);
}

TEST_F(Observer, TellsOfAlertsThatComeChangeAndGo) {
  fake_.health = {{"i-1", "up"}};
  start();
  EXPECT_TRUE(observer_.snapshot()->alerts.empty());
  fake_.alert_state = "pending";
  advance(seconds(5));
  const std::vector<Alert> alerts = observer_.snapshot()->alerts.at("s-1");
  EXPECT_EQ(alerts,
            (std::vector<Alert>{
                {.labels = {{"alertname", "Down"}, {"instance_id", "i-1"}, {"service_id", "s-1"}},
                 .state = "pending",
                 .since = "2026-11-22T09:55:35Z",
                 .summary = "it is down"}}));
  EXPECT_EQ(observer_.snapshot()->alerts.size(), 1u);
  EXPECT_EQ(services_, std::vector<std::string>{"s-1"});
  EXPECT_EQ(heard_.back(), std::vector<std::string>{"i-1"});
  advance(seconds(5));
  EXPECT_EQ(services_, std::vector<std::string>());
  EXPECT_EQ(heard_.back(), std::vector<std::string>());
  fake_.alert_state = "firing";
  advance(seconds(5));
  EXPECT_EQ(services_, std::vector<std::string>{"s-1"});
  fake_.alert_state = "";
  advance(seconds(5));
  EXPECT_EQ(services_, std::vector<std::string>{"s-1"});
  EXPECT_TRUE(observer_.snapshot()->alerts.empty());
}

}  // namespace
}  // namespace clickdeploy::prometheus
