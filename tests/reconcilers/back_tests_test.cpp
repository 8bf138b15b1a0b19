#include "controller/reconcilers/monitoring_policy/back_tests.h"

#include "controller/async/signal.h"
#include "controller/base/text.h"
#include "tests/reconcilers/samples.h"
#include "tests/testing/manual_clock.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

using api::v1alpha1::MonitoringPolicy;
using api::v1alpha1::RuleBackTest;
using std::chrono::seconds;

MonitoringPolicy sample() {
  MonitoringPolicy policy = sample_policy();
  policy.spec.rule_groups = {
      {"node", "30s", {{.alert = "A", .expr = "a > 1"}, {.record = "x:y", .expr = "a"}}},
      {"app", "", {{.alert = "B", .expr = "b > 1", .for_duration = "5m"}}}};
  policy.spec.default_alerts["instanceDown"] = {};
  return policy;
}

std::map<std::size_t, BackTestOrder> orders_of(const MonitoringPolicy& policy) {
  const auto rules = make_policy_rules(shared(policy), {shared(sample_service())}, "c/shop/main");
  return back_test_orders(policy, *rules);
}

TEST(BackTestOrders, AreOfAlertsThatAreWrittenInThePolicy) {
  const auto orders = orders_of(sample());
  ASSERT_EQ(orders.size(), 2u);
  EXPECT_EQ(orders.at(0).rule.alert, "A");
  // Bound to the policy's Services, as it is loaded.
  EXPECT_TRUE(orders.at(0).rule.expr.contains("service-uid")) << orders.at(0).rule.expr;
  EXPECT_EQ(orders.at(2).rule.alert, "B");
  EXPECT_EQ(orders.at(2).window, "7d");
  MonitoringPolicy off = sample();
  off.spec.back_test.enabled = false;
  EXPECT_TRUE(orders_of(off).empty());
}

TEST(BackTestOrders, HaveAnotherHashIfAnythingIsDifferent) {
  const std::string hash = orders_of(sample()).at(2).hash;
  EXPECT_EQ(orders_of(sample()).at(2).hash, hash);
  const std::vector<void (*)(MonitoringPolicy&)> changes = {
      [](MonitoringPolicy& p) { p.spec.rule_groups[1].rules[0].expr = "b > 2"; },
      [](MonitoringPolicy& p) { p.spec.rule_groups[1].rules[0].for_duration = "6m"; },
      [](MonitoringPolicy& p) { p.spec.rule_groups[1].interval = "10s"; },
      [](MonitoringPolicy& p) { p.spec.back_test.window = "1d"; },
      [](MonitoringPolicy& p) { p.spec.backend_ref.name = "other"; }};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    MonitoringPolicy policy = sample();
    changes[i](policy);
    EXPECT_NE(orders_of(policy).at(2).hash, hash) << i;
  }
}

TEST(BackTestResults, LastForSixHoursAndFailuresForTenMinutes) {
  const BackTestOrder order = orders_of(sample()).at(0);
  const RuleBackTest good = describe_back_test(order, prometheus::BackTest{}, at(0));
  EXPECT_TRUE(is_fresh(good, order, at(6 * 3600 - 1)));
  EXPECT_FALSE(is_fresh(good, order, at(6 * 3600)));
  EXPECT_FALSE(is_fresh(good, order, at(-1)));  // the clock went back
  EXPECT_FALSE(is_fresh(good, orders_of(sample()).at(2), at(1)));
  const RuleBackTest failed =
      describe_back_test(order, fail(ErrorCode::Unavailable, "no answer"), at(0));
  EXPECT_TRUE(is_fresh(failed, order, at(599)));
  EXPECT_FALSE(is_fresh(failed, order, at(600)));
}

TEST(BackTestResults, AreToldInWordsAndTheWorstAreWarnings) {
  const BackTestOrder order = orders_of(sample()).at(0);
  const auto tell = [&order](const Result<prometheus::BackTest>& test) {
    const RuleBackTest told = describe_back_test(order, test, at(0));
    const bool warns = !back_test_warning(told, order.window).empty();
    return told.result + ": " + told.message + (warns ? " (!)" : "");
  };
  using prometheus::BackTest;
  EXPECT_EQ(tell(BackTest{}), "DidNotFire: would not have fired in the last 7d");
  EXPECT_EQ(tell(BackTest{14, seconds(3 * 3600), ""}),
            "Fired: would have fired 14 times, for 3h in all, in the last 7d");
  EXPECT_EQ(tell(BackTest{1, seconds(60), ""}),
            "Fired: would have fired once, for 1m in all, in the last 7d");
  EXPECT_EQ(tell(BackTest{36, seconds(36 * 60), ""}),
            "Fired: would have fired 36 times, for 36m in all, in the last 7d (!)");
  EXPECT_EQ(tell(BackTest{1, seconds(4 * 86'400), ""}),
            "Fired: would have fired once, for 4d in all, in the last 7d (!)");
  EXPECT_EQ(tell(BackTest{0, seconds(0), "laod"}),
            "NoSeries: could not have fired: laod matched no series in the last 7d (!)");
  EXPECT_EQ(tell(fail(ErrorCode::Unavailable, "no answer")),
            "Failed: could not be tested: no answer");
  EXPECT_LE(tell(fail(ErrorCode::Unavailable, std::string(5'000, 'x'))).size(), 1'100u);
}

// A Prometheus that answers when it is let.
class Worker : public ::testing::Test {
 protected:
  Worker() {
    http_.route("http://prom:9090", [this](http::Request) -> Task<http::Reply> {
      ++asked_;
      co_await gate_.wait(closed_);
      http::Reply reply;
      reply.response.body =
          R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[60,"1"]]}]}})";
      co_return reply;
    });
    tests_.listen([this](const api::ObjectKey& policy) { told_.push_back(policy.text()); });
  }
  ~Worker() override {
    group_.start("stop", tests_.stop());
    settle();
  }

  void settle() {
    context_.restart();
    context_.poll();
  }

  int asked_ = 0;
  std::vector<std::string> told_;
  Signal gate_;
  const std::uint64_t closed_ = gate_.version();
  http::LocalHttpClient http_;
  testing::ManualClock clock_;
  boost::asio::io_context context_{1};
  TaskGroup group_{context_.get_executor()};
  BackTests tests_{clock_, context_.get_executor()};
  std::shared_ptr<BackendConnection> connection_ = std::make_shared<BackendConnection>(
      http_, nullptr, clock_, context_.get_executor(),
      prometheus::Access{.url = "http://prom:9090"}, seconds(5));
};

TEST_F(Worker, AsksForOneAfterTheOtherAndForEachOnce) {
  for (int i = 0; i < 3; ++i) {
    for (const auto& [place, order] : orders_of(sample())) tests_.want(order, connection_);
    settle();
  }
  EXPECT_EQ(asked_, 1);
  const std::string first = orders_of(sample()).at(0).hash;
  EXPECT_EQ(tests_.result(first), nullptr);
  gate_.notify();
  settle();
  EXPECT_EQ(asked_, 2);
  EXPECT_EQ(told_, (std::vector<std::string>{"shop/base", "shop/base"}));
  ASSERT_NE(tests_.result(first), nullptr);
  EXPECT_EQ(tests_.result(first)->result, "Fired");
  // What is wanted later is tested again.
  tests_.want(orders_of(sample()).at(0), connection_);
  settle();
  EXPECT_EQ(asked_, 3);
}

TEST_F(Worker, StopsInTheMiddleOfATest) {
  tests_.want(orders_of(sample()).at(0), connection_);
  settle();
  EXPECT_EQ(asked_, 1);
}

}  // namespace
}  // namespace clickdeploy::reconcilers
