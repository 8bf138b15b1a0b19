// The brake: how many repairs a Service allows now. Pure.

#pragma once

#include "controller/reconcilers/instance/instance_plan.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

// "20%" of `total`, at least 1; or a plain number. A malformed text counts as 1.
std::int64_t count_of(const std::string& percent_or_number, std::int64_t total);

// Is a repair of it running? A server that was never built is a failed create, not a failed server:
// retrying it is no repair. One that is made anew in place of a failed one is, until it is healthy.
bool is_repairing(const Instance& instance);

// Is it unhealthy, or being repaired, by its own status?
bool counts_as_unhealthy(const Instance& instance);

// For `instance`, which is unhealthy, among the other Instances of its Cloud. The share of
// spec.remediation.maxUnhealthy holds for its Service and for the whole Cloud; a plain number is
// for the Service, and 20% for the Cloud. `begun` are repairs that the copies at hand may not show
// yet.
RepairBudget plan_repair_budget(const Instance& instance,
                                const std::vector<std::shared_ptr<const Instance>>& others,
                                const std::set<api::ObjectKey>& begun);

}  // namespace clickdeploy::reconcilers
