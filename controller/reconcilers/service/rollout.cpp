#include "controller/reconcilers/service/rollout.h"

#include "api/v1alpha1/codec.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::Instance;
using api::v1alpha1::RolloutStatus;
using api::v1alpha1::Service;
using std::chrono::seconds;

namespace {

constexpr seconds kUnseenRefresh{60};

seconds age_of(const std::string& time, const ServiceObserved& observed) {
  const auto known = observed.ages.find(time);
  return known == observed.ages.end() ? seconds(0) : known->second;
}

bool has_gate(const Service& service, std::string_view gate) {
  return std::ranges::find(service.spec.rollout.gates, gate) != service.spec.rollout.gates.end();
}

struct Counts {
  std::int64_t updated = 0;
  std::int64_t available = 0;  // of the updated
  std::int64_t old = 0;
  std::int64_t old_unready = 0;  // they hold up the others
  bool unseen = false;
  std::string problem;  // of the first updated one that is not available

  std::int64_t progress() const { return updated + available - old_unready; }
};

Counts count(const Service& service, const ServiceObserved& observed) {
  Counts counts;
  const std::string revision = service_revision(service, observed);
  for (const Instance& instance : observed.instances) {
    if (instance.metadata.is_deleting()) continue;
    const api::Condition* ready = api::find_condition(instance.status.conditions, "Ready");
    if (ready != nullptr && ready->status == api::ConditionStatus::Unknown) counts.unseen = true;
    if (!is_up_to_date(instance, observed, revision)) {
      ++counts.old;
      counts.old_unready += is_ready(instance) ? 0 : 1;
      continue;
    }
    ++counts.updated;
    if (is_available(service, observed, instance)) {
      ++counts.available;
    } else if (counts.problem.empty()) {
      counts.problem = "Instance " + instance.metadata.name +
                       (ready == nullptr ? " is new" : ": " + ready->message);
    }
  }
  return counts;
}

}  // namespace

std::string template_hash(const Service& service) {
  Service only;  // encoding a whole status for it takes several times as long
  only.spec.template_labels = service.spec.template_labels;
  only.spec.template_annotations = service.spec.template_annotations;
  only.spec.template_spec = service.spec.template_spec;
  const Json encoded = api::encode(only);
  Json made_from = Json::object({
      {"cloud", service.spec.cloud_ref.key(service.metadata.namespace_name).text()},
      {"template", encoded["spec"]["template"]},
  });
  return sha256_hex(to_json(made_from)).substr(0, 8);
}

bool is_available(const Service& service, const ServiceObserved& observed,
                  const Instance& instance) {
  if (!is_ready(instance)) return false;
  const api::Condition* ready = api::find_condition(instance.status.conditions, "Ready");
  const seconds wanted(service.spec.rollout.min_ready_seconds);
  if (wanted > seconds(0) && age_of(ready->last_transition_time, observed) < wanted) return false;
  return !has_gate(service, "AgentsHealthy") ||
         api::is_true(instance.status.conditions, "AgentsHealthy");
}

RolloutStatus advance_rollout(const Service& service, const ServiceObserved& observed,
                              const std::string& now) {
  RolloutStatus next = service.status.rollout;
  const api::v1alpha1::RolloutSpec& spec = service.spec.rollout;
  const Counts counts = count(service, observed);
  const std::string hash = template_hash(service);
  const bool paused =
      spec.paused || service.spec.paused || service.spec.management_policy == "Observe";
  const bool other = next.template_hash != hash;
  const bool resumed = next.state == kRolloutPaused && !paused;
  const bool new_wish = service.status.observed_generation != service.metadata.generation;
  if (other) {
    next.template_hash = hash;
    next.started_at = now;
    next.number = 0;
  }
  const bool tried_again = (new_wish && next.state == kRolloutFailed) ||
                           (next.state == kRolloutRolledBack && spec.on_failure != "Rollback");
  const bool begins = other || resumed || tried_again;
  if (begins) next.state = kRolloutProgressing;
  // Another number of replicas makes the measure begin anew.
  if (begins || (new_wish && next.state == kRolloutProgressing)) {
    next.progressed_at = now;
    next.progress = counts.progress();
    next.message.clear();
  }
  if (next.state == kRolloutRolledBack || next.state == kRolloutComplete) return next;
  if (paused) {
    next.state = kRolloutPaused;
    next.message = spec.paused ? "spec.rollout.paused is true" : "the Service is left as it is";
    return next;
  }
  const std::int64_t wanted = service.spec.replicas;
  const bool done = counts.old == 0 && counts.updated == wanted && counts.available == wanted;
  if (done && observed.waiting_for.empty()) {
    next.state = kRolloutComplete;
    next.completed = hash;
    next.message.clear();
    return next;
  }
  const bool unseen = counts.unseen || !observed.waiting_for.empty();
  const bool progressed = counts.progress() > next.progress;
  const seconds idle = age_of(next.progressed_at, observed);
  if (progressed || (unseen && next.state == kRolloutProgressing && idle > kUnseenRefresh)) {
    next.progressed_at = now;
    if (progressed) next.progress = counts.progress();
    next.state = kRolloutProgressing;
    next.message.clear();
    return next;
  }
  const seconds deadline(spec.progress_deadline_seconds);
  if (next.state == kRolloutFailed) {
    // What gets worse and then recovers is progress, too.
    next.progress = std::min(next.progress, counts.progress());
    return next;
  }
  if (unseen || deadline == seconds(0) || idle < deadline) return next;
  const bool back = spec.on_failure == "Rollback" && !next.completed.empty() &&
                    next.completed != hash && observed.completed != nullptr;
  next.state = back ? kRolloutRolledBack : kRolloutFailed;
  next.progress = counts.progress();
  next.message = "no progress for " + std::to_string(deadline.count()) +
                 " s (spec.rollout.progressDeadlineSeconds)" +
                 (counts.problem.empty() ? "" : "; " + counts.problem);
  next.message.resize(std::min<std::size_t>(next.message.size(), 1024));
  return next;
}

std::string rollout_hold(const Service& service, const ServiceObserved& observed) {
  const RolloutStatus& rollout = service.status.rollout;
  if (service.spec.rollout.paused) return "the rollout is paused (spec.rollout.paused)";
  if (rollout.state == kRolloutFailed) return "the rollout has failed: " + rollout.message;
  // An alert may well be why it is rolled back.
  const bool back = rollout.state == kRolloutRolledBack;
  if (back || !has_gate(service, "NoPageAlert") || observed.page_alert.empty()) return "";
  return "gate NoPageAlert: " + observed.page_alert;
}

}  // namespace clickdeploy::reconcilers
