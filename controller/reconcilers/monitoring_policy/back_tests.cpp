#include "controller/reconcilers/monitoring_policy/back_tests.h"

#include "controller/base/text.h"
#include "controller/base/utf8.h"

#include <fmt/format.h>

namespace clickdeploy::reconcilers {

using api::v1alpha1::MonitoringPolicy;
using api::v1alpha1::RuleBackTest;
using std::chrono::seconds;

namespace {

constexpr std::size_t kWaitingMax = 2'000;
constexpr std::size_t kResultsMax = 5'000;
constexpr std::size_t kMessageBytesMax = 1'000;
constexpr std::chrono::hours kGoodFor{6};
constexpr std::chrono::minutes kFailureGoodFor{10};
constexpr seconds kUsualWindow{7 * 86'400};

seconds to_seconds(const std::string& duration, seconds otherwise) {
  const auto parsed = parse_prometheus_duration(duration);
  return parsed ? std::chrono::ceil<seconds>(*parsed) : otherwise;
}

std::string hash_of(const BackTestOrder& order) {
  constexpr std::size_t kDigits = 16;
  return sha256_hex(fmt::format("{}\n{}\n{}\n{}\n{}\n{}", order.backend.text(), order.rule.alert,
                                order.rule.expr, order.rule.for_duration, order.window,
                                order.interval))
      .substr(0, kDigits);
}

std::string times(std::int64_t count) {
  return count == 1 ? "once" : fmt::format("{} times", count);
}

}  // namespace

std::map<std::size_t, BackTestOrder> back_test_orders(const MonitoringPolicy& policy,
                                                      const PolicyRules& rules) {
  std::map<std::size_t, BackTestOrder> orders;
  if (!policy.spec.back_test.enabled) return orders;
  std::size_t place = 0;
  // The groups that are written in the policy come first.
  for (std::size_t g = 0; g < policy.spec.rule_groups.size(); ++g) {
    for (const prometheus::Rule& rule : rules.groups[g].rules) {
      const std::size_t i = place++;
      if (rule.alert.empty() || !rules.faults[i].empty()) continue;
      BackTestOrder order{.policy = policy.metadata.key(),
                          .backend = policy.spec.backend_ref.key(policy.metadata.namespace_name),
                          .rule = rule,
                          .window = policy.spec.back_test.window,
                          .interval = rules.groups[g].interval};
      order.hash = hash_of(order);
      orders.emplace(i, std::move(order));
    }
  }
  return orders;
}

bool is_fresh(const RuleBackTest& result, const BackTestOrder& order, WallTime now) {
  const std::optional<WallTime> tested = parse_time(result.time);
  if (result.hash != order.hash || !tested || *tested > now) return false;
  const seconds lasts = result.result == "Failed" ? seconds(kFailureGoodFor) : seconds(kGoodFor);
  return now - *tested < lasts;
}

RuleBackTest describe_back_test(const BackTestOrder& order,
                                const Result<prometheus::BackTest>& test, WallTime now) {
  RuleBackTest result{.hash = order.hash, .time = format_time(now)};
  if (!test) {
    result.result = "Failed";
    result.message = "could not be tested: " + test.error().message();
  } else if (!test->nothing.empty()) {
    result.result = "NoSeries";
    result.message = fmt::format("could not have fired: {} matched no series in the last {}",
                                 test->nothing, order.window);
  } else if (test->fired == 0) {
    result.result = "DidNotFire";
    result.message = "would not have fired in the last " + order.window;
  } else {
    result.result = "Fired";
    result.fired = test->fired;
    result.firing_seconds = test->firing.count();
    result.message =
        fmt::format("would have fired {}, for {} in all, in the last {}", times(test->fired),
                    prometheus::rough_duration(test->firing), order.window);
  }
  result.message = std::string(utf8_prefix(result.message, kMessageBytesMax));
  return result;
}

std::string back_test_warning(const RuleBackTest& result, const std::string& window) {
  constexpr std::int64_t kADay = 5;
  constexpr std::int64_t kDay = 86'400;
  if (result.result == "NoSeries") return result.message;
  if (result.result != "Fired") return "";
  const std::int64_t all = to_seconds(window, kUsualWindow).count();
  const bool often = result.fired * kDay > kADay * all;
  const bool long_time = result.firing_seconds * 2 > all;
  if (!often && !long_time) return "";
  return result.message + ": too often for anybody to act on it?";
}

BackTests::BackTests(Clock& clock, Executor executor)
    : clock_(clock), tasks_(std::move(executor)) {}

void BackTests::want(BackTestOrder order, std::shared_ptr<BackendConnection> connection) {
  if (waiting_.size() >= kWaitingMax || !known_.insert(order.hash).second) return;
  waiting_.push_back({std::move(order), std::move(connection)});
  if (std::exchange(working_, true)) return;
  tasks_.start("back-test rules", work());
}

const RuleBackTest* BackTests::result(const std::string& hash) const {
  const auto found = results_.find(hash);
  return found == results_.end() ? nullptr : &found->second;
}

Task<void> BackTests::work() {
  while (!waiting_.empty()) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    const BackTestOrder& order = next.order;
    const Result<prometheus::BackTest> test = co_await prometheus::back_test(
        next.connection->client, order.rule, to_seconds(order.window, kUsualWindow),
        to_seconds(order.interval, seconds(0)), clock_.wall_now());
    if (results_.size() >= kResultsMax) results_.clear();
    results_[order.hash] = describe_back_test(order, test, clock_.wall_now());
    known_.erase(order.hash);
    if (listener_) listener_(order.policy);
  }
  working_ = false;
}

Task<void> BackTests::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

}  // namespace clickdeploy::reconcilers
