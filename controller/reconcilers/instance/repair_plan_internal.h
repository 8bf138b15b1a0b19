// The ladder: which repair step an unhealthy Instance needs now, if any.

#pragma once

#include "controller/reconcilers/instance/instance_plan.h"

#include <optional>

namespace clickdeploy::reconcilers {

// What a restarted agent has to answer; after that the next step is due.
inline constexpr std::chrono::seconds kAgentRestart{60};

// Is there an ailment, whatever is being done about it?
bool ails(const Instance& instance, const InstanceObserved& observed);

// The step that a person asks for by the annotation clickdeploy.io/remediate; "" if none. One that
// is no step is none.
std::string asked_step(const Instance& instance);
// Is the step that runs one that a person asked for?
bool is_asked_for(const Instance& instance);

// Has somebody said, by the annotation clickdeploy.io/skip-remediation, that nothing is repaired?
bool skips_remediation(const Instance& instance);

// Nullopt: healthy, nothing to repair. Pure.
std::optional<InstanceAction> plan_repair(const Instance& instance,
                                          const InstanceObserved& observed);

}  // namespace clickdeploy::reconcilers
