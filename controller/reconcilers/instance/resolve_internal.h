// Names of a server template turned into the cloud's ids, and the user-data rendered.

#pragma once

#include "controller/agents/web_config.h"
#include "controller/async/task.h"
#include "controller/reconcilers/cloud/cloud_connections.h"
#include "controller/reconcilers/instance/instance_plan.h"

#include <map>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

// Exactly one match each. InvalidArgument names the field, what was asked for, and the matches, or
// the nearest names where there is none.
// `shared` is what the Service has recorded of its own.
Task<Result<ResolvedServer>> resolve_server(CloudConnection& cloud, const Instance& instance,
                                            std::string user_cloud_config,
                                            std::map<std::string, agents::AgentLock> locks,
                                            std::vector<api::v1alpha1::OwnedResource> shared);

// The one of the flavors that is meant.
Result<openstack::Flavor> choose_flavor(const std::vector<openstack::Flavor>& flavors,
                                        const api::v1alpha1::CloudThing& wanted);

// The ids of the security groups that are meant; `field` names them in errors.
Result<std::vector<std::string>> choose_groups(const std::vector<openstack::SecurityGroup>& groups,
                                               const std::vector<api::v1alpha1::CloudThing>& wanted,
                                               const std::string& field);

// What was resolved, for status.
void record_resolved(api::v1alpha1::ResolvedThings& record, const ResolvedServer& resolved,
                     std::string now);

}  // namespace clickdeploy::reconcilers
