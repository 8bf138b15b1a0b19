// Names of a server template turned into the cloud's ids, and the user-data rendered.

#pragma once

#include "controller/async/task.h"
#include "controller/reconcilers/cloud/cloud_connections.h"
#include "controller/reconcilers/instance/instance_plan.h"

#include <string>

namespace clickdeploy::reconcilers {

// Exactly one match each. InvalidArgument names the field, what was asked for, and the matches, or
// the nearest names where there is none.
Task<Result<ResolvedServer>> resolve_server(CloudConnection& cloud, const Instance& instance,
                                            std::string user_cloud_config);

}  // namespace clickdeploy::reconcilers
