#include "controller/reconcilers/monitoring_policy/monitoring_policy_reconciler.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::ConditionStatus;
using api::v1alpha1::MonitoringPolicyStatus;
using api::v1alpha1::PolicyRuleStatus;

namespace {

std::string of(std::int64_t part, std::int64_t all) {
  return std::to_string(part) + "/" + std::to_string(all);
}

class Reporter {
 public:
  Reporter(const PolicyView& view, WallTime now)
      : view_(view), status_(view.policy->status), now_(format_time(now)) {}

  MonitoringPolicyStatus report() {
    status_.observed_generation = view_.policy->metadata.generation;
    status_.last_sync_time = now_;
    status_.services = {static_cast<std::int64_t>(view_.matched.size()),
                        static_cast<std::int64_t>(view_.applied.size())};
    status_.services_summary = of(status_.services.applied, status_.services.matched);
    status_.targets = {view_.targets_desired, view_.targets_up};
    status_.targets_summary = of(view_.targets_up, view_.targets_desired);
    status_.bindings.clear();
    const std::string backend =
        view_.policy->spec.backend_ref.key(view_.policy->metadata.namespace_name).text();
    for (const std::string& service : view_.applied) status_.bindings.push_back({service, backend});
    report_rule_list();
    report_conditions();
    return std::move(status_);
  }

 private:
  // The n-th rule of the policy's group, as Prometheus has it; nullptr if it does not.
  const prometheus::RuleStatus* find_rule(const std::string& group, std::size_t index) const {
    const std::string name = view_.policy->metadata.key().text() + "/" + group;
    auto found = std::ranges::find(view_.groups, name, &prometheus::RuleGroupStatus::name);
    if (found == view_.groups.end() || index >= found->rules.size()) return nullptr;
    return &found->rules[index];
  }

  // Promtool found fault with it; being unable to ask promtool is something else.
  bool is_refused() const {
    return !view_.verdict && view_.verdict.error().code() == ErrorCode::InvalidArgument;
  }

  void report_rule_list() {
    status_.rules.clear();
    status_.firing = 0;
    loaded_ = desired_ = 0;
    for (const auto& group : view_.policy->spec.rule_groups) {
      for (std::size_t i = 0; i < group.rules.size(); ++i) {
        const auto& rule = group.rules[i];
        PolicyRuleStatus entry;
        entry.ref = group.name + "/" + std::to_string(i);
        entry.name = rule.alert.empty() ? rule.record : rule.alert;
        ++desired_;
        const prometheus::RuleStatus* known = find_rule(group.name, i);
        if (is_refused()) {
          entry.state =
              view_.previous_loaded || view_.loaded ? "PreviousVersionLoaded" : "Rejected";
        } else if (view_.loaded && known != nullptr) {
          entry.state = "Loaded";
          ++loaded_;
        } else {
          entry.state = view_.previous_loaded ? "PreviousVersionLoaded" : "Pending";
        }
        if (known != nullptr && known->name == entry.name) {
          entry.health = known->health;
          entry.last_error = known->last_error;
          entry.firing = static_cast<std::int64_t>(known->firing);
          status_.firing += entry.firing;
          if (known->health == "err" && failing_.empty()) {
            failing_ = entry.name + ": " + known->last_error;
          }
        }
        status_.rules.push_back(std::move(entry));
      }
    }
    status_.rules_summary = of(loaded_, desired_);
  }

  void report_conditions() {
    if (!view_.backend_problem.empty()) {
      set("Accepted", ConditionStatus::False, api::kInvalidConfiguration, view_.backend_problem);
    } else if (is_refused()) {
      set("Accepted", ConditionStatus::False, api::kInvalidConfiguration,
          "spec.rules: " + view_.verdict.error().message());
    } else {
      set("Accepted", ConditionStatus::True, api::kSucceeded, "the policy can be applied");
    }
    report_rules_loaded();
    if (view_.applied.empty()) {
      set("AgentsUpToDate", ConditionStatus::True, api::kSucceeded, "no Instance is selected");
    } else {
      const bool all = view_.agents_up_to_date == view_.instances;
      set("AgentsUpToDate", all ? ConditionStatus::True : ConditionStatus::False,
          all ? api::kSucceeded : api::kProgressing,
          of(view_.agents_up_to_date, view_.instances) + " Instances carry the policy's agents");
    }
    report_summary();
  }

  void report_rules_loaded() {
    if (is_refused()) {
      set("RulesLoaded", ConditionStatus::False, api::kInvalidConfiguration,
          view_.verdict.error().message() + (view_.previous_loaded
                                                 ? ". The last good version stays loaded"
                                                 : ". No rule of this policy is loaded"));
    } else if (!view_.verdict) {
      set("RulesLoaded", ConditionStatus::Unknown, api::kTransientError,
          "the rules could not be checked: " + view_.verdict.error().message());
    } else if (view_.policy->spec.rule_groups.empty()) {
      set("RulesLoaded", ConditionStatus::True, api::kSucceeded,
          "the policy has no rules of its own");
    } else if (!view_.wants_rules) {
      set("RulesLoaded", ConditionStatus::True, api::kSucceeded,
          "the rules are good; they are loaded when the policy applies to a Service");
    } else if (!view_.observed) {
      set("RulesLoaded", ConditionStatus::Unknown, api::kObservationFailed, view_.observe_problem);
    } else if (!view_.loaded) {
      set("RulesLoaded", ConditionStatus::False, api::kProgressing,
          "waiting until Prometheus shows this version of the rules");
    } else if (!failing_.empty()) {
      set("RulesLoaded", ConditionStatus::False, api::kFailed,
          "a rule fails in evaluation; " + failing_);
    } else {
      set("RulesLoaded", ConditionStatus::True, api::kSucceeded,
          of(loaded_, desired_) + " rules are loaded");
    }
  }

  void report_summary() {
    for (const char* type : {"Accepted", "RulesLoaded", "AgentsUpToDate"}) {
      const api::Condition* found = api::find_condition(status_.conditions, type);
      if (found->status == ConditionStatus::True) continue;
      const api::Condition cause = *found;
      const bool stopped =
          cause.reason == api::kInvalidConfiguration || cause.reason == api::kFailed;
      set("Ready", cause.status, cause.reason, cause.message);
      set("Progressing", stopped ? ConditionStatus::False : ConditionStatus::True, cause.reason,
          cause.message);
      return;
    }
    const std::string message =
        view_.matched.empty() ? "the policy selects no Service; nearest miss: " + view_.nearest_miss
                              : "applies to " + status_.services_summary + " Services, targets " +
                                    status_.targets_summary + " up";
    set("Ready", ConditionStatus::True, view_.matched.empty() ? "NothingSelected" : api::kSucceeded,
        message);
    set("Progressing", ConditionStatus::True, api::kSucceeded, message);
  }

  void set(std::string_view type, ConditionStatus value, std::string_view reason,
           std::string message) {
    api::Condition condition;
    condition.type = type;
    condition.status = value;
    condition.reason = reason;
    condition.message = std::move(message);
    condition.observed_generation = view_.policy->metadata.generation;
    api::set_condition(status_.conditions, std::move(condition), now_);
  }

  const PolicyView& view_;
  MonitoringPolicyStatus status_;
  std::string now_;
  std::int64_t loaded_ = 0;
  std::int64_t desired_ = 0;
  std::string failing_;
};

}  // namespace

MonitoringPolicyStatus report_policy(const PolicyView& view, WallTime now) {
  return Reporter(view, now).report();
}

}  // namespace clickdeploy::reconcilers
