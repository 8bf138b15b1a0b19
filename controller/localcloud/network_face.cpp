// Neutron: networks, subnets, ports, security groups, quotas.

#include "controller/base/text.h"
#include "controller/localcloud/face_internal.h"
#include "controller/localcloud/network_views_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace clickdeploy::localcloud {
namespace {

constexpr std::size_t kPageMax = 1'000'000;

std::string singular(std::string_view collection) {
  std::string name(collection.substr(0, collection.size() - 1));
  std::ranges::replace(name, '-', '_');
  return name;
}

std::string plural(std::string_view collection) {
  std::string name(collection);
  std::ranges::replace(name, '-', '_');
  return name;
}

// "PortNotFound" for "ports".
std::string exception_name(std::string_view collection) {
  std::string name;
  for (const std::string& word : split(singular(collection), '_')) {
    name += static_cast<char>(word[0] - 'a' + 'A');
    name += word.substr(1);
  }
  return name + "NotFound";
}

std::unexpected<ApiError> not_found(std::string_view collection, std::string_view id) {
  if (collection == "floatingips") {
    return refuse(404, fmt::format("Floating IP {} could not be found", id), "FloatingIPNotFound");
  }
  std::string noun = singular(collection);
  std::ranges::replace(noun, '_', ' ');
  noun[0] = static_cast<char>(noun[0] - 'a' + 'A');
  const std::string_view text =
      collection == "security-groups" ? "does not exist" : "could not be found.";
  return refuse(404, fmt::format("{} {} {}", noun, id, text), exception_name(collection));
}

bool contains(const Json& list, const std::string& text) {
  return std::ranges::any_of(list.as_array(),
                             [&](const Json& item) { return item.as_string() == text; });
}

std::string plain(const Json& value) {
  if (value.is_bool()) return value.as_bool() ? "true" : "false";
  return value.is_int() ? std::to_string(value.as_int()) : value.as_string();
}

// fixed_ips=ip_address=10.0.0.3
bool has_fixed_ip(const Json& item, const std::string& wanted) {
  const std::vector<std::string> parts = split(wanted, '=');
  if (parts.size() != 2) return false;
  return std::ranges::any_of(item["fixed_ips"].as_array(),
                             [&](const Json& ip) { return ip[parts[0]].as_string() == parts[1]; });
}

bool passes_tags(const Json& item, std::string_view key, const std::string& value) {
  const std::vector<std::string> wanted = split(value, ',');
  const auto has = [&item](const std::string& tag) { return contains(item["tags"], tag); };
  if (key == "tags") return std::ranges::all_of(wanted, has);
  if (key == "tags-any") return std::ranges::any_of(wanted, has);
  if (key == "not-tags") return !std::ranges::all_of(wanted, has);
  return std::ranges::none_of(wanted, has);
}

bool passes_value(const Json& item, const std::string& key, const std::string& value) {
  if (key == "fixed_ips") return has_fixed_ip(item, value);
  if (key == "security_groups") return contains(item["security_groups"], value);
  const Json& have = item[key];
  if (have.is_bool()) return plain(have) == to_lower(value);
  return plain(have) == value;
}

bool is_control(std::string_view key) {
  return key == "limit" || key == "marker" || key == "fields" || key == "sort_key" ||
         key == "sort_dir" || key == "page_reverse";
}

bool is_tag_filter(std::string_view key) {
  return key == "tags" || key == "tags-any" || key == "not-tags" || key == "not-tags-any";
}

// Values of one key are alternatives, different keys must all hold.
bool passes(const Json& item, const Query& query) {
  std::map<std::string, bool> matched;
  for (const auto& [key, value] : query) {
    if (is_control(key)) continue;
    if (is_tag_filter(key)) {
      if (!passes_tags(item, key, value)) return false;
      continue;
    }
    bool& any = matched[key == "tenant_id" ? "project_id" : key];
    any = any || passes_value(item, key, value);
  }
  return std::ranges::all_of(matched, [](const auto& entry) { return entry.second; });
}

Json with_fields(Json item, const std::vector<std::string>& fields) {
  if (fields.empty()) return item;
  Json chosen = Json::object();
  for (const std::string& field : fields) {
    if (const Json* value = item.find(field)) chosen.set(field, *value);
  }
  return chosen;
}

Reaction list(const Cloud& cloud, const Call& call) {
  const std::string& collection = call.path[0];
  for (const auto& [key, value] : call.query) {
    if (is_control(key) || is_tag_filter(key) || is_network_filter(collection, key)) continue;
    return refuse(400, fmt::format("['{}'] is invalid attribute for filtering", key),
                  "HTTPBadRequest");
  }
  Outcome<PageRequest> page = page_request(call, kPageMax);
  if (!page) return std::unexpected(std::move(page).error());
  std::vector<Json> all = network_collection(cloud, call, collection);
  std::erase_if(all, [&call](const Json& item) { return !passes(item, call.query); });
  if (call.parameter("sort_key") == "name") {
    std::ranges::sort(all, [](const Json& a, const Json& b) {
      return std::tie(a["name"].as_string(), a["id"].as_string()) <
             std::tie(b["name"].as_string(), b["id"].as_string());
    });
  }
  if (call.parameter("sort_dir") == "desc") std::ranges::reverse(all);
  auto first = all.begin();
  if (!page->marker.empty()) {
    first = std::ranges::find_if(
        all, [&](const Json& item) { return item["id"].as_string() == page->marker; });
    if (first == all.end()) return not_found(collection, page->marker);
    ++first;
  }
  JsonArray items;
  std::string last;
  for (; first != all.end() && items.size() < page->limit; ++first) {
    last = (*first)["id"].as_string();
    items.push_back(with_fields(std::move(*first), call.parameters("fields")));
  }
  // Neutron offers a next page whenever this one is full, even if nothing follows.
  const bool full = page->limit_given && items.size() == page->limit;
  Json body = Json::object({{plural(collection), std::move(items)}});
  if (full) {
    const std::string href = fmt::format("{}/network/v2.0/{}?{}", call.base_url, collection,
                                         query_with_marker(call.query, last));
    body.set(plural(collection) + "_links",
             Json::array({Json::object({{"rel", "next"}, {"href", href}})}));
  }
  return answer(200, std::move(body));
}

Reaction show(const Cloud& cloud, const Call& call) {
  for (Json& item : network_collection(cloud, call, call.path[0])) {
    if (item["id"].as_string() != call.path[1]) continue;
    item = with_fields(std::move(item), call.parameters("fields"));
    return answer(200, Json::object({{singular(call.path[0]), std::move(item)}}));
  }
  return not_found(call.path[0], call.path[1]);
}

std::vector<std::string>* find_tags(State& state, const Call& call) {
  if (call.path[0] == "ports") {
    auto port = state.ports.find(call.path[1]);
    if (port == state.ports.end()) return nullptr;
    const bool visible = call.admin || port->second.project_id == call.token.project_id;
    return visible ? &port->second.tags : nullptr;
  }
  if (call.path[0] == "floatingips") {
    auto ip = state.floating_ips.find(call.path[1]);
    if (ip == state.floating_ips.end()) return nullptr;
    const bool visible = call.admin || ip->second.project_id == call.token.project_id;
    return visible ? &ip->second.tags : nullptr;
  }
  if (call.path[0] != "security-groups") return nullptr;
  auto group = state.security_groups.find(call.path[1]);
  if (group == state.security_groups.end()) return nullptr;
  const bool visible = call.admin || group->second.project_id == call.token.project_id;
  return visible ? &group->second.tags : nullptr;
}

Reaction tags_call(Cloud& cloud, const Call& call) {
  std::vector<std::string>* tags = find_tags(cloud.mutable_state(), call);
  if (tags == nullptr) return not_found(call.path[0], call.path[1]);
  if (call.path.size() == 3) {
    if (call.method == "GET") return answer(200, Json::object({{"tags", strings_json(*tags)}}));
    if (call.method == "DELETE") {
      tags->clear();
      return answer(204);
    }
    if (!call.body["tags"].is_array()) {
      return refuse(400, "Invalid tags body", "HTTPBadRequest");
    }
    std::set<std::string> wanted;
    for (const Json& tag : call.body["tags"].as_array()) {
      if (!tag.is_string() || tag.as_string().size() > 255 ||
          tag.as_string().find_first_of("/,") != std::string::npos) {
        return refuse(
            400,
            fmt::format("Invalid input for tags. Reason: '{}' is not a valid tag", tag.as_string()),
            "HTTPBadRequest");
      }
      wanted.insert(tag.as_string());
    }
    tags->assign(wanted.begin(), wanted.end());
    return answer(200, Json::object({{"tags", strings_json(*tags)}}));
  }
  const std::string& tag = call.path[3];
  auto found = std::ranges::find(*tags, tag);
  if (call.method == "PUT") {
    if (found == tags->end()) tags->push_back(tag);
    std::ranges::sort(*tags);
    return answer(201);
  }
  if (found == tags->end()) {
    return refuse(404, fmt::format("Tag {} could not be found.", tag), "TagNotFound");
  }
  if (call.method == "DELETE") tags->erase(found);
  return answer(204);
}

Reaction quotas_call(Cloud& cloud, const Call& call) {
  const std::string& project = call.path[1];
  if (!call.admin && project != call.token.project_id) {
    return refuse(403, "Non-admin is not authorized to access quotas for another tenant",
                  "AdminRequired");
  }
  if (call.method == "PUT") {
    if (!call.admin) {
      return refuse(403, "User does not have admin privileges: Cannot update quota",
                    "AdminRequired");
    }
    Quota quota = cloud.quota_of(project);
    quota.ports = call.body["quota"]["port"].as_int(quota.ports);
    quota.floating_ips = call.body["quota"]["floatingip"].as_int(quota.floating_ips);
    quota.security_groups = call.body["quota"]["security_group"].as_int(quota.security_groups);
    cloud.mutable_state().quotas[project] = quota;
  }
  const bool detailed =
      call.path.size() == 3 && (call.path[2] == "details" || call.path[2] == "details.json");
  return answer(200, Json::object({{"quota", network_quota(cloud, project, detailed)}}));
}

}  // namespace

Answer network_versions(const Call& call) {
  return answer(
      200,
      Json::object(
          {{"versions", Json::array({Json::object(
                            {{"id", "v2.0"},
                             {"status", "CURRENT"},
                             {"links", Json::array({Json::object(
                                           {{"rel", "self"},
                                            {"href", call.base_url + "/network/v2.0/"}})})}})})}}));
}

Reaction network_call(Cloud& cloud, const Call& call) {
  if (call.path.empty()) {
    return answer(200, Json::object({{"resources", Json::array()}}));
  }
  const std::string& collection = call.path[0];
  if (matches(call, "GET", {"extensions"})) {
    return answer(200, Json::object({{"extensions", network_extensions()}}));
  }
  if (matches(call, "GET", {"extensions", "*"})) {
    for (const Json& extension : network_extensions().as_array()) {
      if (extension["alias"].as_string() == call.path[1]) {
        return answer(200, Json::object({{"extension", extension}}));
      }
    }
    return refuse(404, fmt::format("Extension with alias {} does not exist", call.path[1]),
                  "HTTPNotFound");
  }
  if (collection == "quotas" && call.path.size() >= 2) return quotas_call(cloud, call);
  if (collection != "networks" && collection != "subnets" && collection != "ports" &&
      collection != "security-groups" && collection != "security-group-rules" &&
      collection != "floatingips") {
    return refuse(404, "The resource could not be found.", "HTTPNotFound");
  }
  if (call.path.size() >= 3 && call.path[2] == "tags") return tags_call(cloud, call);
  if (call.method == "GET" && call.path.size() == 1) return list(cloud, call);
  if (call.method == "GET" && call.path.size() == 2) return show(cloud, call);
  return network_change(cloud, call);
}

}  // namespace clickdeploy::localcloud
