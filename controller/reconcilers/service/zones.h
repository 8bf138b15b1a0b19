// The availability zone of a new Instance: servers of a Service are spread evenly. Pure.

#pragma once

#include "api/v1alpha1/instance.h"
#include "api/v1alpha1/service.h"

#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

// The zone of the template that has the fewest Instances of that revision, the first of equals; ""
// if the template names none. One that ended up in another zone counts there.
std::string choose_zone(const api::v1alpha1::Service& service,
                        const std::vector<api::v1alpha1::Instance>& instances,
                        const std::string& revision);

}  // namespace clickdeploy::reconcilers
