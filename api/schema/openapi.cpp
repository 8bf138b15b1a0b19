#include "api/schema/openapi.h"

#include "api/schema/openapi_meta.h"
#include "api/schema/openapi_paths.h"
#include "controller/base/text.h"

#include <fmt/format.h>

namespace clickdeploy::api {
namespace {

Json kind_schema(const ResourceInfo& info) {
  Json schema = info.schema_json;
  schema.member("properties")
      .set("metadata", schema_reference(std::string(kMetaPrefix) + "ObjectMeta",
                                        "Identity, labels and life of the object."));
  schema.set("x-kubernetes-group-version-kind", Json::array({openapi_kind(info, info.kind)}));
  return schema;
}

Json list_schema(const ResourceInfo& info) {
  Json properties = Json::object();
  for (const char* name : {"apiVersion", "kind"}) {
    properties.set(name, Json::object({{"type", "string"}}));
  }
  properties.set("metadata", schema_reference(std::string(kMetaPrefix) + "ListMeta",
                                              "Version of the list, and the next page."));
  properties.set("items", Json::object({{"description", "The objects."},
                                        {"type", "array"},
                                        {"items", openapi_reference(openapi_component(info))}}));
  return Json::object(
      {{"description", fmt::format("A list of {}.", info.plural)},
       {"type", "object"},
       {"required", Json::array({"items"})},
       {"properties", properties},
       {"x-kubernetes-group-version-kind", Json::array({openapi_kind(info, info.list_kind)})}});
}

}  // namespace

OpenApiDocument build_openapi(const Scheme& scheme, std::string_view group,
                              std::string_view version) {
  Json paths = Json::object();
  Json schemas = meta_schemas();
  for (const ResourceInfo* info : scheme.resources_of(group, version)) {
    if (info->scale) add_scale_schemas(schemas);
    add_openapi_paths(paths, *info);
    schemas.set(openapi_component(*info), kind_schema(*info));
    schemas.set(openapi_component(*info) + "List", list_schema(*info));
  }
  const Json document =
      Json::object({{"openapi", "3.0.0"},
                    {"info", Json::object({{"title", "Click Deploy"}, {"version", version}})},
                    {"paths", std::move(paths)},
                    {"components", Json::object({{"schemas", std::move(schemas)}})}});

  OpenApiDocument result;
  result.bytes = to_json(document);
  result.hash = sha256_hex(result.bytes);
  for (char& c : result.hash) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

}  // namespace clickdeploy::api
