// The times in headers: HTTP dates, and Retry-After.

#pragma once

#include "controller/base/text.h"

#include <chrono>
#include <optional>
#include <string_view>

namespace clickdeploy::openstack {

// "Sun, 06 Nov 1994 08:49:37 GMT"; nullopt if malformed.
std::optional<WallTime> parse_http_date(std::string_view text);

// How long to wait, at most an hour; nullopt if malformed.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, WallTime now);

}  // namespace clickdeploy::openstack
