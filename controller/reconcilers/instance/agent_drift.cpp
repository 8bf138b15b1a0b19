#include "controller/reconcilers/instance/agent_drift.h"

#include "controller/agents/version.h"
#include "controller/reconcilers/instance/agent_convert_internal.h"
#include "controller/reconcilers/instance/repair_plan_internal.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::AgentSpec;
using api::v1alpha1::AgentStatus;

namespace {

constexpr std::chrono::milliseconds kEffectWait{5'000};
constexpr const char* kReplaced =
    "the Service replaces the server within spec.rollout (repair.onDrift of the policy is Replace)";

const AgentSpec* spec_of(const Instance& instance, const std::string& agent) {
  const auto found = std::ranges::find(instance.spec.agents, agent, &AgentSpec::name);
  return found == instance.spec.agents.end() ? nullptr : &*found;
}

// What is done about it where a restart is of no use; `advice` is for where nothing may be done.
Correction undo(const Instance& instance, const InstanceObserved& observed, std::string advice) {
  if (!observed.replace_drifted) return OnlyTell{std::move(advice)};
  if (!observed.agents_mark) return OnlyTell{kReplaced};
  if (!instance.spec.remediation.enabled || skips_remediation(instance)) {
    return OnlyTell{"nothing is done about it, because repairs of this Instance are switched off"};
  }
  return InstallAnew{};
}

// What a person can do who does not want that to be done always.
std::string advice_of(const InstanceObserved& observed) {
  if (observed.agents_mark) {
    return "have the agents installed anew: repair.onDrift: Replace in the policy, or the "
           "annotation clickdeploy.io/remediate: Reinstall on this Instance";
  }
  return "have the server replaced: repair.onDrift: Replace in the policy, or the annotation "
         "clickdeploy.io/remediate: Replace on this Instance";
}

bool may_restart(const Instance& instance, const InstanceObserved& observed,
                 const agents::Agent& agent) {
  const api::v1alpha1::RemediationSpec& spec = instance.spec.remediation;
  return observed.may_restart_agents && spec.enabled && !skips_remediation(instance) &&
         std::ranges::find(spec.steps, "RestartAgent") != spec.steps.end() &&
         !agents::restart_command(agent).empty();
}

void compare_version(std::vector<Drift>& found, const Instance& instance,
                     const InstanceObserved& observed, const AgentObserved& seen,
                     const agents::Agent& agent) {
  const std::string wanted = agents::wanted_version(agent);
  if (wanted.empty() || seen.version.empty() || agents::is_version(seen.version, wanted)) return;
  Drift drift{.field = seen.name + " version",
              .wanted = wanted,
              .found = seen.version,
              .correction = undo(instance, observed,
                                 "it is only told of. Put the version back on the server, or " +
                                     advice_of(observed))};
  if (!agents::is_version(installed_version(instance, seen), wanted)) {
    drift.as_installed = true;
    drift.correction = OnlyTell{
        "the server has had it from the start, so another server would have it too. Correct "
        "version or install of the agent in the policy, or the image of the Service"};
  } else if (may_restart(instance, observed, agent)) {
    drift.correction = RestartAgent{seen.name};
  }
  found.push_back(std::move(drift));
}

void compare_settings(std::vector<Drift>& found, const Instance& instance,
                      const InstanceObserved& observed, const AgentObserved& seen,
                      const agents::Agent& agent) {
  const std::string wanted = agents::settings_mark(agent);
  if (seen.settings.empty() || seen.settings == wanted) return;
  found.push_back({.field = seen.name + " settings",
                   .wanted = "those marked " + wanted,
                   .found = "those marked " + seen.settings,
                   .correction = undo(instance, observed,
                                      "the agent was installed with other settings than the "
                                      "Instance has now; " +
                                          advice_of(observed))});
}

// The password has changed since the server was made, for instance.
Drift refusal_of(const Instance& instance, const InstanceObserved& observed,
                 const AgentObserved& seen) {
  const std::string advice =
      "an agent gets its password when it is installed. Put the old one "
      "back, or " +
      advice_of(observed);
  return {.field = seen.name + " access",
          .wanted = "that of the policy",
          .found = "another (" + seen.probe_error + ")",
          .correction = undo(instance, observed, advice)};
}

std::string outlook_of_installation(const Drift& drift) {
  if (!drift.refusal.empty()) {
    return "the agents could not be installed anew: " + drift.refusal + "; next try at " +
           drift.next_at;
  }
  if (drift.asked) return "the agents are being installed anew";
  if (drift.wait > std::chrono::milliseconds(0)) {
    return "what was done about it did not help (" + std::to_string(drift.times) +
           " times); the agents are installed anew at " + drift.next_at;
  }
  return "the agents are installed anew (repair.onDrift of the policy is Replace)";
}

std::string outlook(const Drift& drift) {
  if (const auto* tell = std::get_if<OnlyTell>(&drift.correction)) return tell->advice;
  if (std::holds_alternative<InstallAnew>(drift.correction)) return outlook_of_installation(drift);
  if (!drift.refusal.empty()) {
    return "it could not be restarted over SSH: " + drift.refusal + "; next try at " +
           drift.next_at;
  }
  if (drift.asked) return "it was restarted over SSH";
  if (drift.wait > std::chrono::milliseconds(0)) {
    return "a restart over SSH did not help (" + std::to_string(drift.times) +
           " times); next try at " + drift.next_at +
           ". Install the version that is asked for, or have the server replaced: "
           "repair.onDrift: Replace in the policy";
  }
  return "it is restarted over SSH";
}

// Those that tell no version although one is asked for.
std::vector<std::string> untold_versions(const Instance& instance,
                                         const InstanceObserved& observed) {
  std::vector<std::string> names;
  for (const AgentObserved& seen : observed.agents) {
    const AgentSpec* spec = spec_of(instance, seen.name);
    if (spec == nullptr || !seen.version.empty()) continue;
    const std::string wanted = agents::wanted_version(convert_agent(*spec));
    if (!wanted.empty()) names.push_back(seen.name + " " + wanted);
  }
  return names;
}

}  // namespace

std::string installed_version(const Instance& instance, const AgentObserved& seen) {
  const auto known = std::ranges::find(instance.status.agents, seen.name, &AgentStatus::name);
  const AgentSpec* spec = spec_of(instance, seen.name);
  const std::string wanted = spec == nullptr ? "" : agents::wanted_version(convert_agent(*spec));
  const bool right =
      !wanted.empty() && !seen.version.empty() && agents::is_version(seen.version, wanted);
  const bool first = known == instance.status.agents.end() || known->installed_version.empty();
  return right || first ? seen.version : known->installed_version;
}

std::optional<std::vector<Drift>> find_agent_drift(const Instance& instance,
                                                   const InstanceObserved& observed) {
  if (observed.agents.empty()) return std::nullopt;
  std::vector<Drift> found;
  for (const AgentObserved& seen : observed.agents) {
    const bool refuses = seen.probe == AgentObserved::Probe::Refuses;
    if (!refuses && seen.probe != AgentObserved::Probe::Answers) return std::nullopt;
    const AgentSpec* spec = spec_of(instance, seen.name);
    if (spec == nullptr) continue;
    if (refuses) {
      found.push_back(refusal_of(instance, observed, seen));
      continue;
    }
    const agents::Agent agent = convert_agent(*spec);
    compare_version(found, instance, observed, seen, agent);
    compare_settings(found, instance, observed, seen, agent);
  }
  return found;
}

void give_up_restarting(std::vector<Drift>& drift, const Instance& instance,
                        const InstanceObserved& observed) {
  for (Drift& each : drift) {
    const bool tried = each.times > 0 && std::holds_alternative<RestartAgent>(each.correction);
    if (tried && observed.replace_drifted) each.correction = undo(instance, observed, "");
  }
}

std::optional<InstanceAction> plan_new_agents(const InstanceObserved& observed) {
  if (!observed.agent_drift) return std::nullopt;
  for (const Drift& drift : *observed.agent_drift) {
    const bool anew = std::holds_alternative<InstallAnew>(drift.correction);
    if (anew && drift.is_due()) return CorrectAgent{drift.field};
  }
  return std::nullopt;
}

std::optional<InstanceAction> plan_restarts(const InstanceObserved& observed) {
  if (!observed.agent_drift) return std::nullopt;
  for (const Drift& drift : *observed.agent_drift) {
    if (drift.is_due()) return CorrectAgent{drift.field};
  }
  for (const Drift& drift : *observed.agent_drift) {
    if (!drift.asked || !drift.refusal.empty()) continue;
    const bool anew = std::holds_alternative<InstallAnew>(drift.correction);
    return Rest{kEffectWait, std::string(api::kProgressing),
                std::string("the agent was ") + (anew ? "installed anew" : "restarted") +
                    " because its " + describe_drift(drift)};
  }
  return std::nullopt;
}

api::Condition agent_drift_condition(const std::vector<Drift>& drift, const Instance& instance,
                                     const InstanceObserved& observed) {
  api::Condition condition;
  condition.type = kAgentsUpToDate;
  condition.status = api::ConditionStatus::False;
  std::vector<std::string> sentences;
  for (const Drift& each : drift) sentences.push_back(describe_drift(each) + ": " + outlook(each));
  const std::vector<std::string> untold = untold_versions(instance, observed);
  if (!untold.empty()) {
    sentences.push_back("whether it is " + join(untold, ", ") +
                        " that runs is not known: the agent tells no version");
  }
  if (drift.empty()) {
    condition.status = api::ConditionStatus::True;
    condition.reason = api::kSucceeded;
    sentences.insert(sentences.begin(), "the agents are what the spec says");
    condition.message = join(sentences, "; ");
    return condition;
  }
  const bool told = std::ranges::any_of(drift, [](const Drift& each) {
    return !each.as_installed && std::holds_alternative<OnlyTell>(each.correction);
  });
  const bool wrong = std::ranges::any_of(drift, &Drift::as_installed);
  const bool held = std::ranges::any_of(drift, [](const Drift& each) {
    return (each.wait > std::chrono::milliseconds(0) && !each.asked) || !each.refusal.empty();
  });
  condition.reason = told    ? kDriftedReason
                     : wrong ? api::kInvalidConfiguration
                     : held  ? api::kWaiting
                             : api::kProgressing;
  condition.message = join(sentences, ". ");
  return condition;
}

bool has_drifted_agents(const Instance& instance) {
  const api::Condition* told = api::find_condition(instance.status.conditions, kAgentsUpToDate);
  return told != nullptr && told->status == api::ConditionStatus::False &&
         told->reason == kDriftedReason;
}

}  // namespace clickdeploy::reconcilers
