// /os-server-groups: what the scheduler keeps together or apart. This cloud has one host and only
// remembers who is in which group.

#include "controller/localcloud/face_internal.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::localcloud {
namespace {

constexpr int kOnePolicy = 64;     // the microversion that has "policy" instead of "policies"
constexpr int kSoftPolicies = 15;  // and the one that knows the soft ones
constexpr std::size_t kNameMax = 255;

Json group_view(const Cloud& cloud, const Call& call, const ServerGroup& group) {
  JsonArray members;
  for (const auto& [id, server] : cloud.state().servers) {
    if (server.group_id == group.id && server.vm_state != VmState::Deleted)
      members.emplace_back(id);
  }
  Json view =
      Json::object({{"id", group.id}, {"name", group.name}, {"members", std::move(members)}});
  if (call.microversion >= 13) {
    view.set("project_id", group.project_id);
    view.set("user_id", group.user_id);
  }
  if (call.microversion >= kOnePolicy) {
    view.set("policy", group.policy);
    view.set("rules", Json::object());
  } else {
    view.set("policies", Json::array({group.policy}));
    view.set("metadata", Json::object());
  }
  return view;
}

bool is_policy(const Call& call, const std::string& policy) {
  if (policy == "affinity" || policy == "anti-affinity") return true;
  return call.microversion >= kSoftPolicies &&
         (policy == "soft-affinity" || policy == "soft-anti-affinity");
}

Reaction create(Cloud& cloud, const Call& call) {
  const Json& wanted = call.body["server_group"];
  if (!wanted.is_object()) return refuse(400, "'server_group' is a required property");
  const char* field = call.microversion >= kOnePolicy ? "policy" : "policies";
  for (const auto& [key, value] : wanted.as_object()) {
    if (key == "name" || key == field || (key == "rules" && call.microversion >= kOnePolicy))
      continue;
    return invalid_field(
        "server_group", wanted,
        fmt::format("Additional properties are not allowed ('{}' was unexpected)", key));
  }
  const std::string& name = wanted["name"].as_string();
  if (name.empty() || name.size() > kNameMax) {
    return invalid_field("name", wanted["name"], "is too short or too long");
  }
  const std::string& policy = call.microversion >= kOnePolicy ? wanted["policy"].as_string()
                                                              : wanted["policies"][0].as_string();
  if (!is_policy(call, policy)) {
    return invalid_field(field, wanted[field],
                         "is not one of ['anti-affinity', 'affinity', "
                         "'soft-anti-affinity', 'soft-affinity']");
  }
  const auto used = std::ranges::count_if(cloud.state().server_groups, [&](const auto& entry) {
    return entry.second.project_id == call.token.project_id;
  });
  const std::int64_t limit = cloud.quota_of(call.token.project_id).server_groups;
  if (limit >= 0 && used >= limit) return refuse(403, "Quota exceeded, too many server groups.");
  ServerGroup group{.id = cloud.random().uuid(),
                    .name = name,
                    .policy = policy,
                    .project_id = call.token.project_id,
                    .user_id = call.token.user_id};
  Json view = group_view(cloud, call, group);
  std::string id = group.id;
  cloud.mutable_state().server_groups.emplace(std::move(id), std::move(group));
  return answer(200, Json::object({{"server_group", std::move(view)}}));
}

}  // namespace

Reaction server_groups_call(Cloud& cloud, const Call& call) {
  const auto& groups = cloud.state().server_groups;
  if (matches(call, "GET", {"os-server-groups"})) {
    JsonArray items;
    for (const auto& [id, group] : groups) {
      if (group.project_id == call.token.project_id)
        items.push_back(group_view(cloud, call, group));
    }
    return answer(200, Json::object({{"server_groups", std::move(items)}}));
  }
  if (matches(call, "POST", {"os-server-groups"})) return create(cloud, call);
  if (call.path.size() != 2) return refuse(404, "The resource could not be found.");
  const auto found = groups.find(call.path[1]);
  if (found == groups.end() || found->second.project_id != call.token.project_id) {
    return refuse(404, fmt::format("Instance group {} could not be found.", call.path[1]));
  }
  if (call.method == "GET") {
    return answer(200, Json::object({{"server_group", group_view(cloud, call, found->second)}}));
  }
  if (call.method != "DELETE") return refuse(405, "The method is not allowed for this resource.");
  cloud.mutable_state().server_groups.erase(call.path[1]);
  return answer(204);
}

}  // namespace clickdeploy::localcloud
