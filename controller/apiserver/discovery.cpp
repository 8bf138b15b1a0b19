#include "controller/apiserver/discovery_internal.h"
#include "controller/apiserver/render_internal.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <set>
#include <string_view>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::string_view kVerbs[] = {"create", "delete", "deletecollection", "get",
                                       "list",   "patch",  "update",           "watch"};
constexpr std::string_view kReadVerbs[] = {"get", "list", "watch"};
constexpr std::string_view kSubresourceVerbs[] = {"get", "patch", "update"};

// Kinds that one can only POST: answers, not objects.
struct Review {
  std::string_view group;
  std::string_view plural;
  std::string_view singular;
  std::string_view kind;
};
constexpr Review kReviews[] = {
    {"authorization.k8s.io", "selfsubjectaccessreviews", "selfsubjectaccessreview",
     "SelfSubjectAccessReview"},
    {"authorization.k8s.io", "selfsubjectrulesreviews", "selfsubjectrulesreview",
     "SelfSubjectRulesReview"},
    {"authentication.k8s.io", "selfsubjectreviews", "selfsubjectreview", "SelfSubjectReview"},
};

template <class Texts>
Json json_list(const Texts& texts) {
  Json list = Json::array();
  for (const auto& text : texts) list.push_back(Json(std::string_view(text)));
  return list;
}

Json verbs_of(const api::ResourceInfo& info) {
  return info.read_only ? json_list(kReadVerbs) : json_list(kVerbs);
}

std::string group_version(const std::string& group, const std::string& version) {
  return group.empty() ? version : group + "/" + version;
}

Json legacy_resource(const api::ResourceInfo& info) {
  Json resource = Json::object({{"name", info.plural},
                                {"singularName", info.singular},
                                {"namespaced", info.namespaced},
                                {"kind", info.kind},
                                {"verbs", verbs_of(info)}});
  if (!info.short_names.empty()) resource.set("shortNames", json_list(info.short_names));
  if (!info.categories.empty()) resource.set("categories", json_list(info.categories));
  return resource;
}

Json legacy_subresource(const api::ResourceInfo& info, std::string_view name) {
  Json resource = Json::object({{"name", fmt::format("{}/{}", info.plural, name)},
                                {"singularName", ""},
                                {"namespaced", info.namespaced},
                                {"kind", name == "scale" ? "Scale" : info.kind.c_str()},
                                {"verbs", json_list(kSubresourceVerbs)}});
  if (name == "scale") {
    resource.set("group", "autoscaling");
    resource.set("version", "v1");
  }
  return resource;
}

Json legacy_resources(const api::Scheme& scheme, const std::string& group,
                      const std::string& version) {
  Json resources = Json::array();
  for (const api::ResourceInfo* info : scheme.resources_of(group, version)) {
    resources.push_back(legacy_resource(*info));
    if (info->has_status) resources.push_back(legacy_subresource(*info, "status"));
    if (info->scale) resources.push_back(legacy_subresource(*info, "scale"));
  }
  for (const Review& review : kReviews) {
    if (review.group != group) continue;
    Json resource = Json::object({{"name", review.plural},
                                  {"singularName", review.singular},
                                  {"namespaced", false},
                                  {"kind", review.kind},
                                  {"verbs", Json::array({"create"})}});
    resources.push_back(std::move(resource));
  }
  return resources;
}

Json response_kind(std::string_view group, std::string_view version, std::string_view kind) {
  return Json::object({{"group", group}, {"version", version}, {"kind", kind}});
}

Json aggregated_subresource(const api::ResourceInfo& info, std::string_view name) {
  Json kind = name == "scale" ? response_kind("autoscaling", "v1", "Scale")
                              : response_kind(info.group, info.version, info.kind);
  return Json::object({{"subresource", name},
                       {"responseKind", std::move(kind)},
                       {"verbs", json_list(kSubresourceVerbs)}});
}

Json aggregated_resource(const api::ResourceInfo& info) {
  Json resource =
      Json::object({{"resource", info.plural},
                    {"responseKind", response_kind(info.group, info.version, info.kind)},
                    {"scope", info.namespaced ? "Namespaced" : "Cluster"},
                    {"singularResource", info.singular},
                    {"verbs", verbs_of(info)}});
  if (!info.short_names.empty()) resource.set("shortNames", json_list(info.short_names));
  if (!info.categories.empty()) resource.set("categories", json_list(info.categories));
  Json subresources = Json::array();
  if (info.has_status) subresources.push_back(aggregated_subresource(info, "status"));
  if (info.scale) subresources.push_back(aggregated_subresource(info, "scale"));
  if (!subresources.empty()) resource.set("subresources", std::move(subresources));
  return resource;
}

Json aggregated_version(const api::Scheme& scheme, const std::string& group,
                        const std::string& version) {
  Json resources = Json::array();
  for (const api::ResourceInfo* info : scheme.resources_of(group, version)) {
    resources.push_back(aggregated_resource(*info));
  }
  for (const Review& review : kReviews) {
    if (review.group != group) continue;
    Json resource = Json::object({{"resource", review.plural},
                                  {"responseKind", response_kind(group, version, review.kind)},
                                  {"scope", "Cluster"},
                                  {"singularResource", review.singular},
                                  {"verbs", Json::array({"create"})}});
    resources.push_back(std::move(resource));
  }
  return Json::object(
      {{"version", version}, {"resources", std::move(resources)}, {"freshness", "Current"}});
}

// Groups in order of priority, each with its versions, the preferred one first.
std::vector<std::pair<std::string, std::vector<std::string>>> all_groups(
    const api::Scheme& scheme) {
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  auto add = [&groups](const std::string& group, const std::string& version) {
    for (auto& [name, versions] : groups) {
      if (name != group) continue;
      if (std::find(versions.begin(), versions.end(), version) == versions.end()) {
        versions.push_back(version);
      }
      return;
    }
    groups.push_back({group, {version}});
  };
  for (const auto& [group, version] : scheme.group_versions()) add(group, version);
  for (const Review& review : kReviews) add(std::string(review.group), "v1");
  return groups;
}

Json legacy_group(const std::string& group, const std::vector<std::string>& versions) {
  Json list = Json::array();
  for (const std::string& version : versions) {
    list.push_back(
        Json::object({{"groupVersion", group_version(group, version)}, {"version", version}}));
  }
  Json preferred = list[0];
  return Json::object(
      {{"name", group}, {"versions", std::move(list)}, {"preferredVersion", std::move(preferred)}});
}

// What "/" says: every path that one can begin at.
std::string root_document(const std::map<std::string, std::string>& discovery) {
  std::set<std::string> paths = {"/api",        "/apis",       "/healthz", "/livez",  "/metrics",
                                 "/openapi/v2", "/openapi/v3", "/readyz",  "/version"};
  for (const auto& [path, document] : discovery) paths.insert(path);
  return to_json(Json::object({{"paths", json_list(paths)}}));
}

std::string quoted_hash(const Json& items) {
  return "\"" + sha256_hex(to_json(items)) + "\"";
}

}  // namespace

Discovery::Discovery(const api::Scheme& scheme)
    : scheme_(scheme), core_items_(Json::array()), group_items_(Json::array()) {
  Json legacy_groups = Json::array();
  for (const auto& [group, versions] : all_groups(scheme)) {
    Json aggregated_versions = Json::array();
    for (const std::string& version : versions) {
      const std::string path = group.empty() ? "/api/" + version : "/apis/" + group + "/" + version;
      legacy_[path] =
          to_json(Json::object({{"kind", "APIResourceList"},
                                {"apiVersion", "v1"},
                                {"groupVersion", group_version(group, version)},
                                {"resources", legacy_resources(scheme, group, version)}}));
      aggregated_versions.push_back(aggregated_version(scheme, group, version));
    }
    Json metadata = Json::object({{"creationTimestamp", nullptr}});
    if (!group.empty()) metadata.set("name", group);
    Json item = Json::object(
        {{"metadata", std::move(metadata)}, {"versions", std::move(aggregated_versions)}});
    (group.empty() ? core_items_ : group_items_).push_back(std::move(item));
    if (group.empty()) continue;
    Json one = legacy_group(group, versions);
    legacy_groups.push_back(one);
    one.set("kind", "APIGroup");
    one.set("apiVersion", "v1");
    legacy_["/apis/" + group] = to_json(one);
  }
  legacy_["/api"] = to_json(Json::object({{"kind", "APIVersions"},
                                          {"versions", Json::array({"v1"})},
                                          {"serverAddressByClientCIDRs", Json::array()}}));
  legacy_["/"] = root_document(legacy_);
  legacy_["/apis"] = to_json(Json::object(
      {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(legacy_groups)}}));
  core_etag_ = quoted_hash(core_items_);
  group_etag_ = quoted_hash(group_items_);
}

std::optional<http::Reply> Discovery::reply(const ApiRequest& request, Clock& clock) const {
  if (!request.segments.empty() && request.segments.front() == "openapi")
    return reply_openapi(request, clock);
  return reply_discovery(request);
}

std::optional<http::Reply> Discovery::reply_discovery(const ApiRequest& request) const {
  const std::string path = "/" + join(request.segments, "/");
  auto found = legacy_.find(path);
  if (found == legacy_.end()) return std::nullopt;
  if (path == "/api" || path == "/apis") {
    bool legacy = request.header("Accept").empty();
    for (const AcceptClause& clause : parse_accept(request.header("Accept"))) {
      const std::string version = clause.parameter("v");
      const bool aggregated = clause.media_type == "application/json" &&
                              clause.parameter("as") == "APIGroupDiscoveryList" &&
                              clause.parameter("g") == "apidiscovery.k8s.io" &&
                              (version == "v2" || version == "v2beta1");
      if (aggregated) return reply_aggregated(request, version, path == "/api");
      legacy = legacy || clause.parameter("as").empty();
      if (legacy) break;
    }
    if (!legacy)
      return reply_error(not_acceptable(kAnswerMediaTypes).error(), negotiate_refusal(request));
  }
  Call call;
  call.request = request;
  call.format = negotiate(request, Shape::One).value_or(Format());
  return reply_json(call, 200, found->second);
}

http::Reply Discovery::reply_aggregated(const ApiRequest& request, const std::string& version,
                                        bool core_group) const {
  const std::string& etag = core_group ? core_etag_ : group_etag_;
  http::Reply reply;
  http::Headers& headers = reply.response.headers;
  headers.push_back({"Cache-Control", "public"});
  headers.push_back({"ETag", etag});
  headers.push_back({"Vary", "Accept"});
  if (request.header("If-None-Match") == etag) {
    reply.response.status = 304;
    return reply;
  }
  headers.push_back(
      {"Content-Type",
       fmt::format("application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList",
                   version)});
  reply.response.body =
      to_json(Json::object({{"kind", "APIGroupDiscoveryList"},
                            {"apiVersion", "apidiscovery.k8s.io/" + version},
                            {"metadata", Json::object()},
                            {"items", core_group ? core_items_ : group_items_}})) +
      "\n";
  return reply;
}

}  // namespace clickdeploy::apiserver
