// What a Prometheus needs that finds servers in OpenStack by itself (OpenStackSD).

#pragma once

#include "controller/cli/session_internal.h"
#include "controller/reconcilers/metrics_backend/openstack_sd.h"

#include <string>
#include <vector>

namespace clickdeploy::cli {

struct OpenStackTargets {
  std::vector<reconcilers::Discovery> jobs;
  reconcilers::OpenStackSource source;
  std::string explanation;  // lines of comment: what a person has to put where
};

// Of this MetricsBackend. InvalidArgument if it cannot be: its Services are in several clouds, say.
Task<Result<OpenStackTargets>> find_in_openstack(Session& session, Json backend);

}  // namespace clickdeploy::cli
