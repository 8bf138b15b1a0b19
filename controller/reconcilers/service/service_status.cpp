#include "controller/reconcilers/service/service_status.h"

#include "controller/reconcilers/service/repair_budget.h"
#include "controller/reconcilers/service/rollout.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::Condition;
using api::ConditionStatus;
using api::v1alpha1::Instance;
using api::v1alpha1::ServiceStatus;

namespace {

std::string of(std::int64_t part, std::int64_t all) {
  return std::to_string(part) + " of " + std::to_string(all);
}

class Reporter {
 public:
  explicit Reporter(const ServiceView& view) : view_(view), status_(view.service.status) {}

  ServiceStatus report() {
    status_.observed_generation = view_.service.metadata.generation;
    status_.last_sync_time = view_.now;
    count();
    report_remediation();
    report_chain();
    report_alerting();
    report_quota();
    report_summary();
    report_plan();
    return std::move(status_);
  }

 private:
  void count() {
    const std::string revision = service_revision(view_.service, view_.observed);
    status_.revision = revision;
    status_.selector =
        std::string(api::v1alpha1::kServiceLabel) + "=" + view_.service.metadata.name;
    status_.replicas = status_.updated_replicas = status_.ready_replicas = 0;
    status_.monitored_replicas = status_.available_replicas = 0;
    for (const Instance& instance : view_.observed.instances) {
      if (instance.metadata.is_deleting()) {
        ++going_;
        continue;
      }
      ++status_.replicas;
      const bool updated = is_up_to_date(instance, view_.observed, revision);
      status_.updated_replicas += updated ? 1 : 0;
      status_.ready_replicas += is_ready(instance) ? 1 : 0;
      status_.monitored_replicas += is_monitored(instance) ? 1 : 0;
      status_.available_replicas += is_available(view_.service, view_.observed, instance) ? 1 : 0;
      agents_up_ += api::is_true(instance.status.conditions, "AgentsHealthy") ? 1 : 0;
      scraped_ += api::is_true(instance.status.conditions, "TargetScraped") ? 1 : 0;
      const Condition* scraped = api::find_condition(instance.status.conditions, "TargetScraped");
      if (scraped != nullptr && scraped->status == ConditionStatus::Unknown) {
        scrape_unknown_ = scraped->message;
      }
      const Condition* ready = api::find_condition(instance.status.conditions, "Ready");
      if (ready != nullptr && ready->status == ConditionStatus::Unknown) {
        ++ready_unknown_;
        ready_unknown_why_ = "Instance " + instance.metadata.name + ": " + ready->message;
      }
      note_problem(instance);
    }
    status_.policies.clear();
    if (view_.policy != nullptr) {
      status_.policies.push_back(
          {view_.policy->metadata.key().text(), view_.policy->metadata.generation});
    }
  }

  // The first Instance that has stopped, else the first that is not ready, speaks for all.
  void note_problem(const Instance& instance) {
    const Condition* progressing = api::find_condition(instance.status.conditions, "Progressing");
    if (progressing == nullptr || is_ready(instance)) return;
    const bool stopped = progressing->status == ConditionStatus::False;
    if (!problem_.empty() && (problem_stopped_ || !stopped)) return;
    problem_ = "Instance " + instance.metadata.name + ": " + progressing->message;
    problem_reason_ = progressing->reason;
    problem_stopped_ = stopped;
  }

  void report_remediation() {
    const auto& spec = view_.service.spec.remediation;
    std::int64_t unhealthy = 0;
    std::int64_t running = 0;
    for (const Instance& instance : view_.observed.instances) {
      unhealthy += counts_as_unhealthy(instance) ? 1 : 0;
      running += is_repairing(instance) ? 1 : 0;
    }
    const std::int64_t max =
        count_of(spec.max_unhealthy, std::max<std::int64_t>(1, status_.replicas));
    status_.remediation.in_flight = running;
    status_.remediation.blocked = unhealthy > max;
    status_.remediation.allowed = status_.remediation.blocked || !spec.enabled
                                      ? 0
                                      : std::max<std::int64_t>(0, spec.max_in_flight - running);
    if (!spec.enabled) {
      set("RemediationAllowed", ConditionStatus::False, api::kPaused,
          "spec.remediation.enabled is false");
    } else if (status_.remediation.blocked) {
      set("RemediationAllowed", ConditionStatus::False, api::kBlocked,
          "the brake is on: " + of(unhealthy, status_.replicas) + " are unhealthy, " +
              std::to_string(max) +
              " may be. It lifts when others recover, or raise "
              "spec.remediation.maxUnhealthy");
    } else {
      set("RemediationAllowed", ConditionStatus::True, api::kSucceeded,
          std::to_string(unhealthy) + " unhealthy, " + std::to_string(max) + " may be");
    }
  }

  void report_chain() {
    const std::int64_t wanted = view_.service.spec.replicas;
    const bool may_be = status_.ready_replicas + ready_unknown_ >= wanted;
    count_condition("InstancesReady", status_.ready_replicas, wanted, "ready",
                    may_be ? ready_unknown_why_ : "");
    if (view_.policy == nullptr) {
      for (const char* type : {"AgentsHealthy", "TargetsScraped", "RulesLoaded"}) {
        set(type, ConditionStatus::False, "NoPolicy",
            "no MonitoringPolicy selects this Service; compare its labels with the policies' "
            "spec.serviceSelector");
      }
    } else {
      count_condition("AgentsHealthy", agents_up_, wanted, "have healthy agents", "");
      count_condition("TargetsScraped", scraped_, wanted, "are scraped", scrape_unknown_);
      report_rules();
    }
    const bool updated = status_.updated_replicas == status_.replicas &&
                         status_.updated_replicas == wanted && going_ == 0;
    const std::string count =
        of(status_.updated_replicas, wanted) + " have revision " + status_.revision;
    const std::string hold = standing_still();
    if (updated && hold.empty()) {
      set("UpToDate", ConditionStatus::True, api::kSucceeded, count);
    } else {
      set("UpToDate", ConditionStatus::False, hold.empty() ? api::kProgressing : hold_reason(),
          count + (hold.empty() ? "" : "; " + hold));
    }
  }

  // Why the rollout does not go on; "" if it does, or if there is nothing left to do.
  std::string standing_still() const {
    const api::v1alpha1::RolloutStatus& rollout = status_.rollout;
    if (rollout.state == kRolloutComplete) return "";
    if (rollout.state == kRolloutRolledBack) {
      return "the template of the spec has failed: " + rollout.message +
             "; servers are brought back to the last complete one. Correct the template, or "
             "clickctl rollout undo service/" +
             view_.service.metadata.name;
    }
    const bool waits = status_.updated_replicas < status_.replicas;
    return waits || rollout.state != kRolloutProgressing
               ? rollout_hold(view_.service, view_.observed)
               : "";
  }

  std::string_view hold_reason() const {
    if (status_.rollout.state == kRolloutFailed || status_.rollout.state == kRolloutRolledBack) {
      return api::kFailed;
    }
    return view_.service.spec.rollout.paused ? api::kPaused : api::kWaiting;
  }

  void report_quota() {
    if (view_.quota) {
      const bool enough = view_.quota->servers >= view_.quota->wanted;
      set("QuotaSufficient", enough ? ConditionStatus::True : ConditionStatus::False,
          enough ? api::kSucceeded : api::kQuotaExceeded, view_.quota->message);
    } else if (status_.replicas >= view_.service.spec.replicas) {
      set("QuotaSufficient", ConditionStatus::True, api::kSucceeded, "no more servers are wanted");
    }
  }

  void report_rules() {
    const std::string name =
        view_.policy->spec.backend_ref.key(view_.policy->metadata.namespace_name).text();
    if (view_.backend == nullptr) {
      set("RulesLoaded", ConditionStatus::False, api::kInvalidConfiguration,
          "MetricsBackend " + name +
              " does not exist; create it, or correct the policy's "
              "spec.backendRef");
      return;
    }
    const Condition* own = api::find_condition(view_.policy->status.conditions, "RulesLoaded");
    if (own == nullptr) {
      set("RulesLoaded", ConditionStatus::Unknown, api::kProgressing,
          "waiting for MonitoringPolicy " + view_.policy->metadata.key().text());
      return;
    }
    set("RulesLoaded", own->status, own->reason, own->message);
  }

  // What cannot be observed stays as it was seen last.
  void report_alerting() {
    if (view_.policy == nullptr) {
      status_.alerts = {};
      set("AlertsObserved", ConditionStatus::False, "NoPolicy",
          "no MonitoringPolicy selects this Service");
      return;
    }
    if (view_.alerts.snapshot == nullptr) {
      set("AlertsObserved", ConditionStatus::Unknown, api::kObservationFailed, view_.alerts.why);
      return;
    }
    status_.alerts = report_alerts(view_.service.metadata.uid, *view_.alerts.snapshot,
                                   view_.alerts.alertmanager, status_.alerts);
    set("AlertsObserved", ConditionStatus::True, api::kSucceeded,
        std::to_string(status_.alerts.firing) + " alerts fire, " +
            std::to_string(status_.alerts.pending) + " are pending");
  }

  void report_summary() {
    const std::int64_t wanted = view_.service.spec.replicas;
    const bool ready = status_.ready_replicas >= wanted && status_.updated_replicas >= wanted;
    const std::string summary = of(status_.ready_replicas, wanted) + " ready, " +
                                std::to_string(status_.monitored_replicas) + " monitored";
    const bool unseen = !ready && status_.updated_replicas >= wanted &&
                        status_.ready_replicas + ready_unknown_ >= wanted;
    // Those that there is no room for have no Instance that could say so.
    const bool no_room = view_.quota && view_.quota->servers < view_.quota->wanted;
    const std::string why = problem_.empty() && no_room ? view_.quota->message : problem_;
    if (unseen) {
      set("Ready", ConditionStatus::Unknown, api::kObservationFailed, ready_unknown_why_);
    } else {
      set("Ready", ready ? ConditionStatus::True : ConditionStatus::False,
          ready ? api::kSucceeded : api::kProgressing,
          ready ? summary : summary + (why.empty() ? "" : "; " + why));
    }
    if (view_.service.metadata.is_deleting()) {
      set("Progressing", ConditionStatus::True, "Deleting", deletion_message());
    } else if (view_.service.spec.paused) {
      set("Progressing", ConditionStatus::False, api::kPaused, "spec.paused is true");
    } else if (observes()) {
      set("Progressing", ConditionStatus::False, api::kPaused,
          "spec.managementPolicy is Observe: " +
              (view_.plan.empty() ? std::string("there is nothing to do")
                                  : std::to_string(view_.plan.size()) +
                                        " steps would be taken; see status.plannedSteps"));
    } else if (view_.failure) {
      const bool retry = view_.failure->is_retryable();
      set("Progressing", retry ? ConditionStatus::True : ConditionStatus::False,
          retry ? api::kTransientError : api::kInvalidConfiguration, view_.failure->message());
    } else if (!view_.observed.waiting_for.empty() && status_.replicas < wanted) {
      set("Progressing", ConditionStatus::True, api::kWaiting, view_.observed.waiting_for);
    } else if (no_room) {
      set("Progressing", ConditionStatus::True, api::kQuotaExceeded, view_.quota->message);
    } else if (const std::string hold = standing_still(); !hold.empty()) {
      // A gate opens by itself; for the rest somebody must do something.
      const std::string_view reason = hold_reason();
      set("Progressing", reason == api::kWaiting ? ConditionStatus::True : ConditionStatus::False,
          reason, hold);
    } else if (ready && view_.plan.empty() && going_ == 0) {
      set("Progressing", ConditionStatus::True, api::kSucceeded, summary);
    } else {
      const bool stopped = problem_stopped_;
      set("Progressing", stopped ? ConditionStatus::False : ConditionStatus::True,
          problem_reason_.empty() ? std::string(api::kProgressing) : problem_reason_,
          problem_.empty() ? summary : problem_);
    }
  }

  void report_plan() {
    constexpr std::size_t kStepsMax = 64;
    status_.planned_steps.clear();
    if (!observes()) return;
    for (const ServiceStep& step : view_.plan) {
      if (status_.planned_steps.size() < kStepsMax) {
        status_.planned_steps.push_back(describe_step(step));
      }
    }
  }

  bool observes() const { return view_.service.spec.management_policy == "Observe"; }

  std::string deletion_message() const {
    if (going_ > 0 || status_.replicas > 0) {
      return std::to_string(going_ + status_.replicas) +
             " Instances are going; finalizer clickdeploy.io/cloud waits for them" +
             (problem_.empty() ? "" : "; " + problem_);
    }
    if (!view_.observed.parts_left.empty()) {
      return "finalizer clickdeploy.io/cloud waits: " + view_.observed.parts_left;
    }
    return view_.observed.targets_left.empty()
               ? "nothing is left"
               : "finalizer clickdeploy.io/targets waits: " + view_.observed.targets_left;
  }

  void count_condition(std::string_view type, std::int64_t have, std::int64_t wanted,
                       const std::string& what, const std::string& unknown) {
    const bool enough = have >= wanted;
    const std::string message = of(have, wanted) + " " + what;
    if (!enough && !unknown.empty()) {
      set(type, ConditionStatus::Unknown, api::kObservationFailed, unknown);
      return;
    }
    set(type, enough ? ConditionStatus::True : ConditionStatus::False,
        enough ? api::kSucceeded : api::kProgressing, message);
  }

  void set(std::string_view type, ConditionStatus value, std::string_view reason,
           std::string message) {
    Condition condition;
    condition.type = type;
    condition.status = value;
    condition.reason = reason;
    condition.message = std::move(message);
    condition.observed_generation = view_.service.metadata.generation;
    api::set_condition(status_.conditions, std::move(condition), view_.now);
  }

  const ServiceView& view_;
  ServiceStatus status_;
  std::int64_t going_ = 0;
  std::int64_t agents_up_ = 0;
  std::int64_t scraped_ = 0;
  std::string scrape_unknown_;
  std::int64_t ready_unknown_ = 0;
  std::string ready_unknown_why_;
  std::string problem_;
  std::string problem_reason_;
  bool problem_stopped_ = false;
};

}  // namespace

ServiceStatus report_service(const ServiceView& view) {
  return Reporter(view).report();
}

}  // namespace clickdeploy::reconcilers
