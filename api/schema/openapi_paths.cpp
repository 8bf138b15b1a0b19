#include "api/schema/openapi_paths.h"

#include "api/schema/openapi_meta.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace clickdeploy::api {
namespace {

using MediaTypes = std::vector<std::string_view>;

const MediaTypes kWhole = {"application/json", "application/yaml"};

// "clickdeploy.io", "v1alpha1" → "io.clickdeploy.v1alpha1."; the core group has Kubernetes' name.
std::string component_prefix(const ResourceInfo& info) {
  if (info.group.empty()) return fmt::format("io.k8s.api.core.{}.", info.version);
  std::vector<std::string> parts = split(info.group, '.');
  if (!info.custom) return fmt::format("io.k8s.api.{}.{}.", parts.front(), info.version);
  std::reverse(parts.begin(), parts.end());
  return fmt::format("{}.{}.", join(parts, "."), info.version);
}

std::string meta(std::string_view name) {
  return std::string(kMetaPrefix) + std::string(name);
}

Json content(const MediaTypes& media_types, std::string_view name) {
  Json result = Json::object();
  for (std::string_view media_type : media_types) {
    result.set(media_type, Json::object({{"schema", openapi_reference(name)}}));
  }
  return Json::object({{"content", result}});
}

Json parameter(std::string_view name, std::string_view type, std::string_view description) {
  return Json::object({{"name", name},
                       {"in", "query"},
                       {"description", description},
                       {"schema", Json::object({{"type", type}, {"uniqueItems", true}})}});
}

Json dry_run() {
  return parameter("dryRun", "string", "All: everything is done but the writing.");
}

Json version() {
  return parameter("resourceVersion", "string", "A state that is not older than this version.");
}

Json write_parameters(bool patch) {
  Json list = Json::array(
      {dry_run(),
       parameter("fieldManager", "string", "Name of the client, for the managed fields."),
       parameter("fieldValidation", "string",
                 "What is done about unknown and duplicate fields: Ignore, Warn or Strict.")});
  if (patch) {
    list.push_back(parameter("force", "boolean", "Take over fields that others manage."));
  }
  return list;
}

Json list_parameters() {
  return Json::array(
      {parameter("allowWatchBookmarks", "boolean", "Whether a watch may tell how far it got."),
       parameter("continue", "string", "Token of the page before."),
       parameter("fieldSelector", "string", "Only objects with these values of fields."),
       parameter("labelSelector", "string", "Only objects with these labels."),
       parameter("limit", "integer", "How many objects at most; the answer has a token then."),
       version(),
       parameter("resourceVersionMatch", "string",
                 "How resourceVersion is meant: Exact or NotOlderThan."),
       parameter("sendInitialEvents", "boolean", "Whether a watch begins with what is there."),
       parameter("timeoutSeconds", "integer", "When a watch ends."),
       parameter("watch", "boolean", "A stream of changes instead of a list.")});
}

Json delete_parameters() {
  return Json::array(
      {dry_run(), parameter("gracePeriodSeconds", "integer", "Seconds before the object goes."),
       parameter("orphanDependents", "boolean", "An older way to say propagationPolicy."),
       parameter("propagationPolicy", "string", "Orphan, Background or Foreground.")});
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
  list.push_back(parameter("pretty", "string", "true: the answer is indented."));
  return list;
}

std::string capitalised(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] -= 'a' - 'A';
  return text;
}

// "clickdeploy.io", "v1alpha1" → "ClickdeployIoV1alpha1": in the names of operations, which are
// unique over all groups.
std::string group_in_names(const ResourceInfo& info) {
  std::string group = info.group.empty() ? "core" : info.group;
  constexpr std::string_view kOfKubernetes = ".k8s.io";
  if (group.ends_with(kOfKubernetes)) group.resize(group.size() - kOfKubernetes.size());
  std::string name;
  for (const std::string& part : split(group, '.')) name += capitalised(part);
  return name + capitalised(info.version);
}

struct Operation {
  std::string_view verb;    // "create": in its name
  std::string_view action;  // "post": in the extension
  std::string thing;        // "NamespacedService"
  std::string answer;       // component
  Json parameters;
};

Json make_operation(const ResourceInfo& info, Operation of) {
  Json responses = Json::object();
  Json ok = content(kWhole, of.answer);
  ok.set("description", "OK");
  responses.set("200", std::move(ok));
  responses.set("401", Json::object({{"description", "Unauthorized"}}));
  return Json::object(
      {{"operationId", fmt::format("{}{}{}", of.verb, group_in_names(info), of.thing)},
       {"parameters", std::move(of.parameters)},
       {"responses", responses},
       {"x-kubernetes-action", of.action},
       {"x-kubernetes-group-version-kind", openapi_kind(info, info.kind)}});
}

Json with_body(Json operation, const MediaTypes& media_types, std::string_view body,
               bool required = true) {
  Json request = content(media_types, body);
  if (required) request.set("required", true);
  operation.set("requestBody", std::move(request));
  return operation;
}

MediaTypes patch_types(const ResourceInfo& info) {
  MediaTypes types = {"application/apply-patch+yaml", "application/json-patch+json",
                      "application/merge-patch+json"};
  if (!info.custom) types.emplace_back("application/strategic-merge-patch+json");
  return types;
}

// GET, PUT and PATCH of an object or of a part of it.
Json make_item(const ResourceInfo& info, const std::string& thing, const std::string& component) {
  Json item = Json::object();
  item.set("parameters", path_parameters(info.namespaced, true));
  item.set("get",
           make_operation(info, {"read", "get", thing, component, Json::array({version()})}));
  if (info.read_only) return item;
  item.set(
      "put",
      with_body(make_operation(info, {"replace", "put", thing, component, write_parameters(false)}),
                kWhole, component));
  item.set(
      "patch",
      with_body(make_operation(info, {"patch", "patch", thing, component, write_parameters(true)}),
                patch_types(info), meta("Patch")));
  return item;
}

}  // namespace

std::string openapi_component(const ResourceInfo& info) {
  return component_prefix(info) + info.kind;
}

Json openapi_reference(std::string_view component) {
  return Json::object({{"$ref", "#/components/schemas/" + std::string(component)}});
}

Json openapi_kind(const ResourceInfo& info, std::string_view kind) {
  return Json::object({{"group", info.group}, {"kind", kind}, {"version", info.version}});
}

void add_openapi_paths(Json& paths, const ResourceInfo& info) {
  const std::string root = info.group.empty()
                               ? "/api/" + info.version
                               : fmt::format("/apis/{}/{}", info.group, info.version);
  const std::string collection =
      root + (info.namespaced ? "/namespaces/{namespace}/" : "/") + info.plural;
  const std::string component = openapi_component(info);
  const std::string thing = (info.namespaced ? "Namespaced" : "") + info.kind;
  const std::string options = meta("DeleteOptions");

  Json many = Json::object();
  many.set("parameters", path_parameters(info.namespaced, false));
  many.set("get",
           make_operation(info, {"list", "list", thing, component + "List", list_parameters()}));
  Json one = make_item(info, thing, component);
  if (!info.read_only) {
    many.set("post", with_body(make_operation(info, {"create", "post", thing, component,
                                                     write_parameters(false)}),
                               kWhole, component));
    many.set("delete",
             with_body(make_operation(info, {"delete", "deletecollection", "Collection" + thing,
                                             meta("Status"), list_parameters()}),
                       kWhole, options, false));
    one.set("delete", with_body(make_operation(info, {"delete", "delete", thing, meta("Status"),
                                                      delete_parameters()}),
                                kWhole, options, false));
  }
  paths.set(collection, std::move(many));
  paths.set(collection + "/{name}", std::move(one));
  if (info.has_status) {
    paths.set(collection + "/{name}/status", make_item(info, thing + "Status", component));
  }
  if (info.scale) {
    paths.set(collection + "/{name}/scale",
              make_item(info, thing + "Scale", std::string(kScaleComponent)));
  }
  if (!info.namespaced) return;
  Json all = Json::object();
  all.set("parameters", path_parameters(false, false));
  all.set("get", make_operation(info, {"list", "list", info.kind + "ForAllNamespaces",
                                       component + "List", list_parameters()}));
  paths.set(root + "/" + info.plural, std::move(all));
}

}  // namespace clickdeploy::api
