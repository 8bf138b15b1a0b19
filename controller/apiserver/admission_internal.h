// Admission: what a body must pass to become a stored object. Decode, prune, default, the rules for
// metadata, generation and status, validate: all pure, so that a write can be tried again.

#pragma once

#include "controller/apiserver/core_internal.h"
#include "controller/apiserver/managed_fields_internal.h"
#include "controller/apiserver/options_internal.h"
#include "controller/apiserver/typed_decode_internal.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::apiserver {

// The body of a POST or PUT as a JSON object. What is wrong with single fields but can be dropped
// ("duplicate field \"spec.image\"") is appended to `problems`.
Answer<Json> decode_body(const Call& call, std::vector<std::string>& problems);

// apiVersion and kind are those of the target, metadata is well typed, and nothing is in it that
// the schema does not name; what was dropped is appended to `problems`.
Answer<bool> conform(const Target& target, Json& object, std::vector<std::string>& problems);

// The same, but a value of the wrong type is told in `misfit`, and the answer is false.
Answer<bool> conform(const Target& target, Json& object, std::vector<std::string>& problems,
                     std::optional<Misfit>& misfit);

// What fieldValidation makes of the problems of a POST or PUT: warnings, or a 400.
Answer<bool> settle_problems(Call& call, const std::vector<std::string>& problems,
                             FieldValidation validation);
// The same for a patch: a 422 that shows the patched object.
Answer<bool> settle_patch_problems(Call& call, const std::vector<std::string>& problems,
                                   FieldValidation validation, const Json& patched);

// A 422 for a patch that leads to nothing that can be read. Of a Secret nothing is shown.
std::unexpected<ApiError> bad_patch(const api::ResourceInfo& info, const std::string& shown,
                                    std::string_view why);

// Name and namespace of the body against those of the path.
Answer<bool> check_identity(const Target& target, Json& object);

// 422 for an object with these faults.
std::unexpected<ApiError> invalid_object(const api::ResourceInfo& info, const Json& object,
                                         const api::FieldErrors& errors);

// A conforming body → the object to create: named, stamped, defaulted, validated.
// managedFields are brought up to date.
Answer<Json> admit_create(const Core& core, const Target& target, Json object,
                          const Writer& writer);

// A conforming body and the stored object → the object to store in its place. With the subresource
// "status" only status is taken from the body.
Answer<Json> admit_update(const Target& target, Json object, const Json& old, const Writer& writer);

// Equal but for metadata.resourceVersion: there is nothing to write.
bool is_same(const Json& a, const Json& b);

}  // namespace clickdeploy::apiserver
