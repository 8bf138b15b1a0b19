// /healthz, /livez, /readyz and /version.

#pragma once

#include "controller/apiserver/core_internal.h"

#include <optional>

namespace clickdeploy::apiserver {

// nullopt: the path is none of these. Ready is a server whose store has its first object, the
// namespace "default".
std::optional<http::Reply> reply_health(const Core& core, const ApiRequest& request);

}  // namespace clickdeploy::apiserver
