#include "controller/reconcilers/monitoring_policy/monitoring_policy_reconciler.h"
#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

#include <vector>

namespace clickdeploy::reconcilers {
namespace {

using api::v1alpha1::MonitoringPolicy;
using api::v1alpha1::MonitoringPolicyStatus;

MonitoringPolicy policy_with_rule() {
  MonitoringPolicy policy = sample_policy();
  policy.spec.rule_groups = {{"node", "30s", {{.alert = "HighCPU", .expr = "up == 0"}}}};
  return policy;
}

prometheus::RuleGroupStatus loaded_group(const std::string& health) {
  prometheus::RuleStatus rule;
  rule.name = "HighCPU";
  rule.health = health;
  rule.firing = 2;
  if (health == "err") rule.last_error = "many-to-many matching";
  return {"shop/base/node", "/rules/clickdeploy-shop_base.yml", 30, {rule}};
}

// Applies to one Service of two that match; one rule, loaded; everything is well.
PolicyView good() {
  PolicyView view;
  view.policy = shared(policy_with_rule());
  view.matched = {"shop/api", "shop/web"};
  view.applied = {"shop/web"};
  view.agents_up_to_date = view.instances = 2;
  view.targets_desired = view.targets_up = 2;
  view.observed = true;
  view.wants_rules = true;
  view.rules = make_policy_rules(view.policy, {shared(sample_service())}, "01234567/shop/main");
  view.faults = std::vector<std::string>{""};
  view.loaded_hash = view.rules->file.spec_hash;
  view.outcome = std::make_shared<const RulesOutcome>(
      RulesOutcome{view.loaded_hash, view.loaded_hash, "", {RuleFate{}}});
  view.groups = {loaded_group("ok")};
  return view;
}

void set_outcome(PolicyView& view, const std::string& chosen, RuleFate fate,
                 const std::string& refusal = "") {
  view.outcome = std::make_shared<const RulesOutcome>(
      RulesOutcome{view.rules->file.spec_hash, chosen, refusal, {std::move(fate)}});
}

struct Situation {
  std::string name;
  void (*change)(PolicyView&);
  std::string ready;
  std::string progressing;
  std::string rules;
  std::string rule_state;
};

std::vector<Situation> situations() {
  const std::string fine = "True Succeeded";
  const std::string invalid = "False InvalidConfiguration";
  return {
      {"Good", [](PolicyView&) {}, fine, fine, fine, "Loaded"},
      {"Firing", [](PolicyView& v) { v.groups[0].rules[0].firing = 9; }, fine, fine, fine,
       "Loaded"},
      {"NotLoadedYet",
       [](PolicyView& v) {
         v.loaded_hash.clear();
         v.groups.clear();
       },
       "False Progressing", "True Progressing", "False Progressing", "Pending"},
      {"OlderVersionLoaded", [](PolicyView& v) { v.loaded_hash = "older"; }, "False Progressing",
       "True Progressing", "False Progressing", "PreviousVersionLoaded"},
      {"NotDeliveredYet",
       [](PolicyView& v) {
         v.outcome = nullptr;
         v.loaded_hash.clear();
       },
       "False Progressing", "True Progressing", "False Progressing", "Pending"},
      {"Rejected",
       [](PolicyView& v) {
         v.loaded_hash.clear();
         v.groups.clear();
         v.faults = std::vector<std::string>{"parse error"};
         set_outcome(v, "", {RuleVersion::None, "parse error", 0});
       },
       invalid, invalid, invalid, "Rejected"},
      {"RejectedWhileNothingMatches",
       [](PolicyView& v) {
         v.wants_rules = false;
         v.outcome = nullptr;
         v.loaded_hash.clear();
         v.groups.clear();
         v.faults = std::vector<std::string>{"parse error"};
       },
       invalid, invalid, invalid, "Rejected"},
      {"RejectedButThePreviousStays",
       [](PolicyView& v) {
         v.loaded_hash = "chosen";
         v.faults = std::vector<std::string>{"parse error"};
         set_outcome(v, "chosen", {RuleVersion::LastGood, "parse error", 0});
       },
       invalid, invalid, invalid, "PreviousVersionLoaded"},
      {"RefusedByPrometheus",
       [](PolicyView& v) {
         v.loaded_hash = "older";
         set_outcome(v, v.rules->file.spec_hash, {}, "Prometheus refused it at reload");
       },
       invalid, invalid, invalid, "PreviousVersionLoaded"},
      {"CannotBeEvaluated", [](PolicyView& v) { v.groups = {loaded_group("err")}; }, "False Failed",
       "False Failed", "False Failed", "Loaded"},
      {"PrometheusUnknown",
       [](PolicyView& v) {
         v.observed = false;
         v.loaded_hash.clear();
         v.observe_problem = "connect: refused";
         v.groups.clear();
       },
       "Unknown ObservationFailed", "True ObservationFailed", "Unknown ObservationFailed",
       "Pending"},
      {"NoBackend",
       [](PolicyView& v) {
         v.backend_problem = "MetricsBackend shop/main does not exist";
         v.observed = v.wants_rules = false;
         v.loaded_hash.clear();
       },
       invalid, invalid, fine, "Pending"},
      {"NothingSelected",
       [](PolicyView& v) {
         v.matched.clear();
         v.applied.clear();
         v.nearest_miss = "Service shop/web lacks the label tier";
         v.wants_rules = false;
         v.loaded_hash.clear();
         v.groups.clear();
       },
       "True NothingSelected", fine, fine, "Pending"},
      {"AgentsOld", [](PolicyView& v) { v.agents_up_to_date = 1; }, "False Progressing",
       "True Progressing", fine, "Loaded"},
      {"AgentsDiffer",
       [](PolicyView& v) {
         v.drifted = "shop/web-1";
         v.drift = api::Condition{.status = api::ConditionStatus::False,
                                  .reason = "Drifted",
                                  .message = "node-exporter version is 1.4.0 instead of 1.5.0"};
         v.drifted_count = 2;
       },
       "False Drifted", "False Drifted", fine, "Loaded"},
      {"NoPromtool",
       [](PolicyView& v) { v.faults = fail(ErrorCode::NotFound, "promtool is not installed"); },
       "Unknown TransientError", "True TransientError", "Unknown TransientError", "Loaded"},
  };
}

TEST(ReportPolicy, TellsWhichVersionsRunAndWhoDiffers) {
  PolicyView view = good();
  view.drifted = "shop/web-1";
  view.drift = api::Condition{.status = api::ConditionStatus::False,
                              .reason = "Progressing",
                              .message =
                                  "node-exporter version is 1.4.0 instead of 1.5.0: it is "
                                  "restarted over SSH"};
  view.drifted_count = 2;
  view.running["node-exporter"] = {{"", 1}, {"1.4.0", 2}, {"1.5.0", 3}};
  const MonitoringPolicyStatus status = report_policy(view, at(0));
  using Running = std::vector<api::v1alpha1::RunningVersion>;
  ASSERT_EQ(status.agents.size(), 1u);
  EXPECT_EQ(status.agents[0].name, "node-exporter");
  EXPECT_EQ(status.agents[0].version, "1.5.0");
  EXPECT_EQ(status.agents[0].running, (Running{{"1.5.0", 3}, {"1.4.0", 2}, {"", 1}}));
  EXPECT_EQ(condition_text(status.conditions, "AgentsUpToDate"), "False Progressing");
  EXPECT_EQ(condition_message(status.conditions, "AgentsUpToDate"),
            "2/2 Instances carry the policy's agents; of Instance shop/web-1 node-exporter version "
            "is 1.4.0 instead of 1.5.0: it is restarted over SSH; and 1 more Instances");
}

TEST(ReportPolicy, SaysWhatIsSoInEachSituation) {
  for (const Situation& s : situations()) {
    SCOPED_TRACE(s.name);
    PolicyView view = good();
    s.change(view);
    const MonitoringPolicyStatus status = report_policy(view, at(0));
    EXPECT_EQ(condition_text(status.conditions, "Ready"), s.ready);
    EXPECT_EQ(condition_text(status.conditions, "Progressing"), s.progressing);
    EXPECT_EQ(condition_text(status.conditions, "RulesLoaded"), s.rules);
    ASSERT_EQ(status.rules.size(), 1u);
    EXPECT_EQ(status.rules[0].state, s.rule_state);
    EXPECT_EQ(status.rules[0].ref, "node/0");
  }
}

TEST(ReportPolicy, ASecondLaterOnlyTheTimeOfTheLookIsDifferent) {
  for (const Situation& s : situations()) {
    SCOPED_TRACE(s.name);
    PolicyView view = good();
    s.change(view);
    MonitoringPolicy policy = *view.policy;
    policy.status = report_policy(view, at(0));
    view.policy = shared(policy);
    MonitoringPolicyStatus later = report_policy(view, at(1));
    EXPECT_EQ(later.last_sync_time, time_at(1));
    later.last_sync_time = policy.status.last_sync_time;
    EXPECT_EQ(later, policy.status);
  }
}

TEST(ReportPolicy, CountsServicesTargetsAndRules) {
  const MonitoringPolicyStatus status = report_policy(good(), at(0));
  EXPECT_EQ(status.services_summary, "1/2");
  EXPECT_EQ(status.targets_summary, "2/2");
  EXPECT_EQ(status.rules_summary, "1/1");
  EXPECT_EQ(status.firing, 2);
  ASSERT_EQ(status.bindings.size(), 1u);
  EXPECT_EQ(status.bindings[0], (api::v1alpha1::PolicyBinding{"shop/web", "shop/main"}));
}

TEST(ReportPolicy, ARuleIsFoundWhereItWasPut) {
  MonitoringPolicy policy = sample_policy();
  policy.spec.rule_groups = {
      {"node", "30s", {{.alert = "A", .expr = "up((("}, {.alert = "B", .expr = "up == 0"}}}};
  PolicyView view = good();
  view.policy = shared(policy);
  view.rules = make_policy_rules(view.policy, {}, "01234567/shop/main");
  view.faults = std::vector<std::string>{"parse error", ""};
  view.loaded_hash = "chosen";
  view.outcome = std::make_shared<const RulesOutcome>(
      RulesOutcome{view.rules->file.spec_hash,
                   "chosen",
                   "",
                   {{RuleVersion::None, "parse error", 0}, {RuleVersion::Wanted, "", 0}}});
  const MonitoringPolicyStatus status = report_policy(view, at(0));
  ASSERT_EQ(status.rules.size(), 2u);
  EXPECT_EQ(status.rules[0].state, "Rejected");
  EXPECT_EQ(status.rules[0].last_error, "parse error");
  EXPECT_EQ(status.rules[0].firing, 0);
  EXPECT_EQ(status.rules[1].state, "Loaded");
  EXPECT_EQ(status.rules[1].firing, 2);
  EXPECT_EQ(status.rules_summary, "1/2");
  EXPECT_NE(condition_message(status.conditions, "Accepted").find("node/0 (A): parse error"),
            std::string::npos);
}

TEST(ReportPolicy, RetentionIsComparedWithWhatIsAskedFor) {
  MonitoringPolicy policy = policy_with_rule();
  const auto retention = [&](const std::string& has) {
    PolicyView view = good();
    view.policy = shared(policy);
    view.retention = has;
    return report_policy(view, at(0)).conditions;
  };
  EXPECT_EQ(api::find_condition(retention("15d"), "RetentionSufficient"), nullptr);
  policy.spec.metrics_retention = "30d";
  EXPECT_EQ(condition_text(retention("15d"), "RetentionSufficient"), "False InvalidConfiguration");
  EXPECT_NE(condition_message(retention("15d"), "RetentionSufficient")
                .find("--storage.tsdb.retention.time=30d"),
            std::string::npos);
  EXPECT_EQ(condition_text(retention("30d or 1GiB"), "RetentionSufficient"), "True Succeeded");
  EXPECT_EQ(condition_text(retention("1GiB"), "RetentionSufficient"), "Unknown ObservationFailed");
  api::v1alpha1::SloSpec slo;
  slo.name = "availability";
  slo.window = "90d";
  policy.spec.slos = {slo};
  EXPECT_NE(condition_message(retention("30d"), "RetentionSufficient")
                .find("the SLO availability asks for 90d"),
            std::string::npos);
}

TEST(ReportPolicy, TheNearestMissIsTold) {
  PolicyView view = good();
  view.matched.clear();
  view.applied.clear();
  view.nearest_miss = "Service shop/web lacks the label tier";
  EXPECT_NE(condition_message(report_policy(view, at(0)).conditions, "Ready")
                .find("Service shop/web lacks the label tier"),
            std::string::npos);
}

TEST(ReportPolicy, WhatTheAlertWouldHaveDoneIsToldAndStopsNothing) {
  PolicyView view = good();
  view.back_tests[0] = {.hash = "1f",
                        .time = time_at(0),
                        .result = "NoSeries",
                        .message = "could not have fired: laod matched no series"};
  const MonitoringPolicyStatus status = report_policy(view, at(0));
  ASSERT_TRUE(status.rules[0].back_test);
  EXPECT_EQ(*status.rules[0].back_test, view.back_tests[0]);
  EXPECT_EQ(status.warnings, std::vector<std::string>{
                                 "node/0 (HighCPU): could not have fired: laod matched no series"});
  EXPECT_EQ(condition_text(status.conditions, "Ready"), "True Succeeded");
  EXPECT_EQ(status.rules[0].last_error, "");
  view.back_tests[0].result = "Failed";
  EXPECT_EQ(report_policy(view, at(0)).warnings, std::vector<std::string>());
}

TEST(ReportPolicy, SilencesWithoutAnAlertmanagerAreAWarning) {
  PolicyView view = good();
  MonitoringPolicy policy = policy_with_rule();
  policy.spec.silence_during_actions = true;
  view.policy = shared(policy);
  const MonitoringPolicyStatus status = report_policy(view, at(0));
  ASSERT_EQ(status.warnings.size(), 1u);
  EXPECT_NE(status.warnings[0].find("names no Alertmanager"), std::string::npos);
  EXPECT_EQ(condition_text(status.conditions, "Ready"), "True Succeeded");
  view.alertmanager = true;
  EXPECT_EQ(report_policy(view, at(0)).warnings, std::vector<std::string>());
}

}  // namespace
}  // namespace clickdeploy::reconcilers
