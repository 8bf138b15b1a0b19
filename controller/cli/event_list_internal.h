// Events, read for people: the oldest first.

#pragma once

#include "api/scheme.h"
#include "controller/cli/session_internal.h"
#include "controller/client/client.h"

#include <string>

namespace clickdeploy::cli {

// Selects the events of one object.
client::Query events_about(const api::ResourceInfo& info, const std::string& name);

// "" is all namespaces.
Task<Result<client::ObjectList>> list_events(Session& session, std::string namespace_name,
                                             client::Query query);

}  // namespace clickdeploy::cli
