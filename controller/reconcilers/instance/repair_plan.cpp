#include "controller/base/planted.h"
#include "controller/reconcilers/instance/placement.h"
#include "controller/reconcilers/instance/repair_plan_internal.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::InstanceRemediation;
using api::v1alpha1::RemediationSpec;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr milliseconds kRepairPoll{2'000};
constexpr milliseconds kStoppedPoll{60'000};
constexpr seconds kGoneGrace{15};

// What keeps an Instance from being healthy decides which steps can help, and after how long.
enum class Ailment : std::uint8_t { Gone, NeverBuilt, Error, NoAddress, AgentSilent };

bool has_booted(const Instance& instance) {
  return !instance.status.booted_at.empty();
}

struct Diagnosis {
  Ailment ailment;
  std::string reason;
};

// Two witnesses: Prometheus scraped and failed, and we asked and got no answer. A Prometheus that
// does not list the target says nothing about the agent.
bool agent_is_silent(const AgentObserved& agent) {
  return agent.target == TargetView::Down && agent.probe == AgentObserved::Probe::Silent;
}

std::optional<Diagnosis> diagnose(const Instance& instance, const InstanceObserved& observed) {
  if (observed.server_gone == true && !planted(Bug::ForeignDeleteUnseen)) {
    return Diagnosis{Ailment::Gone, observed.agents_mark
                                        ? "the machine of " + instance.status.server.id +
                                              " no longer has our mark; somebody else took it away"
                                        : "the server " + instance.status.server.id +
                                              " is gone from the cloud; somebody else deleted it"};
  }
  if (!observed.server) return std::nullopt;
  const openstack::Server& server = *observed.server;
  if (server.status == "ERROR" && !planted(Bug::ErrorUnseen)) {
    std::string reason = "the server is in ERROR";
    if (server.fault && !server.fault->message.empty()) reason += ": " + server.fault->message;
    return Diagnosis{has_booted(instance) ? Ailment::Error : Ailment::NeverBuilt, reason};
  }
  if (server.status == "BUILD") {
    const seconds building = age_of(instance.status.claim.since, observed);
    if (building.count() < instance.spec.remediation.startup_timeout_seconds) return std::nullopt;
    return Diagnosis{Ailment::NeverBuilt,
                     "the server has been in BUILD since " + instance.status.claim.since};
  }
  if (server.status != "ACTIVE") return std::nullopt;  // stopped on purpose, or on its way
  // Nobody has installed agents on a server that somebody else made: it is no worse than it was.
  const bool was_foreign = server.id == instance.spec.adopt.server_id;
  if (was_foreign && instance.status.bootstrap.state != "Succeeded") return std::nullopt;
  // Neither Nova nor Neutron knows one. Without agents it may be meant so.
  if (instance.status.address.empty() && !observed.agents.empty()) {
    return Diagnosis{Ailment::NoAddress, "the server " + server.id + " has no address"};
  }
  for (const AgentObserved& agent : observed.agents) {
    if (!agent_is_silent(agent)) continue;
    return Diagnosis{Ailment::AgentSilent, "agent " + agent.name + " at " + agent.address +
                                               " does not answer: " + agent.probe_error};
  }
  return std::nullopt;
}

// A machine on which other agents than these were installed last, or none.
bool lacks_agents(const InstanceObserved& observed) {
  return observed.agents_mark && observed.server &&
         observed.server->agents_mark != *observed.agents_mark;
}

// Its first boot may not be over.
bool is_starting(const Instance& instance, Ailment ailment) {
  return (ailment == Ailment::AgentSilent || ailment == Ailment::NoAddress) &&
         instance.status.bootstrap.state != "Succeeded";
}

// How much longer the ailment is borne before the first step. Zero or less: act.
milliseconds grace_left(const Instance& instance, const InstanceObserved& observed,
                        Ailment ailment) {
  const RemediationSpec& spec = instance.spec.remediation;
  const InstanceRemediation& record = instance.status.remediation;
  if (planted(Bug::RepairWithoutGrace)) return milliseconds(0);
  switch (ailment) {
    case Ailment::Gone:  // seen gone twice, a while apart: one 404 may be a lie
      if (record.unhealthy_since.empty()) return kGoneGrace;
      return kGoneGrace - age_of(record.unhealthy_since, observed);
    case Ailment::NeverBuilt: {
      // Another flavor or zone may have a host: no reason to wait.
      const bool no_host = observed.server && observed.server->fault &&
                           is_no_valid_host(observed.server->fault->message);
      if (no_host && has_untried_placement(instance)) return milliseconds(0);
      // As long as it is there it takes the place of one that could be made. The next try waits.
      if (observed.server && observed.server->fault &&
          is_quota_fault(observed.server->fault->message)) {
        return milliseconds(0);
      }
      // Rounds of tries.
      const auto round = static_cast<std::size_t>(std::max<std::int64_t>(0, record.retries)) /
                         count_placements(instance.spec.server);
      return create_wait(instance, static_cast<std::int64_t>(round) + 1) -
             age_of(instance.status.claim.since, observed);
    }
    case Ailment::Error:
    case Ailment::NoAddress:
    case Ailment::AgentSilent:
      break;
  }
  if (is_starting(instance, ailment)) {
    return seconds(spec.startup_timeout_seconds) - age_of(instance.status.booted_at, observed);
  }
  if (record.unhealthy_since.empty()) return seconds(spec.unhealthy_after_seconds);
  return seconds(spec.unhealthy_after_seconds) - age_of(record.unhealthy_since, observed);
}

bool can_help(const std::string& step, Ailment ailment, const InstanceObserved& observed) {
  if (observed.agents_mark && step != "RestartAgent" && step != "Reinstall") {
    // A machine is neither started anew nor replaced, but for one that has lost its mark.
    return ailment == Ailment::Gone && step == "Replace";
  }
  if (step == "Reinstall") return ailment == Ailment::AgentSilent && observed.agents_mark;
  if (step == "RestartAgent") {
    return ailment == Ailment::AgentSilent && observed.may_restart_agents;
  }
  if (ailment == Ailment::AgentSilent) return true;
  if (ailment == Ailment::Error) return step != "SoftReboot";
  return step == "Replace";
}

// The step after `last` ("" for the first) that can help; "" when the ladder is at its end.
std::string next_step(const RemediationSpec& spec, const std::string& last, Ailment ailment,
                      const InstanceObserved& observed) {
  auto from = spec.steps.begin();
  if (!last.empty()) {
    auto at = std::ranges::find(spec.steps, last);
    if (at != spec.steps.end()) from = std::next(at);
  }
  auto found = std::find_if(from, spec.steps.end(), [&](const std::string& step) {
    return can_help(step, ailment, observed);
  });
  return found == spec.steps.end() ? "" : *found;
}

constexpr const char* kAsked = "a person asked for it (annotation clickdeploy.io/remediate)";
constexpr std::string_view kRemediateAnnotation = "clickdeploy.io/remediate";
constexpr std::string_view kSkipAnnotation = "clickdeploy.io/skip-remediation";

// How long a step has to show effect. An agent answers seconds after its restart, or not at all.
seconds time_of(const std::string& step, const RemediationSpec& spec) {
  const seconds asked(spec.step_timeout_seconds);
  return step == "RestartAgent" ? std::min(asked, kAgentRestart) : asked;
}

Rest rest(milliseconds look_again, std::string_view reason, std::string message) {
  return Rest{look_again, std::string(reason), std::move(message)};
}

}  // namespace

bool skips_remediation(const Instance& instance) {
  const auto mark = instance.metadata.annotations.find(std::string(kSkipAnnotation));
  return mark != instance.metadata.annotations.end() && mark->second != "false";
}

std::string asked_step(const Instance& instance) {
  const auto wish = instance.metadata.annotations.find(std::string(kRemediateAnnotation));
  if (wish == instance.metadata.annotations.end()) return "";
  const bool of_both = wish->second == "Replace";
  const bool known = instance.spec.server.is_machine()
                         ? of_both || wish->second == "Reinstall"
                         : of_both || wish->second == "SoftReboot" || wish->second == "HardReboot";
  return known ? wish->second : "";
}

bool is_asked_for(const Instance& instance) {
  return !instance.status.remediation.step.empty() &&
         instance.status.remediation.last_reason == kAsked;
}

bool ails(const Instance& instance, const InstanceObserved& observed) {
  return diagnose(instance, observed).has_value();
}

std::optional<std::string> unhealthy_reason(const Instance& instance,
                                            const InstanceObserved& observed) {
  std::optional<Diagnosis> diagnosis = diagnose(instance, observed);
  if (!diagnosis) return std::nullopt;
  // While agents are still being installed, silence is not an ailment.
  if (is_starting(instance, diagnosis->ailment) &&
      grace_left(instance, observed, diagnosis->ailment) > milliseconds(0)) {
    return std::nullopt;
  }
  return diagnosis->reason;
}

std::optional<InstanceAction> plan_repair(const Instance& instance,
                                          const InstanceObserved& observed) {
  const RemediationSpec& spec = instance.spec.remediation;
  const InstanceRemediation& record = instance.status.remediation;
  // Somebody who looks at the server knows more than we do: no grace, no brake, no budget.
  if (const std::string step = asked_step(instance); !step.empty() && observed.server) {
    return BeginRepair{step, kAsked};
  }
  const std::optional<Diagnosis> diagnosis = diagnose(instance, observed);
  if (!diagnosis) {
    if (record.step.empty() || !observed.server) return std::nullopt;
    // One that somebody stopped does not hold the place of the repair that it had begun.
    if (is_stopped(observed.server->status)) return EndRepair{};
    const bool recovered =
        observed.server->status == "ACTIVE" &&
        std::ranges::all_of(observed.agents, [](const AgentObserved& agent) {
          return agent.target == TargetView::Up || agent.probe == AgentObserved::Probe::Answers;
        });
    if (recovered) return EndRepair{};
    return std::nullopt;
  }
  // What is not installed yet cannot answer: that takes an installation, which is no repair.
  if (diagnosis->ailment == Ailment::AgentSilent && lacks_agents(observed)) return std::nullopt;
  const milliseconds grace = grace_left(instance, observed, diagnosis->ailment);
  const bool starting = is_starting(instance, diagnosis->ailment);
  if (grace > milliseconds(0) && (record.step.empty() || starting)) {
    // A time of day, not a countdown: the same text until something changes.
    const WallTime due = std::chrono::round<seconds>(observed.now + grace);
    return rest(
        std::min(kRepairPoll, grace), api::kProgressing,
        diagnosis->reason + "; repair begins at " + format_time(due) + " if it does not recover");
  }
  if (skips_remediation(instance)) {
    return rest(
        kStoppedPoll, api::kBlocked,
        diagnosis->reason +
            "; the annotation clickdeploy.io/skip-remediation keeps it from being repaired");
  }
  if (!spec.enabled) {
    return rest(kStoppedPoll, api::kBlocked,
                diagnosis->reason + "; spec.remediation.enabled is false");
  }
  if (!record.step.empty()) {
    const seconds running = age_of(record.started_at, observed);
    if (running < time_of(record.step, spec)) {
      return rest(kRepairPoll, api::kProgressing,
                  record.step + " was begun at " + record.started_at + " because " +
                      record.last_reason + "; waiting for its effect");
    }
  }
  const bool counts = diagnosis->ailment != Ailment::NeverBuilt;
  if (counts && record.retries >= spec.max_retries) {
    return rest(kStoppedPoll, api::kFailed,
                diagnosis->reason + "; " + std::to_string(record.retries) +
                    " repairs did not help. Look at the server, then change the spec or delete "
                    "the Instance");
  }
  std::string step = next_step(spec, record.step, diagnosis->ailment, observed);
  if (step.empty())
    step = next_step(spec, "", diagnosis->ailment, observed);  // once more from the bottom
  if (step.empty()) {
    return rest(kStoppedPoll, api::kBlocked,
                diagnosis->reason + "; no step of spec.remediation.steps can repair that");
  }
  if (counts && observed.budget.blocked && !planted(Bug::BrakeIgnored)) {
    return rest(kRepairPoll, api::kBlocked,
                diagnosis->reason +
                    "; the brake is on: " + std::to_string(observed.budget.unhealthy) +
                    " Instances of the " + observed.budget.scope + " are unhealthy, " +
                    std::to_string(observed.budget.unhealthy_max) +
                    " may be (spec.remediation.maxUnhealthy). It lifts when others recover");
  }
  if (counts && !observed.budget.slot_free && !planted(Bug::InFlightIgnored)) {
    return rest(kRepairPoll, api::kWaiting,
                diagnosis->reason +
                    "; waiting for another repair to end "
                    "(spec.remediation.maxInFlight)");
  }
  return BeginRepair{step, diagnosis->reason};
}

}  // namespace clickdeploy::reconcilers
