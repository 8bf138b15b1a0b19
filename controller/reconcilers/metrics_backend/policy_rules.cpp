#include "controller/reconcilers/metrics_backend/policy_rules.h"

#include "controller/base/text.h"
#include "controller/prometheus/default_alerts.h"
#include "controller/prometheus/promql_lint.h"
#include "controller/prometheus/promql_scope.h"
#include "controller/prometheus/publisher.h"
#include "controller/prometheus/slo.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace clickdeploy::reconcilers {

using api::v1alpha1::MonitoringPolicy;
using api::v1alpha1::Service;
using prometheus::Rule;
using prometheus::RuleGroup;

namespace {

using Services = std::vector<std::shared_ptr<const Service>>;

Rule as_written(const api::v1alpha1::RuleSpec& spec, const MonitoringPolicy& policy) {
  Rule rule;
  rule.record = spec.record;
  rule.alert = spec.alert;
  rule.expr = spec.expr;
  rule.for_duration = spec.for_duration;
  rule.labels = spec.labels;
  if (!spec.alert.empty()) {
    rule.labels.insert(policy.spec.alert_labels.begin(), policy.spec.alert_labels.end());
  }
  rule.annotations = spec.annotations;
  return rule;
}

std::string prefix_of(const MonitoringPolicy& policy) {
  return policy.metadata.namespace_name + "/" + policy.metadata.name + "/";
}

prometheus::Scope scope_of(const MonitoringPolicy& policy, const Services& services) {
  prometheus::Scope scope;
  scope.policy = policy.metadata.key().text();
  for (const auto& service : services) scope.service_ids.push_back(service->metadata.uid);
  std::ranges::sort(scope.service_ids);
  for (const auto& group : policy.spec.rule_groups) {
    for (const auto& rule : group.rules) {
      if (!rule.record.empty()) scope.records.insert(rule.record);
    }
  }
  return scope;
}

void lint(const Rule& rule, const std::string& ref, const MonitoringPolicy& policy,
          const prometheus::Scope& scope, PolicyRules& rules) {
  constexpr std::size_t kMost = 50;
  constexpr std::chrono::seconds kUsual(30);
  const auto interval = parse_prometheus_duration(policy.spec.scrape.interval).value_or(kUsual);
  for (const std::string& warning :
       prometheus::lint_rule(rule, interval, policy.spec.scope_to_services ? &scope : nullptr)) {
    if (rules.warnings.size() >= kMost) return;
    const std::string& name = rule.alert.empty() ? rule.record : rule.alert;
    rules.warnings.push_back(fmt::format("{} ({}): {}", ref, name, warning));
  }
}

void add_written(const MonitoringPolicy& policy, const prometheus::Scope& scope,
                 PolicyRules& rules) {
  for (const auto& group : policy.spec.rule_groups) {
    RuleGroup made{.name = prefix_of(policy) + group.name, .interval = group.interval, .rules = {}};
    RuleGroup tested{.name = group.name, .interval = group.interval, .rules = {}};
    for (std::size_t i = 0; i < group.rules.size(); ++i) {
      Rule rule = as_written(group.rules[i], policy);
      std::string fault;
      tested.rules.push_back(rule);
      lint(rule, fmt::format("{}/{}", group.name, i), policy, scope, rules);
      if (policy.spec.scope_to_services) {
        Result<Rule> scoped = prometheus::scope_rule(rule, scope);
        if (scoped) {
          rule = *std::move(scoped);
        } else {
          fault = scoped.error().message();
        }
      }
      rules.entries.push_back({fmt::format("{}/{}", group.name, i),
                               rule.alert.empty() ? rule.record : rule.alert, made.name});
      rules.faults.push_back(std::move(fault));
      made.rules.push_back(std::move(rule));
    }
    rules.groups.push_back(std::move(made));
    rules.tested.push_back(std::move(tested));
  }
}

Json to_object(const std::map<std::string, std::string>& labels) {
  Json object = Json::object();
  for (const auto& [name, value] : labels) object.set(name, value);
  return object;
}

Json alert_test(const api::v1alpha1::RuleTestAlerts& alerts) {
  Json expected = Json::array();
  for (const auto& alert : alerts.expect) {
    expected.push_back(Json::object({{"exp_labels", to_object(alert.labels)},
                                     {"exp_annotations", to_object(alert.annotations)}}));
  }
  return Json::object({{"alertname", alerts.alert},
                       {"eval_time", alerts.eval_time},
                       {"exp_alerts", std::move(expected)}});
}

Json expression_test(const api::v1alpha1::RuleTestExpression& expression) {
  Json expected = Json::array();
  for (const auto& sample : expression.expect) {
    expected.push_back(Json::object({{"labels", sample.series}, {"value", sample.value}}));
  }
  return Json::object({{"expr", expression.expr},
                       {"eval_time", expression.eval_time},
                       {"exp_samples", std::move(expected)}});
}

Json tests_of(const MonitoringPolicy& policy) {
  Json tests = Json::array();
  for (const auto& spec : policy.spec.rule_tests) {
    Json series = Json::array();
    for (const auto& one : spec.input_series) {
      series.push_back(Json::object({{"series", one.series}, {"values", one.values}}));
    }
    Json alerts = Json::array();
    for (const auto& one : spec.alerts) alerts.push_back(alert_test(one));
    Json expressions = Json::array();
    for (const auto& one : spec.expressions) expressions.push_back(expression_test(one));
    tests.push_back(Json::object({{"name", spec.name},
                                  {"interval", spec.interval},
                                  {"input_series", std::move(series)},
                                  {"alert_rule_test", std::move(alerts)},
                                  {"promql_expr_test", std::move(expressions)}}));
  }
  return tests;
}

// A group of rules that we wrote ourselves: bound to the Services whatever the policy says. Those
// for which `bind` is false are so already.
class MadeGroup {
 public:
  MadeGroup(const MonitoringPolicy& policy, const prometheus::Scope& scope, std::string name,
            PolicyRules& rules)
      : policy_(policy), scope_(scope), rules_(rules) {
    group_.name = prefix_of(policy) + std::move(name);
    // What the policy adds to every alert is not ours.
    Rule labelled;
    labelled.alert = "labels";
    labelled.expr = "vector(1)";
    labelled.labels = policy.spec.alert_labels;
    Result<Rule> checked = prometheus::scope_rule(labelled, scope);
    if (!checked) label_fault_ = "spec.alerting." + checked.error().message();
  }

  void add(Rule rule, std::string ref, bool bind) {
    std::string fault;
    if (bind) {
      Result<Rule> scoped = prometheus::scope_rule(rule, scope_);
      if (scoped) {
        rule = *std::move(scoped);
      } else {
        fault = scoped.error().message();
      }
    }
    if (!rule.alert.empty()) {
      if (fault.empty()) fault = label_fault_;
      rule.labels.insert(policy_.spec.alert_labels.begin(), policy_.spec.alert_labels.end());
    }
    rules_.entries.push_back(
        {std::move(ref), rule.alert.empty() ? rule.record : rule.alert, group_.name});
    rules_.faults.push_back(std::move(fault));
    group_.rules.push_back(std::move(rule));
  }

  // A rule that cannot be made.
  void add_fault(std::string name, std::string ref, std::string fault) {
    Rule rule;
    rule.alert = name;
    rules_.entries.push_back({std::move(ref), std::move(name), group_.name});
    rules_.faults.push_back(std::move(fault));
    group_.rules.push_back(std::move(rule));
  }

  void finish() {
    if (!group_.rules.empty()) rules_.groups.push_back(std::move(group_));
  }

 private:
  const MonitoringPolicy& policy_;
  const prometheus::Scope& scope_;
  PolicyRules& rules_;
  RuleGroup group_;
  std::string label_fault_;
};

prometheus::AlertedFleet fleet_of(const MonitoringPolicy& policy, const Services& services) {
  prometheus::AlertedFleet fleet;
  for (const auto& service : services) {
    fleet.services.push_back(
        {service->metadata.uid, service->spec.project_id, service->metadata.namespace_name,
         service->metadata.name,
         service->spec.replicas > 0 && !service->spec.paused && !service->metadata.is_deleting()});
  }
  std::ranges::sort(fleet.services, {}, [](const prometheus::AlertedService& service) {
    return std::pair(service.namespace_name, service.name);
  });
  for (const auto& agent : policy.spec.agents) fleet.agents.push_back(agent.name);
  return fleet;
}

void add_default_alerts(const MonitoringPolicy& policy, const prometheus::Scope& scope,
                        const prometheus::AlertedFleet& fleet, PolicyRules& rules) {
  // A series that the policy records under a name such as `up` is not what these ask for.
  prometheus::Scope bare = scope;
  bare.records.clear();
  MadeGroup group(policy, bare, "default/alerts", rules);
  for (const auto& [key, spec] : policy.spec.default_alerts) {
    if (!spec.enabled) continue;
    // A matcher of no agent at all would be one of any.
    const bool of_agents = key == "agentMemory" || key == "agentRestarting";
    if (of_agents && fleet.agents.empty()) continue;
    std::vector<Rule> made = prometheus::default_alert_rules(
        key, {spec.for_duration, spec.severity, spec.threshold}, fleet);
    const bool of_one = key == "targetMissing";
    for (std::size_t i = 0; i < made.size(); ++i) {
      std::string ref = "defaultAlerts/" + key;
      if (of_one) ref += fmt::format("/{}", i);
      group.add(std::move(made[i]), std::move(ref), !of_one);
    }
  }
  if (policy.spec.inhibit_during_actions) {
    group.add(prometheus::expected_down_rule(), "alerting/inhibitDuringActions", true);
  }
  group.finish();
}

Result<std::string> bound_selector(const std::string& text, const std::string& field,
                                   const prometheus::Scope& scope) {
  Result<std::string> selector = prometheus::check_slo_selector(text);
  if (!selector) return std::unexpected(std::move(selector).error().with_context(field));
  Rule rule;
  rule.alert = field;
  rule.expr = *std::move(selector);
  Result<Rule> scoped = prometheus::scope_rule(rule, scope);
  if (!scoped) return std::unexpected(std::move(scoped).error().with_context(field));
  return scoped->expr;
}

Result<std::vector<Rule>> slo_rules_of(const api::v1alpha1::SloSpec& spec,
                                       const prometheus::Scope& scope) {
  Result<std::string> errors = bound_selector(spec.errors, "indicator.ratio.errors", scope);
  if (!errors) return std::unexpected(std::move(errors).error());
  Result<std::string> total = bound_selector(spec.total, "indicator.ratio.total", scope);
  if (!total) return std::unexpected(std::move(total).error());
  const auto severity = [](const api::v1alpha1::SloAlertSpec& alert, const char* own) {
    if (!alert.enabled) return std::string();
    return alert.severity.empty() ? std::string(own) : alert.severity;
  };
  prometheus::Slo slo;
  slo.name = spec.name;
  slo.objective = spec.objective;
  slo.window = spec.window;
  slo.errors = *std::move(errors);
  slo.total = *std::move(total);
  slo.page_severity = severity(spec.page, "page");
  slo.ticket_severity = severity(spec.ticket, "ticket");
  slo.no_traffic_is_good = spec.zero_traffic == "CountAsGood";
  slo.minimum_requests = spec.minimum_requests;
  return prometheus::slo_rules(slo, scope.policy);
}

void add_slos(const MonitoringPolicy& policy, const prometheus::Scope& scope, PolicyRules& rules) {
  for (const auto& spec : policy.spec.slos) {
    MadeGroup group(policy, scope, "slo/" + spec.name, rules);
    Result<std::vector<Rule>> made = slo_rules_of(spec, scope);
    if (!made) {
      group.add_fault(spec.name, fmt::format("slos/{}/0", spec.name), made.error().message());
    } else {
      for (std::size_t i = 0; i < made->size(); ++i) {
        group.add(std::move((*made)[i]), fmt::format("slos/{}/{}", spec.name, i), false);
      }
    }
    group.finish();
  }
}

std::shared_ptr<const PolicyRules> make(const MonitoringPolicy& policy, const Services& services,
                                        const prometheus::AlertedFleet& fleet,
                                        const std::string& owner) {
  auto rules = std::make_shared<PolicyRules>();
  rules->policy = policy.metadata.key();
  rules->file_name = rule_file_name(rules->policy);
  const prometheus::Scope scope = scope_of(policy, services);
  add_written(policy, scope, *rules);
  add_default_alerts(policy, scope, fleet, *rules);
  add_slos(policy, scope, *rules);
  rules->tests = tests_of(policy);
  rules->file = prometheus::render_rule_file(rules->file_name, owner, rules->groups);
  rules->digest = sha256_hex(rules->file.spec_hash + "\n" + join(rules->faults, "\n") + "\n" +
                             to_json(rules->tests));
  return rules;
}

}  // namespace

std::string rule_file_name(const api::ObjectKey& policy) {
  return std::string(prometheus::kOwnedPrefix) + policy.namespace_name + "_" + policy.name + ".yml";
}

std::shared_ptr<const PolicyRules> make_policy_rules(std::shared_ptr<const MonitoringPolicy> policy,
                                                     const Services& services,
                                                     const std::string& owner) {
  struct Made {
    std::shared_ptr<const MonitoringPolicy> policy;
    std::vector<prometheus::AlertedService> services;
    std::shared_ptr<const PolicyRules> rules;
  };
  constexpr std::size_t kKept = 100;
  thread_local std::map<std::pair<std::string, api::ObjectKey>, Made> kept;
  prometheus::AlertedFleet fleet = fleet_of(*policy, services);
  const std::pair key(owner, policy->metadata.key());
  auto found = kept.find(key);
  // The status of a policy is written often; its rules are of the spec alone.
  if (found != kept.end() && found->second.services == fleet.services &&
      (found->second.policy == policy || found->second.policy->spec == policy->spec)) {
    return found->second.rules;
  }
  if (kept.size() >= kKept) kept.clear();
  std::shared_ptr<const PolicyRules> rules = make(*policy, services, fleet, owner);
  kept.insert_or_assign(key, Made{std::move(policy), std::move(fleet.services), rules});
  return rules;
}

}  // namespace clickdeploy::reconcilers
