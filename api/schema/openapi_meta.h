// The schemas that every OpenAPI document has besides those of its kinds: ObjectMeta and what it
// refers to.

#pragma once

#include "controller/base/json.h"

#include <string_view>

namespace clickdeploy::api {

inline constexpr std::string_view kMetaPrefix = "io.k8s.apimachinery.pkg.apis.meta.v1.";
inline constexpr std::string_view kScaleComponent = "io.k8s.api.autoscaling.v1.Scale";

// {"allOf": [{"$ref": "#/components/schemas/…"}], "description": …}
Json schema_reference(std::string_view component, std::string_view description);

// Component name → schema.
Json meta_schemas();
void add_scale_schemas(Json& schemas);  // what the subresource scale is

}  // namespace clickdeploy::api
