#include "controller/reconcilers/metrics_backend/backend_status_internal.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::ConditionStatus;
using api::v1alpha1::MetricsBackend;
using api::v1alpha1::MetricsBackendStatus;
using prometheus::PrometheusSnapshot;

namespace {

constexpr std::chrono::seconds kRefresh{60};

std::string of(std::int64_t part, std::int64_t all) {
  return std::to_string(part) + "/" + std::to_string(all);
}

// Counts of our rules as Prometheus shows them, in the files that are ours.
struct LoadedRules {
  std::int64_t loaded = 0;
  std::int64_t failing = 0;
  std::string failure;
};

LoadedRules count_loaded(const PrometheusSnapshot& snapshot, const std::string& owner) {
  LoadedRules counts;
  const std::map<std::string, std::string> files = snapshot.files_of(owner);
  for (const prometheus::RuleGroupStatus& group : snapshot.groups) {
    if (!files.contains(group.file)) continue;
    for (const prometheus::RuleStatus& rule : group.rules) {
      if (rule.name == prometheus::kRulesInfoMetric) continue;
      ++counts.loaded;
      if (rule.health != "err") continue;
      ++counts.failing;
      counts.failure = rule.name + ": " + rule.last_error;
    }
  }
  return counts;
}

class Reporter {
 public:
  Reporter(const MetricsBackend& backend, const BackendPlan& plan, const BackendOutcome& outcome,
           const PrometheusSnapshot* snapshot, const std::string& why, WallTime now)
      : backend_(backend),
        plan_(plan),
        outcome_(outcome),
        snapshot_(snapshot),
        why_(why),
        status_(backend.status),
        now_(format_time(now)) {}

  MetricsBackendStatus report() {
    status_.observed_generation = backend_.metadata.generation;
    status_.last_sync_time = now_;
    if (snapshot_ != nullptr) {
      status_.version = snapshot_->runtime.version;
      set("Reachable", ConditionStatus::True, api::kSucceeded,
          "Prometheus " + status_.version + " answers at " + backend_.spec.url);
    } else {
      set("Reachable", ConditionStatus::Unknown, unreachable_reason(outcome_.observation_error),
          why_);
    }
    report_alertmanager();
    report_ownership();
    report_targets();
    report_rules();
    report_reload();
    report_summary();
    return std::move(status_);
  }

 private:
  // Does somebody have to change something before it can be observed?
  static std::string_view unreachable_reason(const std::optional<Error>& error) {
    if (!error) return api::kObservationFailed;
    switch (error->code()) {
      case ErrorCode::Unauthenticated:
      case ErrorCode::PermissionDenied:
        return api::kUnauthorized;
      case ErrorCode::InvalidArgument:
        return api::kInvalidConfiguration;
      default:
        return api::kObservationFailed;
    }
  }

  // Both are told only if there is to be an Alertmanager.
  void report_alertmanager() {
    constexpr std::string_view kType = "AlertmanagerReachable";
    constexpr std::string_view kSilences = "SilencesPlaced";
    if (!backend_.spec.alertmanager) {
      std::erase_if(status_.conditions, [&](const api::Condition& condition) {
        return condition.type == kType || condition.type == kSilences;
      });
      return;
    }
    if (!outcome_.alertmanager_seen) {
      set(kSilences, ConditionStatus::Unknown, api::kObservationFailed,
          "see AlertmanagerReachable; what was silenced ends by itself within ten minutes");
    } else if (outcome_.silence_error) {
      set(kSilences, ConditionStatus::False, reason_of(*outcome_.silence_error),
          outcome_.silence_error->message());
    } else {
      set(kSilences, ConditionStatus::True, api::kSucceeded,
          std::to_string(outcome_.silences) + " Instances are silenced");
    }
    const std::string at = "Alertmanager at " + backend_.spec.alertmanager->url;
    if (outcome_.alertmanager_seen) {
      set(kType, ConditionStatus::True, api::kSucceeded, at + " answers");
    } else {
      set(kType, ConditionStatus::Unknown, unreachable_reason(outcome_.alertmanager_error),
          outcome_.alertmanager_error
              ? at + " could not be observed: " + outcome_.alertmanager_error->message() +
                    ". Which alerts are silenced is not known meanwhile"
              : "waiting for the first answer of " + at);
    }
  }

  static std::string_view reason_of(const Error& error) {
    if (error.code() == ErrorCode::AlreadyExists) return api::kBlocked;  // another owner's folder
    return error.is_retryable() ? api::kTransientError : api::kInvalidConfiguration;
  }

  void report_ownership() {
    for (const auto& error : {outcome_.targets_error, outcome_.rules_error}) {
      if (error && error->code() == ErrorCode::AlreadyExists) {
        set("OwnershipHeld", ConditionStatus::False, api::kBlocked, error->message());
        return;
      }
    }
    set("OwnershipHeld", ConditionStatus::True, api::kSucceeded, "the directories carry our stamp");
  }

  void report_targets() {
    api::v1alpha1::TargetCounts& counts = status_.targets;
    counts.desired = static_cast<std::int64_t>(plan_.targets.size());
    if (!outcome_.targets_error) counts.delivered = static_cast<std::int64_t>(outcome_.delivered);
    std::string missing;
    if (snapshot_ != nullptr) {
      counts.known = counts.up = 0;
      for (const prometheus::Target& target : plan_.targets) {
        const auto* known =
            snapshot_->find_target(target.labels.at("instance_id"), target.labels.at("agent"));
        if (known == nullptr) {
          missing = target.address;
          continue;
        }
        ++counts.known;
        counts.up += known->health == "up" ? 1 : 0;
      }
    }
    status_.targets_summary = of(counts.up, counts.desired);
    if (outcome_.targets_error) {
      set("TargetsDelivered", ConditionStatus::False, reason_of(*outcome_.targets_error),
          outcome_.targets_error->message());
    } else if (snapshot_ == nullptr) {
      set("TargetsDelivered", ConditionStatus::Unknown, api::kObservationFailed, why_);
    } else if (counts.known < counts.desired) {
      set("TargetsDelivered", ConditionStatus::False, api::kProgressing,
          of(counts.known, counts.desired) + " targets are known to Prometheus; " + missing +
              " is not yet" + advice(question_about_targets()));
    } else {
      set("TargetsDelivered", ConditionStatus::True, api::kSucceeded,
          of(counts.known, counts.desired) + " targets are known to Prometheus, " + way());
    }
  }

  // By which Prometheus learns of targets.
  std::string way() const {
    const std::string& type = backend_.spec.targets_type;
    if (type == "OpenStackSD") return "which finds them in OpenStack";
    if (type == "HTTPSD") return "which asks here for them";
    return "from files";
  }

  std::string question_about_targets() const {
    const std::string& type = backend_.spec.targets_type;
    if (type == "OpenStackSD") {
      return "Is its prometheus.yml what clickctl prometheus-config prints now, and does its "
             "environment have the credentials of the cloud? It prints other jobs for other "
             "Services and policies";
    }
    if (type == "HTTPSD") {
      return "Does its prometheus.yml ask for them by http_sd_configs, as clickctl "
             "prometheus-config prints it?";
    }
    return "Does its prometheus.yml read " + backend_.spec.targets_directory +
           "/clickdeploy-*.json by file_sd_configs?";
  }

  void report_rules() {
    api::v1alpha1::RuleCounts& counts = status_.rules;
    counts.desired = static_cast<std::int64_t>(plan_.mapping_rules);
    counts.rejected = outcome_.rejected_files.contains(plan_.mapping_file_name)
                          ? static_cast<std::int64_t>(plan_.mapping_rules)
                          : 0;
    for (const auto& rules : plan_.policy_rules) {
      counts.desired += static_cast<std::int64_t>(rules->entries.size());
      counts.rejected += count_rejected(*rules);
    }
    LoadedRules loaded;
    if (snapshot_ != nullptr) loaded = count_loaded(*snapshot_, plan_.rules_owner);
    if (snapshot_ != nullptr) counts.loaded = loaded.loaded;
    counts.failing_evaluation = loaded.failing;
    status_.rules_summary = of(counts.loaded, counts.desired);
    if (outcome_.rules_error) {
      set("RulesLoaded", ConditionStatus::False, reason_of(*outcome_.rules_error),
          outcome_.rules_error->message());
    } else if (snapshot_ == nullptr) {
      set("RulesLoaded", ConditionStatus::Unknown, api::kObservationFailed, why_);
    } else if (!outcome_.rejected_files.empty()) {
      set("RulesLoaded", ConditionStatus::False, api::kInvalidConfiguration,
          std::to_string(counts.rejected) + " rules were refused: " + outcome_.rejection +
              ". The last good version stays loaded; correct the MonitoringPolicy");
    } else if (const std::string name = first_not_loaded();
               !name.empty() && !outcome_.broken.empty()) {
      set("RulesLoaded", ConditionStatus::False, api::kInvalidConfiguration,
          "Prometheus does not show the newest " + name +
              ": its own configuration is broken, without our newest files too; correct it, and "
              "they follow by themselves: " +
              outcome_.broken);
    } else if (!name.empty()) {
      set("RulesLoaded", ConditionStatus::False, api::kProgressing,
          "Prometheus does not show the newest " + name + " yet" +
              advice("Does its prometheus.yml name " + backend_.spec.rules_directory +
                     "/clickdeploy-*.yml in rule_files?"));
    } else if (loaded.failing > 0) {
      set("RulesLoaded", ConditionStatus::False, api::kFailed,
          std::to_string(loaded.failing) + " rules fail in evaluation; " + loaded.failure);
    } else {
      set("RulesLoaded", ConditionStatus::True, api::kSucceeded,
          of(counts.loaded, counts.desired) + " rules are loaded");
    }
  }

  // What to look at, once Prometheus has had its time.
  std::string advice(const std::string& question) const {
    return outcome_.settling ? "" : ". " + question;
  }

  std::int64_t count_rejected(const PolicyRules& rules) const {
    auto outcome = outcome_.rules.find(rules.file_name);
    if (outcome == outcome_.rules.end()) return 0;
    if (!outcome->second.refusal.empty()) return static_cast<std::int64_t>(rules.entries.size());
    return std::ranges::count_if(outcome->second.fates, [](const RuleFate& fate) {
      return fate.version != RuleVersion::Wanted;
    });
  }

  std::string first_not_loaded() const {
    for (const auto& rules : plan_.policy_rules) {
      auto outcome = outcome_.rules.find(rules->file_name);
      const std::string& hash =
          outcome == outcome_.rules.end() ? rules->file.spec_hash : outcome->second.chosen_hash;
      if (snapshot_->loaded_hash(rules->file_name, plan_.rules_owner) != hash) {
        return rules->file_name;
      }
    }
    if (!plan_.mapping_file_name.empty() &&
        snapshot_->loaded_hash(plan_.mapping_file_name, plan_.rules_owner) !=
            plan_.mapping.spec_hash) {
      return plan_.mapping_file_name;
    }
    return "";
  }

  void report_reload() {
    if (outcome_.reload_pending && outcome_.broken.empty()) {
      set("ReloadSucceeded", ConditionStatus::Unknown, api::kProgressing,
          "a reload follows in a few seconds");
    } else if (!outcome_.broken.empty()) {
      set("ReloadSucceeded", ConditionStatus::False, api::kFailed,
          "Prometheus's own configuration is broken, without our newest files too: " +
              outcome_.broken);
    } else if (status_.last_reload && !status_.last_reload->succeeded) {
      set("ReloadSucceeded", ConditionStatus::False, api::kFailed, status_.last_reload->message);
    } else if (snapshot_ != nullptr && !snapshot_->runtime.reload_config_success) {
      set("ReloadSucceeded", ConditionStatus::False, api::kFailed,
          "Prometheus says that its last reload failed; see its log");
    } else {
      set("ReloadSucceeded", ConditionStatus::True, api::kSucceeded,
          status_.last_reload ? "at " + status_.last_reload->time : "none was needed");
    }
  }

  void report_summary() {
    const char* first = nullptr;
    for (const char* type : {"OwnershipHeld", "Reachable", "TargetsDelivered", "RulesLoaded"}) {
      if (!api::is_true(status_.conditions, type)) {
        first = type;
        break;
      }
    }
    if (first == nullptr) {
      const std::string message =
          "targets " + status_.targets_summary + " up, rules " + status_.rules_summary + " loaded";
      set("Ready", ConditionStatus::True, api::kSucceeded, message);
      set("Progressing", ConditionStatus::True, api::kSucceeded, message);
      return;
    }
    const api::Condition cause = *api::find_condition(status_.conditions, first);
    const bool stopped = cause.reason == api::kInvalidConfiguration ||
                         cause.reason == api::kBlocked || cause.reason == api::kFailed ||
                         cause.reason == api::kUnauthorized;
    set("Ready", cause.status, cause.reason, cause.message);
    set("Progressing", stopped ? ConditionStatus::False : ConditionStatus::True, cause.reason,
        cause.message);
  }

  void set(std::string_view type, ConditionStatus value, std::string_view reason,
           std::string message) {
    api::Condition condition;
    condition.type = type;
    condition.status = value;
    condition.reason = reason;
    condition.message = std::move(message);
    condition.observed_generation = backend_.metadata.generation;
    api::set_condition(status_.conditions, std::move(condition), now_);
  }

  const MetricsBackend& backend_;
  const BackendPlan& plan_;
  const BackendOutcome& outcome_;
  const PrometheusSnapshot* snapshot_;
  const std::string& why_;
  MetricsBackendStatus status_;
  std::string now_;
};

}  // namespace

MetricsBackendStatus report_backend(const MetricsBackend& backend, const BackendPlan& plan,
                                    const BackendOutcome& outcome,
                                    const PrometheusSnapshot* snapshot, const std::string& why,
                                    WallTime now) {
  return Reporter(backend, plan, outcome, snapshot, why, now).report();
}

bool is_worth_writing(const MetricsBackend& before, const MetricsBackend& after, WallTime now) {
  MetricsBackendStatus a = before.status;
  MetricsBackendStatus b = after.status;
  a.last_sync_time = b.last_sync_time = "";
  if (a != b) return true;
  const std::optional<WallTime> written = parse_time(before.status.last_sync_time);
  return !written || now - *written >= kRefresh;
}

}  // namespace clickdeploy::reconcilers
