// Neutron's calls that make, change or remove something.

#include "controller/base/text.h"
#include "controller/localcloud/ipv4_internal.h"
#include "controller/localcloud/network_views_internal.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::localcloud {
namespace {

constexpr std::string_view kPortAttributes[] = {"network_id",
                                                "name",
                                                "description",
                                                "mac_address",
                                                "fixed_ips",
                                                "device_id",
                                                "device_owner",
                                                "security_groups",
                                                "admin_state_up",
                                                "project_id",
                                                "tenant_id",
                                                "allowed_address_pairs",
                                                "extra_dhcp_opts",
                                                "binding:vnic_type",
                                                "port_security_enabled"};

std::unexpected<ApiError> unrecognized(std::string_view attribute) {
  return refuse(400, fmt::format("Unrecognized attribute(s) '{}'", attribute), "HTTPBadRequest");
}

std::unexpected<ApiError> missing(std::string_view attribute) {
  return refuse(
      400, fmt::format("Failed to parse request. Required attribute '{}' not specified", attribute),
      "HTTPBadRequest");
}

Outcome<std::string> owner_of(const Call& call, const Json& wanted) {
  const std::string project = wanted.contains("project_id") ? wanted["project_id"].as_string()
                                                            : wanted["tenant_id"].as_string();
  if (project.empty() || project == call.token.project_id) return call.token.project_id;
  if (call.admin) return project;
  return refuse(403,
                "Specifying 'project_id' or 'tenant_id' other than the authenticated project "
                "in request requires admin privileges",
                "AdminRequired");
}

Outcome<void> check_port(const Json& wanted) {
  for (const auto& [key, value] : wanted.as_object()) {
    if (std::ranges::find(kPortAttributes, key) == std::end(kPortAttributes)) {
      return unrecognized(key);
    }
  }
  for (const char* key : {"name", "description"}) {
    if (wanted[key].as_string().size() > 255) {
      return refuse(400,
                    fmt::format("Invalid input for {}. Reason: '...' exceeds maximum length of "
                                "255.",
                                key),
                    "HTTPBadRequest");
    }
  }
  return {};
}

std::vector<std::string> read_strings(const Json& json) {
  std::vector<std::string> strings;
  for (const Json& item : json.as_array()) strings.push_back(item.as_string());
  return strings;
}

Outcome<std::vector<AddressPair>> read_pairs(const Json& json) {
  std::vector<AddressPair> pairs;
  for (const Json& item : json.as_array()) {
    const std::string& address = item["ip_address"].as_string();
    if (!parse_ipv4_block(address.contains('/') ? address : address + "/32")) {
      return refuse(400,
                    fmt::format("Invalid input for allowed_address_pairs. Reason: '{}' is not a "
                                "valid IP address.",
                                address),
                    "HTTPBadRequest");
    }
    pairs.push_back({address, item["mac_address"].as_string()});
  }
  return pairs;
}

Reaction create_port(Cloud& cloud, const Call& call) {
  const Json& wanted = call.body["port"];
  if (!wanted.is_object()) return refuse(400, "Resource body required", "HTTPBadRequest");
  Outcome<void> checked = check_port(wanted);
  if (!checked) return std::unexpected(std::move(checked).error());
  if (!wanted.contains("network_id")) return missing("network_id");
  Outcome<std::string> owner = owner_of(call, wanted);
  if (!owner) return std::unexpected(std::move(owner).error());
  NewPort request;
  request.network_id = wanted["network_id"].as_string();
  request.name = wanted["name"].as_string();
  request.description = wanted["description"].as_string();
  request.mac = wanted["mac_address"].as_string();
  for (const Json& ip : wanted["fixed_ips"].as_array()) {
    request.fixed_ips.push_back({ip["subnet_id"].as_string(), ip["ip_address"].as_string()});
  }
  if (wanted["security_groups"].is_array()) {
    request.security_groups = read_strings(wanted["security_groups"]);
  }
  Outcome<std::vector<AddressPair>> pairs = read_pairs(wanted["allowed_address_pairs"]);
  if (!pairs) return std::unexpected(std::move(pairs).error());
  request.allowed_address_pairs = std::move(*pairs);
  request.device_id = wanted["device_id"].as_string();
  request.device_owner = wanted["device_owner"].as_string();
  request.admin_state_up = wanted["admin_state_up"].as_bool(true);
  Outcome<std::string> id = cloud.create_port(*owner, std::move(request));
  if (!id) return std::unexpected(std::move(id).error());
  return answer(201, Json::object({{"port", port_view(cloud, cloud.state().ports.at(*id))}}));
}

Reaction update_port(Cloud& cloud, const Call& call, Port& port) {
  const Json& wanted = call.body["port"];
  if (!wanted.is_object()) return refuse(400, "Resource body required", "HTTPBadRequest");
  Outcome<void> checked = check_port(wanted);
  if (!checked) return std::unexpected(std::move(checked).error());
  for (const char* fixed : {"network_id", "project_id", "tenant_id", "fixed_ips", "mac_address"}) {
    if (!wanted.contains(fixed)) continue;
    return refuse(400, fmt::format("Cannot update read-only attribute {}", fixed),
                  "HTTPBadRequest");
  }
  if (wanted["security_groups"].is_array()) {
    for (const std::string& id : read_strings(wanted["security_groups"])) {
      if (cloud.state().security_groups.contains(id)) continue;
      return refuse(404, fmt::format("Security group {} does not exist", id),
                    "SecurityGroupNotFound");
    }
    port.security_groups = read_strings(wanted["security_groups"]);
  }
  if (wanted["allowed_address_pairs"].is_array()) {
    Outcome<std::vector<AddressPair>> pairs = read_pairs(wanted["allowed_address_pairs"]);
    if (!pairs) return std::unexpected(std::move(pairs).error());
    port.allowed_address_pairs = std::move(*pairs);
  }
  cloud.mutable_state();
  if (wanted.contains("name")) port.name = wanted["name"].as_string();
  if (wanted.contains("description")) port.description = wanted["description"].as_string();
  if (wanted.contains("device_id")) cloud.set_device(port, wanted["device_id"].as_string());
  if (wanted.contains("device_owner")) port.device_owner = wanted["device_owner"].as_string();
  if (wanted.contains("admin_state_up")) port.admin_state_up = wanted["admin_state_up"].as_bool();
  port.updated = cloud.now();
  return answer(200, Json::object({{"port", port_view(cloud, port)}}));
}

Reaction port_change(Cloud& cloud, const Call& call) {
  if (matches(call, "POST", {"ports"})) return create_port(cloud, call);
  if (call.path.size() != 2) return refuse(404, "The resource could not be found.", "HTTPNotFound");
  auto found = cloud.mutable_state().ports.find(call.path[1]);
  if (found == cloud.state().ports.end() ||
      (!call.admin && found->second.project_id != call.token.project_id)) {
    return refuse(404, fmt::format("Port {} could not be found.", call.path[1]), "PortNotFound");
  }
  if (call.method == "PUT") return update_port(cloud, call, found->second);
  if (call.method != "DELETE") {
    return refuse(405, "The method is not allowed for this resource.", "HTTPMethodNotAllowed");
  }
  Outcome<void> deleted = cloud.delete_port(call.path[1]);
  if (!deleted) return std::unexpected(std::move(deleted).error());
  return answer(204);
}

Reaction create_group(Cloud& cloud, const Call& call) {
  const Json& wanted = call.body["security_group"];
  if (!wanted.contains("name")) return missing("name");
  for (const auto& [key, value] : wanted.as_object()) {
    if (key != "name" && key != "description" && key != "project_id" && key != "tenant_id" &&
        key != "stateful") {
      return unrecognized(key);
    }
  }
  Outcome<std::string> owner = owner_of(call, wanted);
  if (!owner) return std::unexpected(std::move(owner).error());
  const Json quota = network_quota(cloud, *owner, true);
  const std::int64_t limit = quota["security_group"]["limit"].as_int();
  if (limit >= 0 && quota["security_group"]["used"].as_int() >= limit) {
    return refuse(409, "Quota exceeded for resources: ['security_group'].", "OverQuota");
  }
  if (wanted["name"].as_string() == "default") {
    return refuse(409, "Default security group already exists.",
                  "SecurityGroupDefaultAlreadyExists");
  }
  SecurityGroup group;
  group.id = cloud.random().uuid();
  group.name = wanted["name"].as_string();
  group.description = wanted["description"].as_string();
  group.project_id = *owner;
  group.created = cloud.now();
  for (const char* ethertype : {"IPv4", "IPv6"}) {
    group.rules.push_back(
        {.id = cloud.random().uuid(), .direction = "egress", .ethertype = ethertype});
  }
  Json view = security_group_view(group);
  cloud.mutable_state().security_groups.emplace(group.id, std::move(group));
  return answer(201, Json::object({{"security_group", std::move(view)}}));
}

Reaction create_rule(Cloud& cloud, const Call& call) {
  const Json& wanted = call.body["security_group_rule"];
  if (!wanted.contains("direction")) return missing("direction");
  if (!wanted.contains("security_group_id")) return missing("security_group_id");
  auto group = cloud.mutable_state().security_groups.find(wanted["security_group_id"].as_string());
  if (group == cloud.state().security_groups.end() ||
      (!call.admin && group->second.project_id != call.token.project_id)) {
    return refuse(
        404,
        fmt::format("Security group {} does not exist", wanted["security_group_id"].as_string()),
        "SecurityGroupNotFound");
  }
  SecurityGroupRule rule;
  rule.id = cloud.random().uuid();
  rule.direction = wanted["direction"].as_string();
  if (rule.direction != "ingress" && rule.direction != "egress") {
    return refuse(400, "Invalid input for direction. Reason: it is not in valid_values.",
                  "HTTPBadRequest");
  }
  rule.ethertype = wanted["ethertype"].as_string("IPv4");
  rule.protocol = wanted["protocol"].as_string();
  if (wanted["port_range_min"].is_int()) rule.port_min = wanted["port_range_min"].as_int();
  if (wanted["port_range_max"].is_int()) rule.port_max = wanted["port_range_max"].as_int();
  rule.remote_cidr = wanted["remote_ip_prefix"].as_string();
  if (!rule.remote_cidr.empty() && !rule.remote_cidr.contains('/')) {
    rule.remote_cidr += rule.ethertype == "IPv6" ? "/128" : "/32";
  }
  rule.remote_group_id = wanted["remote_group_id"].as_string();
  Json view = security_group_rule_view(group->second, rule);
  for (const SecurityGroupRule& other : group->second.rules) {
    Json same = security_group_rule_view(group->second, other);
    same.set("id", rule.id);
    if (same != view) continue;
    return refuse(409, fmt::format("Security group rule already exists. Rule id is {}.", other.id),
                  "SecurityGroupRuleExists");
  }
  group->second.rules.push_back(std::move(rule));
  return answer(201, Json::object({{"security_group_rule", std::move(view)}}));
}

Reaction delete_group(Cloud& cloud, const Call& call) {
  auto& groups = cloud.mutable_state().security_groups;
  auto group = groups.find(call.path[1]);
  if (group == groups.end() || (!call.admin && group->second.project_id != call.token.project_id)) {
    return refuse(404, fmt::format("Security group {} does not exist", call.path[1]),
                  "SecurityGroupNotFound");
  }
  for (const auto& [id, port] : cloud.state().ports) {
    if (std::ranges::find(port.security_groups, group->first) == port.security_groups.end()) {
      continue;
    }
    return refuse(409, fmt::format("Security Group {} in use.", group->first),
                  "SecurityGroupInUse");
  }
  if (group->second.name == "default" && !call.admin) {
    return refuse(409, "Insufficient rights for removing default security group.",
                  "SecurityGroupCannotRemoveDefault");
  }
  groups.erase(group);
  return answer(204);
}

Reaction delete_rule(Cloud& cloud, const Call& call) {
  for (auto& [id, group] : cloud.mutable_state().security_groups) {
    if (!call.admin && group.project_id != call.token.project_id) continue;
    const auto erased = std::erase_if(
        group.rules, [&](const SecurityGroupRule& rule) { return rule.id == call.path[1]; });
    if (erased > 0) return answer(204);
  }
  return refuse(404, fmt::format("Security group rule {} does not exist", call.path[1]),
                "SecurityGroupRuleNotFound");
}

}  // namespace

Reaction network_change(Cloud& cloud, const Call& call) {
  if (call.path[0] == "ports") return port_change(cloud, call);
  if (call.path[0] == "floatingips") return floating_ip_change(cloud, call);
  if (matches(call, "POST", {"security-groups"})) return create_group(cloud, call);
  if (matches(call, "POST", {"security-group-rules"})) return create_rule(cloud, call);
  if (matches(call, "DELETE", {"security-groups", "*"})) return delete_group(cloud, call);
  if (matches(call, "DELETE", {"security-group-rules", "*"})) return delete_rule(cloud, call);
  return refuse(403,
                "The operator of this cloud provides its networks; they cannot be changed "
                "through the API.",
                "PolicyNotAuthorized");
}

}  // namespace clickdeploy::localcloud
