#include "controller/base/text.h"
#include "controller/localcloud/ipv4_internal.h"
#include "controller/localcloud/network_views_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace clickdeploy::localcloud {
namespace {

constexpr std::string_view kPortFilters[] = {"id",
                                             "name",
                                             "network_id",
                                             "device_id",
                                             "device_owner",
                                             "status",
                                             "tenant_id",
                                             "project_id",
                                             "mac_address",
                                             "description",
                                             "fixed_ips",
                                             "security_groups",
                                             "admin_state_up",
                                             "binding:host_id"};
constexpr std::string_view kFloatingIpFilters[] = {"id",
                                                   "floating_network_id",
                                                   "floating_ip_address",
                                                   "fixed_ip_address",
                                                   "port_id",
                                                   "router_id",
                                                   "status",
                                                   "description",
                                                   "tenant_id",
                                                   "project_id"};
constexpr std::string_view kCommonFilters[] = {
    "id",         "name",        "tenant_id",      "project_id",       "description",
    "status",     "shared",      "admin_state_up", "network_id",       "cidr",
    "ip_version", "enable_dhcp", "gateway_ip",     "router:external",  "security_group_id",
    "direction",  "ethertype",   "protocol",       "remote_ip_prefix", "remote_group_id"};

// Networks are provided by the operator and shared with every project.
Json owner_view(const Cloud& cloud) {
  return cloud.state().projects.back().id;
}

void set_owner(Json& view, const Json& project_id) {
  view.set("project_id", project_id);
  view.set("tenant_id", project_id);
}

void set_standard(Json& view, WallTime created, WallTime updated) {
  view.set("created_at", format_time(created));
  view.set("updated_at", format_time(updated));
  view.set("revision_number", 1);
}

Json network_view(const Cloud& cloud, const Network& network) {
  JsonArray subnets;
  for (const auto& [id, subnet] : cloud.state().subnets) {
    if (subnet.network_id == network.id) subnets.emplace_back(id);
  }
  Json view = Json::object({{"id", network.id},
                            {"name", network.name},
                            {"description", ""},
                            {"admin_state_up", true},
                            {"status", "ACTIVE"},
                            {"shared", !network.external},
                            {"router:external", network.external},
                            {"mtu", 1450},
                            {"port_security_enabled", true},
                            {"availability_zone_hints", Json::array()},
                            {"availability_zones", Json::array({"nova"})},
                            {"ipv4_address_scope", nullptr},
                            {"ipv6_address_scope", nullptr},
                            {"tags", Json::array()},
                            {"subnets", std::move(subnets)}});
  set_owner(view, owner_view(cloud));
  set_standard(view, network.created, network.created);
  return view;
}

Json subnet_view(const Cloud& cloud, const Subnet& subnet) {
  const Ipv4Block block = parse_ipv4_block(subnet.cidr).value_or(Ipv4Block{});
  Json view =
      Json::object({{"id", subnet.id},
                    {"name", subnet.name},
                    {"description", ""},
                    {"network_id", subnet.network_id},
                    {"cidr", subnet.cidr},
                    {"ip_version", 4},
                    {"enable_dhcp", false},
                    {"gateway_ip", nullptr},
                    {"dns_nameservers", Json::array()},
                    {"host_routes", Json::array()},
                    {"service_types", Json::array()},
                    {"ipv6_address_mode", nullptr},
                    {"ipv6_ra_mode", nullptr},
                    {"subnetpool_id", nullptr},
                    {"tags", Json::array()},
                    {"allocation_pools",
                     Json::array({Json::object({{"start", format_ipv4(block.first + 1)},
                                                {"end", format_ipv4(block.last() - 1)}})})}});
  set_owner(view, owner_view(cloud));
  set_standard(view, subnet.created, subnet.created);
  return view;
}

}  // namespace

Json floating_ip_view(const Cloud& cloud, const FloatingIp& ip) {
  const auto text = [](const std::string& value) { return value.empty() ? Json() : Json(value); };
  const auto port = cloud.state().ports.find(ip.port_id);
  const bool attached = port != cloud.state().ports.end();
  Json view = Json::object(
      {{"id", ip.id},
       {"description", ip.description},
       {"floating_network_id", ip.network_id},
       {"floating_ip_address", ip.address},
       {"port_id", text(ip.port_id)},
       {"fixed_ip_address", attached ? Json(port->second.fixed_ips.front().address) : Json()},
       {"router_id", attached ? Json(sha256_hex(ip.network_id).substr(0, 32)) : Json()},
       {"status", attached ? "ACTIVE" : "DOWN"},
       {"tags", strings_json(ip.tags)}});
  set_owner(view, ip.project_id);
  set_standard(view, ip.created, ip.updated);
  return view;
}

Json port_view(const Cloud& cloud, const Port& port) {
  JsonArray pairs;
  for (const AddressPair& pair : port.allowed_address_pairs) {
    pairs.push_back(Json::object({{"ip_address", pair.ip_address}, {"mac_address", pair.mac}}));
  }
  JsonArray ips;
  for (const FixedIp& ip : port.fixed_ips) {
    ips.push_back(Json::object({{"subnet_id", ip.subnet_id}, {"ip_address", ip.address}}));
  }
  const bool bound = !port.device_id.empty() && port.device_owner.starts_with("compute:");
  auto server = cloud.state().servers.find(port.device_id);
  const bool up =
      bound && server != cloud.state().servers.end() && server->second.vm_state == VmState::Active;
  Json view = Json::object({{"id", port.id},
                            {"name", port.name},
                            {"description", port.description},
                            {"network_id", port.network_id},
                            {"mac_address", port.mac},
                            {"fixed_ips", std::move(ips)},
                            {"security_groups", strings_json(port.security_groups)},
                            {"tags", strings_json(port.tags)},
                            {"device_id", port.device_id},
                            {"device_owner", port.device_owner},
                            {"admin_state_up", port.admin_state_up},
                            {"status", up ? "ACTIVE" : "DOWN"},
                            {"allowed_address_pairs", std::move(pairs)},
                            {"extra_dhcp_opts", Json::array()},
                            {"port_security_enabled", true},
                            {"binding:vnic_type", "normal"}});
  set_owner(view, port.project_id);
  set_standard(view, port.created, port.updated);
  return view;
}

Json security_group_rule_view(const SecurityGroup& group, const SecurityGroupRule& rule) {
  const auto text = [](const std::string& value) { return value.empty() ? Json() : Json(value); };
  Json view = Json::object({{"id", rule.id},
                            {"security_group_id", group.id},
                            {"direction", rule.direction},
                            {"ethertype", rule.ethertype},
                            {"protocol", text(rule.protocol)},
                            {"port_range_min", rule.port_min ? Json(*rule.port_min) : Json()},
                            {"port_range_max", rule.port_max ? Json(*rule.port_max) : Json()},
                            {"remote_ip_prefix", text(rule.remote_cidr)},
                            {"remote_group_id", text(rule.remote_group_id)},
                            {"remote_address_group_id", nullptr},
                            {"description", ""},
                            {"tags", Json::array()}});
  set_owner(view, group.project_id);
  set_standard(view, group.created, group.created);
  return view;
}

Json security_group_view(const SecurityGroup& group) {
  JsonArray rules;
  for (const SecurityGroupRule& rule : group.rules) {
    rules.push_back(security_group_rule_view(group, rule));
  }
  Json view = Json::object({{"id", group.id},
                            {"name", group.name},
                            {"description", group.description},
                            {"stateful", true},
                            {"shared", false},
                            {"tags", strings_json(group.tags)},
                            {"security_group_rules", std::move(rules)}});
  set_owner(view, group.project_id);
  set_standard(view, group.created, group.created);
  return view;
}

namespace {

// Of thousands of ports one is meant most of the time, and each view costs. What is let through
// here is still looked at by its view.
bool may_be_meant(const Port& port, const Call& call) {
  if (call.path.size() > 1 && call.path[1] != port.id) return false;
  const auto passes = [&call](std::string_view key, const std::string& value) {
    const std::vector<std::string> wanted = call.parameters(key);
    return wanted.empty() || std::ranges::count(wanted, "") > 0 ||
           std::ranges::count(wanted, value) > 0;
  };
  return passes("description", port.description) && passes("device_id", port.device_id);
}

}  // namespace

std::vector<Json> network_collection(const Cloud& cloud, const Call& call,
                                     std::string_view collection) {
  const State& state = cloud.state();
  const auto visible = [&call](const auto& item) {
    return call.admin || item.project_id == call.token.project_id;
  };
  std::vector<Json> items;
  if (collection == "networks") {
    for (const auto& [id, network] : state.networks) items.push_back(network_view(cloud, network));
  } else if (collection == "subnets") {
    for (const auto& [id, subnet] : state.subnets) {
      const bool external = state.networks.at(subnet.network_id).external;
      if (!external || call.admin) items.push_back(subnet_view(cloud, subnet));
    }
  } else if (collection == "ports") {
    for (const auto& [id, port] : state.ports) {
      if (visible(port) && may_be_meant(port, call)) items.push_back(port_view(cloud, port));
    }
  } else if (collection == "floatingips") {
    for (const auto& [id, ip] : state.floating_ips) {
      if (visible(ip)) items.push_back(floating_ip_view(cloud, ip));
    }
  } else {
    for (const auto& [id, group] : state.security_groups) {
      if (!visible(group)) continue;
      if (collection == "security-groups") {
        items.push_back(security_group_view(group));
        continue;
      }
      for (const SecurityGroupRule& rule : group.rules) {
        items.push_back(security_group_rule_view(group, rule));
      }
    }
  }
  return items;
}

bool is_network_filter(std::string_view collection, std::string_view key) {
  if (collection == "ports") return std::ranges::find(kPortFilters, key) != std::end(kPortFilters);
  if (collection == "floatingips") {
    return std::ranges::find(kFloatingIpFilters, key) != std::end(kFloatingIpFilters);
  }
  return std::ranges::find(kCommonFilters, key) != std::end(kCommonFilters);
}

Json network_quota(const Cloud& cloud, const std::string& project_id, bool detailed) {
  const State& state = cloud.state();
  const auto owned = [&project_id](const auto& map) {
    return std::ranges::count_if(
        map, [&](const auto& entry) { return entry.second.project_id == project_id; });
  };
  std::int64_t rules = 0;
  for (const auto& [id, group] : state.security_groups) {
    if (group.project_id == project_id) rules += static_cast<std::int64_t>(group.rules.size());
  }
  struct Item {
    const char* name;
    std::int64_t limit;
    std::int64_t used;
  };
  const Quota quota = cloud.quota_of(project_id);
  const std::array<Item, 9> items{
      {{"network", 100, 0},
       {"subnet", 100, 0},
       {"subnetpool", -1, 0},
       {"port", quota.ports, owned(state.ports)},
       {"router", 10, 0},
       {"floatingip", quota.floating_ips, owned(state.floating_ips)},
       {"rbac_policy", 10, 0},
       {"security_group", quota.security_groups, owned(state.security_groups)},
       {"security_group_rule", quota.security_group_rules, rules}}};
  Json view = Json::object();
  for (const Item& item : items) {
    if (!detailed) {
      view.set(item.name, item.limit);
    } else {
      view.set(item.name, Json::object({{"limit", item.limit},
                                        {"used", static_cast<std::int64_t>(item.used)},
                                        {"reserved", 0}}));
    }
  }
  return view;
}

Json network_extensions() {
  JsonArray items;
  for (const char* alias :
       {"binding", "external-net", "filter-validation", "pagination", "port-security", "project-id",
        "quotas", "quota_details", "router", "security-group", "sorting",
        "standard-attr-description", "standard-attr-tag", "standard-attr-timestamp"}) {
    items.push_back(Json::object({{"alias", alias},
                                  {"name", alias},
                                  {"description", alias},
                                  {"links", Json::array()},
                                  {"updated", "2017-01-01T00:00:00-00:00"}}));
  }
  return items;
}

}  // namespace clickdeploy::localcloud
