// The calls that find, make, attach and delete parts: one switch over their kinds each.

#pragma once

#include "controller/reconcilers/cloud/cloud_connections.h"
#include "controller/reconcilers/instance/instance_plan.h"

#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

// Everything that carries the Instance's marks: with its claim's token, if it has a claim, and with
// its uid. Only the kinds that its template or its record names are looked for.
Task<Result<std::vector<Part>>> find_parts(CloudConnection& cloud, Instance instance,
                                           std::string cluster_id);

// `found` are the parts that are there.
Task<Result<Part>> create_part(CloudConnection& cloud, Instance instance, std::string cluster_id,
                               ResolvedServer resolved, std::vector<Part> found, WantedPart wanted);

Task<Result<Part>> attach_part(CloudConnection& cloud, PartKind kind, std::string id,
                               std::string to);

// A volume may hold data from now on.
Task<Result<void>> begin_use(CloudConnection& cloud, std::string volume_id);

// Takes our marks off a volume: it is nobody's from then on.
Task<Result<void>> release_volume(CloudConnection& cloud, std::string volume_id);

// One that is gone is a success. Of a volume success says that the cloud has begun.
Task<Result<void>> delete_part(CloudConnection& cloud, PartKind kind, std::string id);

}  // namespace clickdeploy::reconcilers
