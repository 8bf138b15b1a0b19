// /healthz, /livez, /readyz and /version.

#pragma once

#include "controller/apiserver/request_internal.h"

#include <optional>

namespace clickdeploy::apiserver {

// nullopt: the path is none of these.
std::optional<http::Reply> reply_health(const ApiRequest& request);

}  // namespace clickdeploy::apiserver
