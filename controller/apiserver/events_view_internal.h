// The Events of the group events.k8s.io: other names for the fields of the same objects. What is
// stored is the core form; requests are turned into ones for it, and the answers back.

#pragma once

#include "controller/apiserver/core_internal.h"

#include <string_view>

namespace clickdeploy::apiserver {

inline constexpr std::string_view kEventsGroup = "events.k8s.io";

// Whether the path is one of events.k8s.io/v1, below its list of resources.
bool is_events_view(const ApiRequest& request);

using ResourceHandler = Task<Answer<http::Reply>> (*)(const Core& core, ApiRequest request);

// `handle` is given the same request for core/v1.
Task<Answer<http::Reply>> handle_events_view(const Core& core, ApiRequest request,
                                             ResourceHandler handle);

}  // namespace clickdeploy::apiserver
