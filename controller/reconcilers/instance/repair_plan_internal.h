// The ladder: which repair step an unhealthy Instance needs now, if any.

#pragma once

#include "controller/reconcilers/instance/instance_plan.h"

#include <optional>

namespace clickdeploy::reconcilers {

// Is there an ailment, whatever is being done about it?
bool ails(const Instance& instance, const InstanceObserved& observed);

// Nullopt: healthy, nothing to repair. Pure.
std::optional<InstanceAction> plan_repair(const Instance& instance,
                                          const InstanceObserved& observed);

}  // namespace clickdeploy::reconcilers
