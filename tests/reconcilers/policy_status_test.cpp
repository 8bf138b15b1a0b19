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
  view.loaded = true;
  view.groups = {loaded_group("ok")};
  return view;
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
         v.loaded = false;
         v.groups.clear();
       },
       "False Progressing", "True Progressing", "False Progressing", "Pending"},
      {"OlderVersionLoaded",
       [](PolicyView& v) {
         v.loaded = false;
         v.previous_loaded = true;
       },
       "False Progressing", "True Progressing", "False Progressing", "PreviousVersionLoaded"},
      {"Rejected",
       [](PolicyView& v) {
         v.loaded = false;
         v.groups.clear();
         v.verdict = fail(ErrorCode::InvalidArgument, "parse error");
       },
       invalid, invalid, invalid, "Rejected"},
      {"RejectedButThePreviousStays",
       [](PolicyView& v) {
         v.loaded = false;
         v.previous_loaded = true;
         v.verdict = fail(ErrorCode::InvalidArgument, "parse error");
       },
       invalid, invalid, invalid, "PreviousVersionLoaded"},
      {"CannotBeEvaluated", [](PolicyView& v) { v.groups = {loaded_group("err")}; }, "False Failed",
       "False Failed", "False Failed", "Loaded"},
      {"PrometheusUnknown",
       [](PolicyView& v) {
         v.observed = v.loaded = false;
         v.observe_problem = "connect: refused";
         v.groups.clear();
       },
       "Unknown ObservationFailed", "True ObservationFailed", "Unknown ObservationFailed",
       "Pending"},
      {"NoBackend",
       [](PolicyView& v) {
         v.backend_problem = "MetricsBackend shop/main does not exist";
         v.observed = v.loaded = v.wants_rules = false;
       },
       invalid, invalid, fine, "Pending"},
      {"NothingSelected",
       [](PolicyView& v) {
         v.matched.clear();
         v.applied.clear();
         v.nearest_miss = "Service shop/web lacks the label tier";
         v.wants_rules = v.loaded = false;
         v.groups.clear();
       },
       "True NothingSelected", fine, fine, "Pending"},
      {"AgentsOld", [](PolicyView& v) { v.agents_up_to_date = 1; }, "False Progressing",
       "True Progressing", fine, "Loaded"},
      {"NoPromtool",
       [](PolicyView& v) { v.verdict = fail(ErrorCode::NotFound, "promtool is not installed"); },
       "Unknown TransientError", "True TransientError", "Unknown TransientError", "Loaded"},
  };
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

TEST(ReportPolicy, TheNearestMissIsTold) {
  PolicyView view = good();
  view.matched.clear();
  view.applied.clear();
  view.nearest_miss = "Service shop/web lacks the label tier";
  EXPECT_NE(condition_message(report_policy(view, at(0)).conditions, "Ready")
                .find("Service shop/web lacks the label tier"),
            std::string::npos);
}

}  // namespace
}  // namespace clickdeploy::reconcilers
