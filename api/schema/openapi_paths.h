// The paths of one kind in an OpenAPI document: what can be asked for, with which parameters.

#pragma once

#include "api/scheme.h"
#include "controller/base/json.h"

#include <string>
#include <string_view>

namespace clickdeploy::api {

// The name of the kind's schema: "io.clickdeploy.v1alpha1.Service".
std::string openapi_component(const ResourceInfo& info);

// {"$ref": "#/components/schemas/…"}
Json openapi_reference(std::string_view component);

Json openapi_kind(const ResourceInfo& info, std::string_view kind);  // group, kind and version

// Adds the collection, the object, its subresources, and the list over all namespaces.
void add_openapi_paths(Json& paths, const ResourceInfo& info);

}  // namespace clickdeploy::api
