// Which waits are counted, and from when to when.

#include "controller/app/chain_times.h"

#include "tests/testing/manual_clock.h"

#include <gtest/gtest.h>

#include <optional>

namespace clickdeploy::app {
namespace {

using api::Condition;
using api::ConditionStatus;
using api::v1alpha1::Instance;
using api::v1alpha1::MonitoringPolicy;
using std::chrono::milliseconds;
using std::chrono::seconds;

class ChainTimesTest : public ::testing::Test {
 protected:
  // The object changes so, after so long.
  template <class Change>
  void instance_after(milliseconds wait, Change change) {
    step(instance_, wait, change);
  }
  template <class Change>
  void policy_after(milliseconds wait, Change change) {
    step(policy_, wait, change);
  }

  void boots(const std::string& server, milliseconds wait = milliseconds(0)) {
    instance_after(wait, [&](Instance& instance) {
      instance.status.server.id = server;
      instance.status.booted_at = "2026-11-22T10:00:00Z";
      tell(instance, "TargetScraped", ConditionStatus::False);
    });
  }
  void is_scraped(milliseconds wait, ConditionStatus status = ConditionStatus::True) {
    instance_after(wait, [&](Instance& i) { tell(i, "TargetScraped", status); });
  }
  // Another version of the rules, which Prometheus does not have yet.
  void rules_change(milliseconds wait = milliseconds(0)) {
    policy_after(wait, [&](MonitoringPolicy& policy) {
      policy.spec.alert_labels["version"] = std::to_string(++policy.metadata.generation);
    });
  }
  void rules_are_told(milliseconds wait, ConditionStatus status, const std::string& state) {
    policy_after(wait, [&](MonitoringPolicy& policy) {
      policy.status.rules = {{.ref = "node/0", .state = state}};
      tell(policy, "RulesLoaded", status);
    });
  }

  template <class Object>
  static void tell(Object& object, const char* type, ConditionStatus status,
                   const char* reason = "") {
    api::set_condition(object.status.conditions,
                       {.type = type,
                        .status = status,
                        .reason = reason,
                        .observed_generation = object.metadata.generation},
                       "2026-11-22T10:00:00Z");
  }

  template <class Object, class Change>
  void step(std::optional<Object>& object, milliseconds wait, Change change) {
    clock_.advance(wait);
    const std::optional<Object> before = object;
    if (!object) object.emplace();
    change(*object);
    times_.look({"demo", "one"}, before ? &*before : nullptr, &*object);
  }

  testing::ManualClock clock_;
  ChainTimes times_{clock_};
  std::optional<Instance> instance_;
  std::optional<MonitoringPolicy> policy_;
};

TEST_F(ChainTimesTest, DurationsAreAHistogram) {
  Durations durations;
  durations.add(milliseconds(2'500));
  durations.add(milliseconds(2'501));
  durations.add(std::chrono::hours(2));
  EXPECT_EQ(durations.at_most[0], 0u);
  EXPECT_EQ(durations.at_most[1], 1u);
  EXPECT_EQ(durations.at_most[2], 2u);
  EXPECT_EQ(durations.at_most.back(), 2u);
  EXPECT_EQ(durations.count, 3u);
  EXPECT_DOUBLE_EQ(durations.sum_seconds, 7'205.001);
}

TEST_F(ChainTimesTest, AServerIsCountedFromItsStartToItsFirstScrape) {
  instance_after(seconds(0), [](Instance&) {});
  boots("server-1", seconds(50));
  is_scraped(seconds(8), ConditionStatus::Unknown);
  is_scraped(seconds(4));
  EXPECT_EQ(times_.first_scrapes().count, 1u);
  EXPECT_DOUBLE_EQ(times_.first_scrapes().sum_seconds, 12);
  // It breaks and is mended: the chain was proven before.
  is_scraped(seconds(60), ConditionStatus::False);
  is_scraped(seconds(60));
  EXPECT_EQ(times_.first_scrapes().count, 1u);
}

TEST_F(ChainTimesTest, EachServerOfAnInstanceHasItsOwnTime) {
  instance_after(seconds(0), [](Instance&) {});
  boots("server-1");
  // It is replaced before it is ever scraped.
  instance_after(seconds(600), [](Instance& instance) {
    instance.status.server.id.clear();
    instance.status.booted_at.clear();
  });
  boots("server-2", seconds(30));
  is_scraped(seconds(7));
  EXPECT_EQ(times_.first_scrapes().count, 1u);
  EXPECT_DOUBLE_EQ(times_.first_scrapes().sum_seconds, 7);
}

TEST_F(ChainTimesTest, WhatNobodySawBeginIsNotCounted) {
  boots("server-1");  // the first look after a restart
  is_scraped(seconds(7));
  EXPECT_EQ(times_.first_scrapes().count, 0u);
}

TEST_F(ChainTimesTest, WhatWasAdoptedOrHadNoAgentsIsNotCounted) {
  instance_after(seconds(0), [](Instance& instance) { instance.status.adopted = true; });
  boots("server-1");
  is_scraped(seconds(7));
  EXPECT_EQ(times_.first_scrapes().count, 0u);

  instance_.reset();
  instance_after(seconds(0), [](Instance&) {});
  boots("server-2");
  instance_after(seconds(1), [](Instance& instance) {
    tell(instance, "TargetScraped", ConditionStatus::False, "NoAgents");
  });
  is_scraped(seconds(9'000));
  EXPECT_EQ(times_.first_scrapes().count, 0u);
}

TEST_F(ChainTimesTest, ADeletedObjectWaitsNoMore) {
  instance_after(seconds(0), [](Instance&) {});
  boots("server-1");
  instance_after(seconds(1), [](Instance& instance) {
    instance.metadata.deletion_timestamp = "2026-11-22T10:00:00Z";
  });
  is_scraped(seconds(1));
  EXPECT_EQ(times_.first_scrapes().count, 0u);

  rules_change();
  times_.look({"demo", "one"}, &*policy_, nullptr);
  rules_are_told(seconds(3), ConditionStatus::True, "Loaded");
  EXPECT_EQ(times_.rule_loads().count, 0u);
}

TEST_F(ChainTimesTest, RulesAreCountedFromTheChangeToTheLoadedVersion) {
  rules_change();
  rules_are_told(seconds(2), ConditionStatus::False, "Pending");
  rules_are_told(seconds(3), ConditionStatus::True, "Loaded");
  EXPECT_EQ(times_.rule_loads().count, 1u);
  EXPECT_DOUBLE_EQ(times_.rule_loads().sum_seconds, 5);

  // What is told of the version before says nothing.
  rules_change(seconds(100));
  policy_after(seconds(1), [](MonitoringPolicy& policy) { policy.status.targets_summary = "1/1"; });
  EXPECT_EQ(times_.rule_loads().count, 1u);
  // A change of something else meanwhile does not begin it anew.
  policy_after(seconds(1), [](MonitoringPolicy& policy) {
    ++policy.metadata.generation;
    policy.spec.scrape.interval = "5s";
  });
  rules_are_told(seconds(1), ConditionStatus::True, "Loaded");
  EXPECT_EQ(times_.rule_loads().count, 2u);
  EXPECT_DOUBLE_EQ(times_.rule_loads().sum_seconds, 8);
}

TEST_F(ChainTimesTest, ACorrectionBeginsAnew) {
  rules_change();
  rules_are_told(seconds(2), ConditionStatus::False, "Rejected");
  rules_change(seconds(500));
  rules_are_told(seconds(4), ConditionStatus::True, "Loaded");
  EXPECT_EQ(times_.rule_loads().count, 1u);
  EXPECT_DOUBLE_EQ(times_.rule_loads().sum_seconds, 4);
}

TEST_F(ChainTimesTest, RulesThatNobodyNeedsOrThatWereThereAreNotCounted) {
  rules_change();
  rules_are_told(seconds(2), ConditionStatus::True, "Pending");  // no Service is selected
  rules_are_told(seconds(90), ConditionStatus::True, "Loaded");  // one is
  EXPECT_EQ(times_.rule_loads().count, 0u);

  policy_.reset();
  rules_are_told(seconds(2), ConditionStatus::False, "Pending");  // the first look after a restart
  rules_are_told(seconds(2), ConditionStatus::True, "Loaded");
  EXPECT_EQ(times_.rule_loads().count, 0u);
}

}  // namespace
}  // namespace clickdeploy::app
