// JSON Patch (RFC 6902) and the few rules of Kubernetes' strategic merge patch that core kinds
// need.

#pragma once

#include "controller/apiserver/api_error_internal.h"
#include "controller/base/json.h"

namespace clickdeploy::apiserver {

// Applies all operations or none. 400 if the patch is malformed, 413 if it has more than 10 000
// operations, 422 if an operation does not fit the object.
Answer<Json> apply_json_patch(const Json& object, const Json& patch);

// Maps merge like RFC 7396; metadata.finalizers is a set and metadata.ownerReferences a list keyed
// by uid; `$patch`, `$retainKeys`, `$deleteFromPrimitiveList` and `$setElementOrder` are obeyed.
// Other lists are replaced. 422 for a directive of another kind.
Answer<Json> apply_strategic_patch(const Json& object, const Json& patch);

}  // namespace clickdeploy::apiserver
