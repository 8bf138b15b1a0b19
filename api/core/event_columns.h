// The computed cells of an Event's table row.

#pragma once

#include "controller/base/json.h"
#include "controller/base/text.h"

namespace clickdeploy::api::core {

Json event_last_seen(const Json& event, WallTime now);
Json event_first_seen(const Json& event, WallTime now);
Json event_object(const Json& event, WallTime now);  // "service/web"
Json event_source(const Json& event, WallTime now);  // "controller, host"
Json event_count(const Json& event, WallTime now);

}  // namespace clickdeploy::api::core
