// Retry-After: seconds, or an HTTP date.

#pragma once

#include "controller/base/text.h"

#include <chrono>
#include <optional>
#include <string_view>

namespace clickdeploy::openstack {

// How long to wait, at most an hour; nullopt if malformed.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, WallTime now);

}  // namespace clickdeploy::openstack
