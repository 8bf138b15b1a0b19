// Routes: from a path to what it names. The one place that knows the shape of Kubernetes' paths.

#pragma once

#include "controller/apiserver/core_internal.h"

#include <optional>

namespace clickdeploy::apiserver {

// nullopt: no group, version, resource or path of that form (a plain 404). A subresource that the
// resource does not have is kept in Target::subresource: the caller answers with a Status.
std::optional<Target> find_target(const api::Scheme& scheme, const ApiRequest& request);

}  // namespace clickdeploy::apiserver
