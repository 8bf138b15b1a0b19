#include "api/schema/openapi.h"

#include "api/schema/openapi_meta.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::api {
namespace {

// "clickdeploy.io", "v1alpha1" → "io.clickdeploy.v1alpha1."; the core group has Kubernetes' name.
std::string component_prefix(const ResourceInfo& info) {
  if (info.group.empty()) return fmt::format("io.k8s.api.core.{}.", info.version);
  std::vector<std::string> parts = split(info.group, '.');
  if (!info.custom) return fmt::format("io.k8s.api.{}.{}.", parts.front(), info.version);
  std::reverse(parts.begin(), parts.end());
  return fmt::format("{}.{}.", join(parts, "."), info.version);
}

std::string component(const ResourceInfo& info) {
  return component_prefix(info) + info.kind;
}

Json group_version_kind(const ResourceInfo& info, std::string_view kind) {
  return Json::object({{"group", info.group}, {"kind", kind}, {"version", info.version}});
}

Json plain_reference(std::string_view name) {
  return Json::object({{"$ref", "#/components/schemas/" + std::string(name)}});
}

Json content(const std::vector<std::string_view>& media_types, std::string_view name) {
  Json result = Json::object();
  for (std::string_view media_type : media_types) {
    result.set(media_type, Json::object({{"schema", plain_reference(name)}}));
  }
  return Json::object({{"content", result}});
}

Json kind_schema(const ResourceInfo& info) {
  Json schema = info.schema_json;
  schema.member("properties")
      .set("metadata", schema_reference(std::string(kMetaPrefix) + "ObjectMeta",
                                        "Identity, labels and life of the object."));
  schema.set("x-kubernetes-group-version-kind", Json::array({group_version_kind(info, info.kind)}));
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
                                        {"items", plain_reference(component(info))}}));
  return Json::object({{"description", fmt::format("A list of {}.", info.plural)},
                       {"type", "object"},
                       {"required", Json::array({"items"})},
                       {"properties", properties},
                       {"x-kubernetes-group-version-kind",
                        Json::array({group_version_kind(info, info.list_kind)})}});
}

Json parameter(std::string_view name, std::string_view type, std::string_view description) {
  return Json::object({{"name", name},
                       {"in", "query"},
                       {"description", description},
                       {"schema", Json::object({{"type", type}, {"uniqueItems", true}})}});
}

Json write_parameters(bool patch) {
  Json list = Json::array(
      {parameter("dryRun", "string", "All: everything is done but the writing."),
       parameter("fieldManager", "string", "Name of the client, for the managed fields."),
       parameter("fieldValidation", "string",
                 "What is done about unknown and duplicate fields: Ignore, Warn or Strict.")});
  if (patch) {
    list.push_back(parameter("force", "boolean", "Take over fields that others manage."));
  }
  return list;
}

Json operation(const ResourceInfo& info, std::string_view verb, std::string_view action,
               std::string_view answer) {
  Json responses = Json::object();
  Json ok = content({"application/json", "application/yaml"}, answer);
  ok.set("description", "OK");
  responses.set("200", std::move(ok));
  responses.set("401", Json::object({{"description", "Unauthorized"}}));
  return Json::object(
      {{"operationId", fmt::format("{}{}{}", verb, info.namespaced ? "Namespaced" : "", info.kind)},
       {"responses", responses},
       {"x-kubernetes-action", action},
       {"x-kubernetes-group-version-kind", group_version_kind(info, info.kind)}});
}

Json write_operation(const ResourceInfo& info, std::string_view verb, std::string_view action,
                     const std::vector<std::string_view>& media_types, std::string_view body) {
  Json result = operation(info, verb, action, component(info));
  result.set("parameters", write_parameters(action == "patch"));
  Json request = content(media_types, body);
  request.set("required", true);
  result.set("requestBody", std::move(request));
  return result;
}

Json path_parameters(bool namespaced, bool named) {
  Json list = Json::array();
  const auto add = [&](std::string_view name, std::string_view description) {
    list.push_back(Json::object({{"name", name},
                                 {"in", "path"},
                                 {"description", description},
                                 {"required", true},
                                 {"schema", Json::object({{"type", "string"}})}}));
  };
  if (named) add("name", "Name of the object.");
  if (namespaced) add("namespace", "Namespace of the object.");
  return list;
}

void add_paths(Json& paths, const ResourceInfo& info) {
  const std::string root = info.group.empty()
                               ? "/api/" + info.version
                               : fmt::format("/apis/{}/{}", info.group, info.version);
  const std::string collection =
      root + (info.namespaced ? "/namespaces/{namespace}/" : "/") + info.plural;
  const std::vector<std::string_view> whole = {"application/json", "application/yaml"};
  const std::vector<std::string_view> patches = {"application/apply-patch+yaml",
                                                 "application/json-patch+json",
                                                 "application/merge-patch+json"};

  Json many = Json::object();
  many.set("get", operation(info, "list", "list", component(info) + "List"));
  many.set("parameters", path_parameters(info.namespaced, false));
  Json one = Json::object();
  one.set("get", operation(info, "read", "get", component(info)));
  one.set("parameters", path_parameters(info.namespaced, true));
  if (!info.read_only) {
    many.set("post", write_operation(info, "create", "post", whole, component(info)));
    one.set("put", write_operation(info, "replace", "put", whole, component(info)));
    one.set("patch",
            write_operation(info, "patch", "patch", patches, std::string(kMetaPrefix) + "Patch"));
    one.set("delete", write_operation(info, "delete", "delete", whole,
                                      std::string(kMetaPrefix) + "DeleteOptions"));
  }
  paths.set(collection, std::move(many));
  paths.set(collection + "/{name}", std::move(one));
}

}  // namespace

OpenApiDocument build_openapi(const Scheme& scheme, std::string_view group,
                              std::string_view version) {
  Json paths = Json::object();
  Json schemas = meta_schemas();
  for (const ResourceInfo* info : scheme.resources_of(group, version)) {
    add_paths(paths, *info);
    schemas.set(component(*info), kind_schema(*info));
    schemas.set(component(*info) + "List", list_schema(*info));
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
