#include "controller/agents/version.h"
#include "controller/base/text.h"
#include "controller/base/utf8.h"
#include "controller/reconcilers/instance/agent_convert_internal.h"
#include "controller/reconcilers/instance/drift.h"
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
    report_agents();
    report_rule_list();
    report_conditions();
    return std::move(status_);
  }

 private:
  // The rule of a place in a group, as Prometheus has it; nullptr if it does not.
  const prometheus::RuleStatus* find_rule(const std::string& group, std::size_t index) const {
    auto found = std::ranges::find(view_.groups, group, &prometheus::RuleGroupStatus::name);
    if (found == view_.groups.end() || index >= found->rules.size()) return nullptr;
    return &found->rules[index];
  }

  std::string fault_of(std::size_t i) const {
    if (view_.outcome != nullptr && i < view_.outcome->fates.size() &&
        !view_.outcome->fates[i].why.empty()) {
      return view_.outcome->fates[i].why;
    }
    return view_.faults && i < view_.faults->size() ? (*view_.faults)[i] : "";
  }

  // What was delivered last is what Prometheus shows.
  bool is_delivered() const {
    return view_.outcome != nullptr && !view_.outcome->chosen_hash.empty() &&
           view_.outcome->chosen_hash == view_.loaded_hash;
  }

  std::string state_of(std::size_t i) const {
    const bool some_version = !view_.loaded_hash.empty();
    if (view_.outcome == nullptr) {
      if (!fault_of(i).empty()) return some_version ? "PreviousVersionLoaded" : "Rejected";
      return some_version ? "PreviousVersionLoaded" : "Pending";
    }
    const RulesOutcome& outcome = *view_.outcome;
    if (!outcome.refusal.empty()) return some_version ? "PreviousVersionLoaded" : "Rejected";
    const RuleVersion version =
        i < outcome.fates.size() ? outcome.fates[i].version : RuleVersion::Wanted;
    if (version == RuleVersion::None) return "Rejected";
    if (version == RuleVersion::LastGood) return some_version ? "PreviousVersionLoaded" : "Pending";
    if (is_delivered()) return "Loaded";
    return some_version ? "PreviousVersionLoaded" : "Pending";
  }

  void report_rule(std::size_t i) {
    const RuleEntry& rule = view_.rules->entries[i];
    PolicyRuleStatus entry;
    entry.ref = rule.ref;
    entry.name = rule.name;
    entry.state = state_of(i);
    entry.last_error = fault_of(i);
    if (entry.last_error.empty() && view_.outcome != nullptr) {
      entry.last_error = view_.outcome->refusal;
    }
    if (!entry.last_error.empty()) faulty_.push_back(i);
    if (entry.state == "Loaded") ++loaded_;
    const std::size_t at = view_.outcome != nullptr && i < view_.outcome->fates.size()
                               ? view_.outcome->fates[i].at
                               : i;
    const bool there = is_delivered() && entry.state != "Rejected";
    const prometheus::RuleStatus* known = there ? find_rule(rule.group, at) : nullptr;
    if (known != nullptr) {
      entry.health = known->health;
      entry.last_evaluation = known->last_evaluation;
      entry.last_evaluation_seconds = known->evaluation_seconds;
      entry.firing = static_cast<std::int64_t>(known->firing);
      status_.firing += entry.firing;
      if (entry.last_error.empty()) entry.last_error = known->last_error;
      if (known->health == "err" && failing_.empty()) {
        failing_ = rule.ref + " (" + rule.name + "): " + known->last_error;
      }
    }
    const auto tested = view_.back_tests.find(i);
    if (tested != view_.back_tests.end()) {
      entry.back_test = tested->second;
      warn_of(rule, tested->second);
    }
    status_.rules.push_back(std::move(entry));
  }

  void warn_of(const RuleEntry& rule, const api::v1alpha1::RuleBackTest& tested) {
    constexpr std::size_t kWarningsMax = 64;
    constexpr std::size_t kBytesMax = 1'024;
    const std::string warning = back_test_warning(tested, view_.policy->spec.back_test.window);
    if (warning.empty() || status_.warnings.size() >= kWarningsMax) return;
    status_.warnings.emplace_back(
        utf8_prefix(rule.ref + " (" + rule.name + "): " + warning, kBytesMax));
  }

  void report_rule_list() {
    status_.rules.clear();
    status_.firing = 0;
    status_.warnings = view_.rules->warnings;
    if (view_.policy->spec.silence_during_actions && !view_.alertmanager &&
        view_.backend_problem.empty()) {
      status_.warnings.push_back(
          "alerting.silenceDuringActions: the MetricsBackend names no Alertmanager; set its "
          "spec.alertmanager");
    }
    for (std::size_t i = 0; i < view_.rules->entries.size(); ++i) report_rule(i);
    status_.rules_summary = of(loaded_, static_cast<std::int64_t>(view_.rules->entries.size()));
  }

  // The first rule that is not as it is wanted, and how many more there are.
  std::string first_fault() const {
    const std::size_t i = faulty_.front();
    const RuleEntry& rule = view_.rules->entries[i];
    std::string text = rule.ref + " (" + rule.name + "): " + status_.rules[i].last_error;
    if (faulty_.size() > 1) text += "; and " + std::to_string(faulty_.size() - 1) + " more";
    return text;
  }

  void report_conditions() {
    if (!view_.backend_problem.empty()) {
      set("Accepted", ConditionStatus::False, api::kInvalidConfiguration, view_.backend_problem);
    } else if (!faulty_.empty()) {
      set("Accepted", ConditionStatus::False, api::kInvalidConfiguration,
          "rule " + first_fault() + ". Correct it; the others are not held up by it");
    } else {
      set("Accepted", ConditionStatus::True, api::kSucceeded, "the policy can be applied");
    }
    report_rules_loaded();
    report_retention();
    if (view_.applied.empty()) {
      set("AgentsUpToDate", ConditionStatus::True, api::kSucceeded, "no Instance is selected");
    } else {
      report_agents_up_to_date();
    }
    report_summary();
  }

  void report_agents_up_to_date() {
    const bool all = view_.agents_up_to_date == view_.instances;
    std::string message =
        of(view_.agents_up_to_date, view_.instances) + " Instances carry the policy's agents";
    if (view_.drift) {
      message += "; of Instance " + view_.drifted + " " + view_.drift->message;
      if (view_.drifted_count > 1) {
        message += "; and " + std::to_string(view_.drifted_count - 1) + " more Instances";
      }
    }
    const bool good = all && !view_.drift;
    set("AgentsUpToDate", good ? ConditionStatus::True : ConditionStatus::False,
        good   ? api::kSucceeded
        : !all ? api::kProgressing
               : std::string_view(view_.drift->reason),
        std::move(message));
  }

  // Most frequent first; what tells no version last.
  void report_agents() {
    constexpr std::size_t kVersionsMax = 16;
    status_.agents.clear();
    for (const api::v1alpha1::AgentSpec& spec : view_.policy->spec.agents) {
      api::v1alpha1::PolicyAgentStatus agent{
          .name = spec.name, .version = agents::wanted_version(convert_agent(spec)), .running = {}};
      const auto running = view_.running.find(spec.name);
      if (running != view_.running.end()) {
        for (const auto& [version, count] : running->second) {
          agent.running.push_back({version, count});
        }
      }
      std::ranges::sort(agent.running, [](const auto& a, const auto& b) {
        return std::tuple(a.version.empty(), -a.instances, a.version) <
               std::tuple(b.version.empty(), -b.instances, b.version);
      });
      if (agent.running.size() > kVersionsMax) agent.running.resize(kVersionsMax);
      status_.agents.push_back(std::move(agent));
    }
  }

  void report_rules_loaded() {
    const bool refused = !faulty_.empty();
    if (!view_.faults && !refused) {
      set("RulesLoaded", ConditionStatus::Unknown, api::kTransientError,
          "the rules could not be checked: " + view_.faults.error().message());
    } else if (view_.rules->entries.empty()) {
      set("RulesLoaded", ConditionStatus::True, api::kSucceeded,
          "the policy has no rules of its own");
    } else if (refused) {
      set("RulesLoaded", ConditionStatus::False, api::kInvalidConfiguration,
          status_.rules_summary + " rules are loaded; " + first_fault() +
              (status_.rules[faulty_.front()].state == "PreviousVersionLoaded"
                   ? ". The last good version stays loaded"
                   : ""));
    } else if (!view_.wants_rules) {
      set("RulesLoaded", ConditionStatus::True, api::kSucceeded,
          "the rules are good; they are loaded when the policy applies to a Service");
    } else if (!view_.observed) {
      set("RulesLoaded", ConditionStatus::Unknown, api::kObservationFailed, view_.observe_problem);
    } else if (!is_delivered()) {
      set("RulesLoaded", ConditionStatus::False, api::kProgressing,
          "waiting until Prometheus shows this version of the rules");
    } else if (!failing_.empty()) {
      set("RulesLoaded", ConditionStatus::False, api::kFailed,
          "a rule fails in evaluation; " + failing_);
    } else {
      set("RulesLoaded", ConditionStatus::True, api::kSucceeded,
          status_.rules_summary + " rules are loaded");
    }
  }

  // Told only if somebody asks for something: an SLO asks for its window.
  void report_retention() {
    status_.retention = view_.retention;
    std::string wanted = view_.policy->spec.metrics_retention;
    std::string who = "spec.metrics.retention";
    for (const auto& slo : view_.policy->spec.slos) {
      const auto window = parse_prometheus_duration(slo.window);
      const auto most = parse_prometheus_duration(wanted);
      if (!window || (most && *most >= *window)) continue;
      wanted = slo.window;
      who = "the SLO " + slo.name;
    }
    if (wanted.empty()) {
      std::erase_if(status_.conditions, [](const api::Condition& condition) {
        return condition.type == "RetentionSufficient";
      });
      return;
    }
    // "15d", "30d or 1GiB", or a size alone.
    const std::string kept = view_.retention.substr(0, view_.retention.find(' '));
    const auto has = parse_prometheus_duration(kept);
    const std::string flag = "start it with --storage.tsdb.retention.time=" + wanted;
    if (!view_.observed) {
      set("RetentionSufficient", ConditionStatus::Unknown, api::kObservationFailed,
          view_.observe_problem);
    } else if (!has) {
      set("RetentionSufficient", ConditionStatus::Unknown, api::kObservationFailed,
          "Prometheus says that it keeps \"" + view_.retention + "\", which is no time; " + who +
              " asks for " + wanted + ": " + flag);
    } else if (*has < *parse_prometheus_duration(wanted)) {
      set("RetentionSufficient", ConditionStatus::False, api::kInvalidConfiguration,
          "Prometheus keeps series for " + view_.retention + "; " + who + " asks for " + wanted +
              ": " + flag);
    } else {
      set("RetentionSufficient", ConditionStatus::True, api::kSucceeded,
          "Prometheus keeps series for " + view_.retention);
    }
  }

  void report_summary() {
    for (const char* type : {"Accepted", "RulesLoaded", "AgentsUpToDate"}) {
      const api::Condition* found = api::find_condition(status_.conditions, type);
      if (found->status == ConditionStatus::True) continue;
      const api::Condition cause = *found;
      const bool stopped = cause.reason == api::kInvalidConfiguration ||
                           cause.reason == api::kFailed || cause.reason == kDriftedReason;
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
  std::vector<std::size_t> faulty_;  // rules with an error before they were loaded
  std::string failing_;
};

}  // namespace

MonitoringPolicyStatus report_policy(const PolicyView& view, WallTime now) {
  return Reporter(view, now).report();
}

}  // namespace clickdeploy::reconcilers
