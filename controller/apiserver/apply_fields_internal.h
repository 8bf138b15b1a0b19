// Server-side apply as a function: the object there is and the body applied → the object to be.

#pragma once

#include "controller/apiserver/api_error_internal.h"
#include "controller/apiserver/managed_fields_internal.h"

#include <optional>

namespace clickdeploy::apiserver {

struct ApplyRequest {
  const api::ResourceInfo& info;
  Writer writer;
  bool force = false;
};

// `live` is null if there is no object yet. The result has its managedFields, and not yet the
// defaults of what went. 400 if the body is of another kind or has managedFields, 500 if it does
// not fit the schema, 409 if others own what it would change and `force` is not set.
Answer<Json> apply_fields(const ApplyRequest& request, const Json* live, const Json& applied);

// 409; the `fields` of each owner are those that it owns and the apply would change.
std::unexpected<ApiError> refuse_conflicts(FieldOwners conflicts);

// kubectl's client-side apply leaves its body in an annotation. Fields that stand there with the
// value that the object has are kubectl's own, whoever is written as their owner: an apply by the
// manager kubectl takes them without force. nullopt if there is no such annotation to go by.
std::optional<FieldSet> fields_last_applied(const api::ResourceInfo& info, const Json& live);
// After an apply by kubectl the annotation, where there is one, is the body that was applied.
void renew_last_applied(const Json& applied, Json& object);

}  // namespace clickdeploy::apiserver
