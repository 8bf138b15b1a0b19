// What people read about an Instance: derived from its record and the observation. Pure.

#pragma once

#include "controller/reconcilers/instance/instance_plan.h"

namespace clickdeploy::reconcilers {

// The status to write: the record in `instance.status` (claim, server id, resources, repair) is
// kept, all else is derived. `rest` is the plan's last answer.
api::v1alpha1::InstanceStatus report_instance(const Instance& instance,
                                              const InstanceObserved& observed, const Rest& rest);

// Would writing `next` tell anybody anything new? Times of last samples and syncs alone are written
// at most once a minute.
bool is_worth_writing(const api::v1alpha1::InstanceStatus& before,
                      const api::v1alpha1::InstanceStatus& next, WallTime now);

}  // namespace clickdeploy::reconcilers
