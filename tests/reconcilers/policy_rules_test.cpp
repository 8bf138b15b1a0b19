#include "controller/reconcilers/metrics_backend/policy_rules.h"

#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

using api::v1alpha1::MonitoringPolicy;

constexpr const char* kOwner = "01234567/shop/main";

MonitoringPolicy with_rules(std::vector<api::v1alpha1::RuleSpec> rules) {
  MonitoringPolicy policy = sample_policy();
  policy.spec.rule_groups = {{"node", "30s", std::move(rules)}};
  return policy;
}

std::shared_ptr<const PolicyRules> rules_of(const MonitoringPolicy& policy) {
  return make_policy_rules(shared(policy), {shared(sample_service())}, kOwner);
}

std::string refs_of(const PolicyRules& rules) {
  std::string refs;
  for (const RuleEntry& entry : rules.entries) refs += (refs.empty() ? "" : " ") + entry.ref;
  return refs;
}

TEST(PolicyRules, AreBoundToTheServicesUnlessThePolicySaysOtherwise) {
  MonitoringPolicy policy =
      with_rules({{.alert = "A", .expr = "up == 0"}, {.record = "a:b", .expr = "sum(up)"}});
  auto rules = rules_of(policy);
  EXPECT_EQ(rules->groups[0].rules[0].expr, R"(up{service_id="service-uid"} == 0)");
  EXPECT_EQ(rules->groups[0].rules[1].labels.at("click_deploy_policy"), "shop/base");
  EXPECT_EQ(rules->faults, (std::vector<std::string>{"", ""}));
  policy.spec.scope_to_services = false;
  rules = rules_of(policy);
  EXPECT_EQ(rules->groups[0].rules[0].expr, "up == 0");
  EXPECT_TRUE(rules->groups[0].rules[1].labels.empty());
}

TEST(PolicyRules, WhatCannotBeBoundIsAFaultOfThatRule) {
  const auto rules = rules_of(with_rules(
      {{.alert = "A", .expr = "sum(up"},
       {.alert = "B", .expr = "up == 0", .annotations = {{"summary", R"({{ query "up" }})"}}},
       {.alert = "C", .expr = "up == 0"}}));
  EXPECT_NE(rules->faults[0].find("unclosed left parenthesis"), std::string::npos);
  EXPECT_NE(rules->faults[1].find("template function query"), std::string::npos);
  EXPECT_EQ(rules->faults[2], "");
}

TEST(PolicyRules, AlertsHaveThePolicysLabelsAndTheirOwnWin) {
  MonitoringPolicy policy =
      with_rules({{.alert = "A", .expr = "up == 0", .labels = {{"team", "db"}}},
                  {.record = "r", .expr = "up"}});
  policy.spec.alert_labels = {{"team", "web"}, {"tier", "1"}};
  policy.spec.default_alerts["instanceDown"] = {};
  const auto rules = rules_of(policy);
  EXPECT_EQ(rules->groups[0].rules[0].labels, (prometheus::Labels{{"team", "db"}, {"tier", "1"}}));
  EXPECT_FALSE(rules->groups[0].rules[1].labels.contains("team"));
  EXPECT_EQ(rules->groups[1].rules[0].labels.at("team"), "web");
  policy.spec.alert_labels = {{"team", R"({{ query "up" }})"}};
  EXPECT_EQ(rules_of(policy)->faults[1], "");  // of the recording rule
  EXPECT_NE(rules_of(policy)->faults.back().find("spec.alerting"), std::string::npos);
}

TEST(PolicyRules, DefaultAlertsAreThoseThatAreNamed) {
  MonitoringPolicy policy = sample_policy();
  EXPECT_TRUE(rules_of(policy)->entries.empty());
  policy.spec.default_alerts["instanceDown"] = {.for_duration = "7m", .severity = "ticket"};
  policy.spec.default_alerts["targetMissing"] = {};
  policy.spec.default_alerts["diskFull"] = {.enabled = false};
  policy.spec.inhibit_during_actions = true;
  const auto rules = rules_of(policy);
  EXPECT_EQ(refs_of(*rules),
            "defaultAlerts/instanceDown defaultAlerts/targetMissing/0 "
            "alerting/inhibitDuringActions");
  ASSERT_EQ(rules->groups.size(), 1u);
  EXPECT_EQ(rules->groups[0].name, "shop/base/default/alerts");
  EXPECT_EQ(rules->groups[0].rules[0].for_duration, "7m");
  EXPECT_EQ(rules->groups[0].rules[0].labels.at("severity"), "ticket");
  for (const prometheus::Rule& rule : rules->groups[0].rules) {
    EXPECT_NE(rule.expr.find("service-uid"), std::string::npos) << rule.expr;
  }
}

TEST(PolicyRules, AServiceWithoutReplicasHasNoMissingTargets) {
  MonitoringPolicy policy = sample_policy();
  policy.spec.default_alerts["targetMissing"] = {};
  api::v1alpha1::Service service = sample_service();
  service.spec.replicas = 0;
  EXPECT_TRUE(make_policy_rules(shared(policy), {shared(service)}, kOwner)->entries.empty());
  service.spec.replicas = 1;
  EXPECT_EQ(make_policy_rules(shared(policy), {shared(service)}, kOwner)->entries.size(), 1u);
}

TEST(PolicyRules, SlosAreGroupsOfTheirOwn) {
  MonitoringPolicy policy = sample_policy();
  api::v1alpha1::SloSpec slo;
  slo.name = "availability";
  slo.objective = "99.9";
  slo.errors = R"(http_requests_total{code=~"5.."})";
  slo.total = "http_requests_total";
  slo.ticket.enabled = false;
  policy.spec.slos = {slo};
  auto rules = rules_of(policy);
  ASSERT_EQ(rules->groups.size(), 1u);
  EXPECT_EQ(rules->groups[0].name, "shop/base/slo/availability");
  EXPECT_EQ(rules->entries.back().name, "SLOBudgetBurnsFast");
  EXPECT_NE(rules->groups[0].rules[0].expr.find(R"(http_requests_total{service_id="service-uid"})"),
            std::string::npos);
  policy.spec.slos[0].total = "sum(http_requests_total)";
  rules = rules_of(policy);
  ASSERT_EQ(rules->faults.size(), 1u);
  EXPECT_NE(rules->faults[0].find("indicator.ratio.total: must be a vector selector"),
            std::string::npos);
}

TEST(PolicyRules, AreMadeOnceForTheSameObjects) {
  const auto policy = shared(with_rules({{.alert = "A", .expr = "up == 0"}}));
  const auto service = shared(sample_service());
  const auto first = make_policy_rules(policy, {service}, kOwner);
  EXPECT_EQ(make_policy_rules(policy, {service}, kOwner), first);
  MonitoringPolicy reported = *policy;
  reported.status.firing = 3;
  EXPECT_EQ(make_policy_rules(shared(reported), {service}, kOwner), first);
  reported.spec.rule_groups[0].rules[0].expr = "up == 1";
  EXPECT_NE(make_policy_rules(shared(reported), {service}, kOwner)->file, first->file);
  EXPECT_NE(make_policy_rules(shared(reported), {}, kOwner)->file, first->file);
}

TEST(PolicyRules, TestsAreOfTheRulesAsTheyAreWritten) {
  MonitoringPolicy policy = with_rules({{.alert = "A", .expr = "up == 0"}});
  api::v1alpha1::RuleTestSpec test;
  test.name = "fires";
  test.input_series = {{"up", "0x5"}};
  test.alerts = {{"A", "2m", {{}}}};
  policy.spec.rule_tests = {test};
  const auto rules = rules_of(policy);
  EXPECT_EQ(rules->tested[0].rules[0].expr, "up == 0");
  EXPECT_EQ(rules->tests[0]["alert_rule_test"][0]["alertname"], Json("A"));
  EXPECT_EQ(rules->tests[0]["alert_rule_test"][0]["exp_alerts"].size(), 1u);
}

}  // namespace
}  // namespace clickdeploy::reconcilers
