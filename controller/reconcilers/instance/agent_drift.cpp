#include "controller/reconcilers/instance/agent_drift.h"

#include "controller/agents/version.h"
#include "controller/reconcilers/instance/agent_convert_internal.h"
#include "controller/reconcilers/instance/repair_plan_internal.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::AgentSpec;
using api::v1alpha1::AgentStatus;

namespace {

constexpr const char* kReplaced =
    "the Service replaces the server within spec.rollout (repair.onDrift of the policy is Replace)";

const AgentSpec* spec_of(const Instance& instance, const std::string& agent) {
  const auto found = std::ranges::find(instance.spec.agents, agent, &AgentSpec::name);
  return found == instance.spec.agents.end() ? nullptr : &*found;
}

bool may_restart(const Instance& instance, const InstanceObserved& observed,
                 const agents::Agent& agent) {
  const api::v1alpha1::RemediationSpec& spec = instance.spec.remediation;
  return observed.may_restart_agents && spec.enabled && !skips_remediation(instance) &&
         std::ranges::find(spec.steps, "RestartAgent") != spec.steps.end() &&
         !agents::restart_command(agent).empty();
}

std::string how_to_undo(const InstanceObserved& observed) {
  if (observed.replace_drifted) return kReplaced;
  return "it is only told of. Put the version back on the server, or have the server replaced: "
         "repair.onDrift: Replace in the policy, or the annotation clickdeploy.io/remediate: "
         "Replace on this Instance";
}

void compare_version(std::vector<Drift>& found, const Instance& instance,
                     const InstanceObserved& observed, const AgentObserved& seen,
                     const agents::Agent& agent) {
  const std::string wanted = agents::wanted_version(agent);
  if (wanted.empty() || seen.version.empty() || agents::is_version(seen.version, wanted)) return;
  Drift drift{.field = seen.name + " version",
              .wanted = wanted,
              .found = seen.version,
              .correction = OnlyTell{how_to_undo(observed)}};
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

void compare_settings(std::vector<Drift>& found, const InstanceObserved& observed,
                      const AgentObserved& seen, const agents::Agent& agent) {
  const std::string wanted = agents::settings_mark(agent);
  if (seen.settings.empty() || seen.settings == wanted) return;
  const std::string advice =
      observed.replace_drifted
          ? std::string(kReplaced)
          : "the agent was installed with other settings than the Instance has now. Have the "
            "server replaced: repair.onDrift: Replace in the policy, or the annotation "
            "clickdeploy.io/remediate: Replace on this Instance";
  found.push_back({.field = seen.name + " settings",
                   .wanted = "those marked " + wanted,
                   .found = "those marked " + seen.settings,
                   .correction = OnlyTell{advice}});
}

// The password has changed since the server was made, for instance.
Drift refusal_of(const InstanceObserved& observed, const AgentObserved& seen) {
  const std::string advice =
      observed.replace_drifted
          ? std::string(kReplaced)
          : "a server gets its password when it is made. Put the old one back, or have the server "
            "replaced: repair.onDrift: Replace in the policy, or the annotation "
            "clickdeploy.io/remediate: Replace on this Instance";
  return {.field = seen.name + " access",
          .wanted = "that of the policy",
          .found = "another (" + seen.probe_error + ")",
          .correction = OnlyTell{advice}};
}

std::string outlook(const Drift& drift) {
  if (const auto* tell = std::get_if<OnlyTell>(&drift.correction)) return tell->advice;
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
      found.push_back(refusal_of(observed, seen));
      continue;
    }
    const agents::Agent agent = convert_agent(*spec);
    compare_version(found, instance, observed, seen, agent);
    compare_settings(found, observed, seen, agent);
  }
  return found;
}

void give_up_restarting(std::vector<Drift>& drift, bool replace) {
  for (Drift& each : drift) {
    const bool tried = each.times > 0 && std::holds_alternative<RestartAgent>(each.correction);
    if (tried && replace) each.correction = OnlyTell{kReplaced};
  }
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
