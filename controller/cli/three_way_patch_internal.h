// Three-way merge, as kubectl's client-side apply does it for custom resources, with the same
// annotation, so that both tools can be used in turn on one object.

#pragma once

#include "controller/base/error.h"
#include "controller/base/json.h"

namespace clickdeploy::cli {

inline constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

// The object of a file as it is sent: with itself in the annotation.
Json with_last_applied(Json object);

// The object that `live` was last made from; null if it carries none. InvalidArgument if the
// annotation cannot be read.
Result<Json> last_applied_of(const Json& live);

// The merge patch that brings `live` to `modified`: what is new or other in `modified`, and null
// for what was in `original` and is not in `modified`. An empty object: nothing to do.
Json three_way_patch(const Json& original, const Json& modified, const Json& live);

}  // namespace clickdeploy::cli
