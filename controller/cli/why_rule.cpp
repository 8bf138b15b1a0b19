#include "controller/cli/why_links_internal.h"

#include <fmt/format.h>

namespace clickdeploy::cli {

using api::v1alpha1::MonitoringPolicy;
using api::v1alpha1::PolicyRuleStatus;

namespace {

constexpr const char* kWait = "wait a moment; if it stays so, is clickdeployd running?";

Link accepted_link(const MonitoringPolicy& policy, const PolicyRuleStatus& rule) {
  constexpr const char* kName = "accepted";
  if (policy.status.observed_generation < policy.metadata.generation) {
    return unknown_link(kName, "", "the controller has not seen the newest spec yet", kWait);
  }
  const bool refused = rule.state == "Rejected" || rule.state == "PreviousVersionLoaded";
  if (refused && !rule.last_error.empty()) {
    return broken_link(
        kName, rule.state, rule.last_error,
        "correct the rule in spec.rules of MonitoringPolicy " + policy.metadata.key().text());
  }
  return good_link(kName, "promtool takes it");
}

Link carried_link(const MonitoringPolicy& policy) {
  if (policy.status.services.applied > 0) {
    return good_link("services selected", policy.status.services_summary + " Services carry it");
  }
  return broken_link("services selected", "NothingSelected",
                     "the policy applies to no Service, so its rules are not loaded",
                     why_command("monitoringpolicy", policy.metadata.key()));
}

Link loaded_link(const PolicyRuleStatus& rule) {
  if (rule.state == "Loaded") return good_link("loaded", "Prometheus shows this version");
  if (rule.state == "Pending") {
    return unknown_link("loaded", rule.state, "Prometheus does not show it yet", kWait);
  }
  return broken_link("loaded", rule.state,
                     rule.state == "Rejected" ? "Prometheus has no version of it"
                                              : "Prometheus has the last good version of it",
                     "see the links above");
}

Link healthy_link(const PolicyRuleStatus& rule) {
  std::string when;
  if (!rule.last_evaluation.empty()) {
    when = fmt::format("; evaluated at {}, in {:.3f}s", rule.last_evaluation,
                       rule.last_evaluation_seconds);
  }
  if (rule.health == "ok") return good_link("healthy", "its evaluation succeeds" + when);
  if (rule.health == "err") {
    return broken_link("healthy", "Failed", rule.last_error + when, "correct the expression");
  }
  return unknown_link("healthy", "", "it was not evaluated yet", kWait);
}

Link firing_link(const PolicyRuleStatus& rule) {
  if (rule.firing == 0) return good_link("firing", "no alert of it fires");
  return good_link("firing", fmt::format("{} of it {}, see: clickctl alerts -A",
                                         rule.firing == 1 ? std::string("1 alert")
                                                          : fmt::format("{} alerts", rule.firing),
                                         rule.firing == 1 ? "fires" : "fire"));
}

// The past breaks nothing, but for an alert that nothing can ever set off.
Link back_test_link(const PolicyRuleStatus& rule) {
  constexpr const char* kName = "back-test";
  const auto& test = *rule.back_test;
  if (test.result == "NoSeries") {
    return broken_link(kName, test.result, test.message,
                       "is the name of the metric right, and does a target of these Services have "
                       "it?");
  }
  if (test.result == "Failed") {
    return unknown_link(kName, test.result, test.message, "it is tried again in ten minutes");
  }
  return good_link(kName, test.message);
}

}  // namespace

Chain explain_rule(const RuleFacts& facts) {
  const std::optional<MonitoringPolicy> policy = facts.policy;
  const PolicyRuleStatus& rule = facts.rule;
  Chain chain;
  chain.title = fmt::format("rule {} ({}) of {}", rule.name, rule.ref,
                            title_of("monitoringpolicy", policy->metadata));
  chain.links.push_back(accepted_link(*policy, rule));
  chain.links.push_back(carried_link(*policy));
  chain.links.push_back(backend_link("backend reached", policy, facts.backend, "Reachable"));
  chain.links.push_back(backend_link("file written", policy, facts.backend, "OwnershipHeld"));
  chain.links.push_back(backend_link("reloaded", policy, facts.backend, "ReloadSucceeded"));
  chain.links.push_back(loaded_link(rule));
  chain.links.push_back(healthy_link(rule));
  chain.links.push_back(firing_link(rule));
  if (rule.back_test) chain.links.push_back(back_test_link(rule));
  return chain;
}

}  // namespace clickdeploy::cli
