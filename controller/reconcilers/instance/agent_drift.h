// Agents that answer, but are not what the Instance says: another version, or other settings than
// those of its spec. Pure.
//
//   another version than was installed   somebody changed it on the server: the agent is restarted
//       where SSH is allowed, for what is installed may be right and only what runs be old; if that
//       is not allowed or does not help, it is told, or the server replaced, as the policy says; on
//       a machine that exists already the agents are installed anew instead
//   another version from the start       whatever installs it brings another: only told, since a
//       new server would have the same
//   other settings                       it was installed before its Instance was written, as for
//       one that was found again: told, or replaced

#pragma once

#include "controller/reconcilers/instance/instance_plan.h"

namespace clickdeploy::reconcilers {

inline constexpr const char* kAgentsUpToDate = "AgentsUpToDate";

// For status.agents[].installedVersion: the first version that the agent told on this server, or a
// later one that was the right one. An image may bring one that the first boot replaces.
std::string installed_version(const Instance& instance, const AgentObserved& seen);

// Nullopt unless every agent was asked in this pass and answers as this Instance. What DriftBook
// adds is not there yet; see give_up_restarting.
std::optional<std::vector<Drift>> find_agent_drift(const Instance& instance,
                                                   const InstanceObserved& observed);

// After DriftBook::look: what a restart did not mend is mended otherwise, if the policy says so.
void give_up_restarting(std::vector<Drift>& drift, const Instance& instance,
                        const InstanceObserved& observed);

// What is due: agents of a machine that are to be installed anew, whether or not Prometheus gets
// in; one that is to be started again, or the wait until its effect shows. Nullopt: nothing.
std::optional<InstanceAction> plan_new_agents(const InstanceObserved& observed);
std::optional<InstanceAction> plan_restarts(const InstanceObserved& observed);

// The condition AgentsUpToDate: type, status, reason and message.
api::Condition agent_drift_condition(const std::vector<Drift>& drift, const Instance& instance,
                                     const InstanceObserved& observed);

// Is this a server that its Service is to replace, when its policy says so?
bool has_drifted_agents(const Instance& instance);

}  // namespace clickdeploy::reconcilers
