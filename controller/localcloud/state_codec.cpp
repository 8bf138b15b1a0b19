#include "controller/localcloud/state.h"
#include "controller/localcloud/volume_codec_internal.h"

#include <utility>

namespace clickdeploy::localcloud {
namespace {

constexpr int kStateVersion = 1;

Json encode(WallTime time) {
  return format_micro_time(time);
}

WallTime decode_time(const Json& json) {
  return parse_time(json.as_string()).value_or(WallTime{});
}

template <class Strings>
Json encode_strings(const Strings& strings) {
  JsonArray items;
  for (const std::string& text : strings) items.emplace_back(text);
  return items;
}

std::vector<std::string> decode_strings(const Json& json) {
  std::vector<std::string> strings;
  for (const Json& item : json.as_array()) strings.push_back(item.as_string());
  return strings;
}

Json encode_map(const std::map<std::string, std::string>& map) {
  Json json = Json::object();
  for (const auto& [key, value] : map) json.set(key, value);
  return json;
}

std::map<std::string, std::string> decode_map(const Json& json) {
  std::map<std::string, std::string> map;
  for (const auto& [key, value] : json.as_object()) map.emplace(key, value.as_string());
  return map;
}

template <class Items, class Encode>
Json encode_items(const Items& items, Encode encode_one) {
  JsonArray array;
  for (const auto& item : items) array.push_back(encode_one(item));
  return array;
}

template <class T, class Decode>
std::vector<T> decode_items(const Json& json, Decode decode_one) {
  std::vector<T> items;
  for (const Json& item : json.as_array()) items.push_back(decode_one(item));
  return items;
}

Json encode_user(const User& user) {
  return Json::object({{"id", user.id},
                       {"name", user.name},
                       {"password", user.password},
                       {"project_id", user.project_id},
                       {"admin", user.admin}});
}

User decode_user(const Json& json) {
  return {.id = json["id"].as_string(),
          .name = json["name"].as_string(),
          .password = json["password"].as_string(),
          .project_id = json["project_id"].as_string(),
          .admin = json["admin"].as_bool()};
}

Json encode_credential(const ApplicationCredential& credential) {
  return Json::object({{"id", credential.id},
                       {"name", credential.name},
                       {"user_id", credential.user_id},
                       {"secret", credential.secret}});
}

ApplicationCredential decode_credential(const Json& json) {
  return {.id = json["id"].as_string(),
          .name = json["name"].as_string(),
          .user_id = json["user_id"].as_string(),
          .secret = json["secret"].as_string()};
}

Json encode_flavor(const Flavor& flavor) {
  return Json::object({{"id", flavor.id},
                       {"name", flavor.name},
                       {"vcpus", flavor.vcpus},
                       {"ram_mib", flavor.ram_mib},
                       {"disk_gib", flavor.disk_gib},
                       {"fits_host", flavor.fits_host}});
}

Flavor decode_flavor(const Json& json) {
  return {.id = json["id"].as_string(),
          .name = json["name"].as_string(),
          .vcpus = json["vcpus"].as_int(1),
          .ram_mib = json["ram_mib"].as_int(512),
          .disk_gib = json["disk_gib"].as_int(1),
          .fits_host = json["fits_host"].as_bool(true)};
}

Json encode_image(const Image& image) {
  return Json::object({{"id", image.id},
                       {"name", image.name},
                       {"properties", encode_map(image.properties)},
                       {"created", encode(image.created)}});
}

Image decode_image(const Json& json) {
  return {.id = json["id"].as_string(),
          .name = json["name"].as_string(),
          .properties = decode_map(json["properties"]),
          .created = decode_time(json["created"])};
}

Json encode_network(const Network& network) {
  return Json::object({{"id", network.id},
                       {"name", network.name},
                       {"created", encode(network.created)},
                       {"external", network.external}});
}

Network decode_network(const Json& json) {
  return {.id = json["id"].as_string(),
          .name = json["name"].as_string(),
          .created = decode_time(json["created"]),
          .external = json["external"].as_bool()};
}

Json encode_subnet(const Subnet& subnet) {
  return Json::object({{"id", subnet.id},
                       {"name", subnet.name},
                       {"network_id", subnet.network_id},
                       {"cidr", subnet.cidr},
                       {"created", encode(subnet.created)}});
}

Subnet decode_subnet(const Json& json) {
  return {.id = json["id"].as_string(),
          .name = json["name"].as_string(),
          .network_id = json["network_id"].as_string(),
          .cidr = json["cidr"].as_string(),
          .created = decode_time(json["created"])};
}

Json encode_port(const Port& port) {
  JsonArray ips;
  for (const FixedIp& ip : port.fixed_ips) {
    ips.push_back(Json::object({{"subnet_id", ip.subnet_id}, {"address", ip.address}}));
  }
  JsonArray pairs;
  for (const AddressPair& pair : port.allowed_address_pairs) {
    pairs.push_back(Json::object({{"ip_address", pair.ip_address}, {"mac", pair.mac}}));
  }
  return Json::object({{"id", port.id},
                       {"name", port.name},
                       {"description", port.description},
                       {"project_id", port.project_id},
                       {"network_id", port.network_id},
                       {"mac", port.mac},
                       {"fixed_ips", std::move(ips)},
                       {"security_groups", encode_strings(port.security_groups)},
                       {"allowed_address_pairs", std::move(pairs)},
                       {"tags", encode_strings(port.tags)},
                       {"device_id", port.device_id},
                       {"device_owner", port.device_owner},
                       {"admin_state_up", port.admin_state_up},
                       {"made_by_nova", port.made_by_nova},
                       {"created", encode(port.created)},
                       {"updated", encode(port.updated)}});
}

Port decode_port(const Json& json) {
  Port port;
  port.id = json["id"].as_string();
  port.name = json["name"].as_string();
  port.description = json["description"].as_string();
  port.project_id = json["project_id"].as_string();
  port.network_id = json["network_id"].as_string();
  port.mac = json["mac"].as_string();
  for (const Json& ip : json["fixed_ips"].as_array()) {
    port.fixed_ips.push_back({ip["subnet_id"].as_string(), ip["address"].as_string()});
  }
  port.security_groups = decode_strings(json["security_groups"]);
  for (const Json& pair : json["allowed_address_pairs"].as_array()) {
    port.allowed_address_pairs.push_back({pair["ip_address"].as_string(), pair["mac"].as_string()});
  }
  port.tags = decode_strings(json["tags"]);
  port.device_id = json["device_id"].as_string();
  port.device_owner = json["device_owner"].as_string();
  port.admin_state_up = json["admin_state_up"].as_bool(true);
  port.made_by_nova = json["made_by_nova"].as_bool();
  port.created = decode_time(json["created"]);
  port.updated = decode_time(json["updated"]);
  return port;
}

Json encode_floating_ip(const FloatingIp& ip) {
  return Json::object({{"id", ip.id},
                       {"description", ip.description},
                       {"project_id", ip.project_id},
                       {"network_id", ip.network_id},
                       {"address", ip.address},
                       {"port_id", ip.port_id},
                       {"tags", encode_strings(ip.tags)},
                       {"created", encode(ip.created)},
                       {"updated", encode(ip.updated)}});
}

FloatingIp decode_floating_ip(const Json& json) {
  return {.id = json["id"].as_string(),
          .description = json["description"].as_string(),
          .project_id = json["project_id"].as_string(),
          .network_id = json["network_id"].as_string(),
          .address = json["address"].as_string(),
          .port_id = json["port_id"].as_string(),
          .tags = decode_strings(json["tags"]),
          .created = decode_time(json["created"]),
          .updated = decode_time(json["updated"])};
}

Json encode_rule(const SecurityGroupRule& rule) {
  Json json = Json::object({{"id", rule.id},
                            {"direction", rule.direction},
                            {"ethertype", rule.ethertype},
                            {"protocol", rule.protocol},
                            {"remote_cidr", rule.remote_cidr},
                            {"remote_group_id", rule.remote_group_id}});
  if (rule.port_min) json.set("port_min", *rule.port_min);
  if (rule.port_max) json.set("port_max", *rule.port_max);
  return json;
}

SecurityGroupRule decode_rule(const Json& json) {
  SecurityGroupRule rule{.id = json["id"].as_string(),
                         .direction = json["direction"].as_string(),
                         .ethertype = json["ethertype"].as_string(),
                         .protocol = json["protocol"].as_string(),
                         .port_min = {},
                         .port_max = {},
                         .remote_cidr = json["remote_cidr"].as_string(),
                         .remote_group_id = json["remote_group_id"].as_string()};
  if (json.contains("port_min")) rule.port_min = json["port_min"].as_int();
  if (json.contains("port_max")) rule.port_max = json["port_max"].as_int();
  return rule;
}

Json encode_group(const SecurityGroup& group) {
  return Json::object({{"id", group.id},
                       {"name", group.name},
                       {"description", group.description},
                       {"project_id", group.project_id},
                       {"rules", encode_items(group.rules, encode_rule)},
                       {"tags", encode_strings(group.tags)},
                       {"created", encode(group.created)}});
}

SecurityGroup decode_group(const Json& json) {
  return {.id = json["id"].as_string(),
          .name = json["name"].as_string(),
          .description = json["description"].as_string(),
          .project_id = json["project_id"].as_string(),
          .rules = decode_items<SecurityGroupRule>(json["rules"], decode_rule),
          .tags = decode_strings(json["tags"]),
          .created = decode_time(json["created"])};
}

Json encode_server(const Server& server) {
  JsonArray nics;
  for (const RequestedNic& nic : server.nics) {
    nics.push_back(Json::object(
        {{"network_id", nic.network_id}, {"port_id", nic.port_id}, {"fixed_ip", nic.fixed_ip}}));
  }
  Json json = Json::object({{"id", server.id},
                            {"name", server.name},
                            {"description", server.description},
                            {"project_id", server.project_id},
                            {"user_id", server.user_id},
                            {"image_id", server.image_id},
                            {"flavor_id", server.flavor_id},
                            {"key_name", server.key_name},
                            {"availability_zone", server.availability_zone},
                            {"user_data", server.user_data},
                            {"config_drive", server.config_drive},
                            {"group_id", server.group_id},
                            {"metadata", encode_map(server.metadata)},
                            {"tags", encode_strings(server.tags)},
                            {"security_groups", encode_strings(server.security_groups)},
                            {"nics", std::move(nics)},
                            {"vm_state", static_cast<int>(server.vm_state)},
                            {"task", static_cast<int>(server.task)},
                            {"created", encode(server.created)},
                            {"updated", encode(server.updated)},
                            {"sequence", static_cast<std::int64_t>(server.sequence)}});
  if (server.fault) {
    json.set("fault", Json::object({{"code", server.fault->code},
                                    {"message", server.fault->message},
                                    {"created", encode(server.fault->created)}}));
  }
  if (server.launched) json.set("launched", encode(*server.launched));
  if (server.terminated) json.set("terminated", encode(*server.terminated));
  return json;
}

Server decode_server(const Json& json) {
  Server server;
  server.id = json["id"].as_string();
  server.name = json["name"].as_string();
  server.description = json["description"].as_string();
  server.project_id = json["project_id"].as_string();
  server.user_id = json["user_id"].as_string();
  server.image_id = json["image_id"].as_string();
  server.flavor_id = json["flavor_id"].as_string();
  server.key_name = json["key_name"].as_string();
  server.availability_zone = json["availability_zone"].as_string();
  server.user_data = json["user_data"].as_string();
  server.config_drive = json["config_drive"].as_bool();
  server.group_id = json["group_id"].as_string();
  server.metadata = decode_map(json["metadata"]);
  for (std::string& tag : decode_strings(json["tags"])) server.tags.insert(std::move(tag));
  server.security_groups = decode_strings(json["security_groups"]);
  for (const Json& nic : json["nics"].as_array()) {
    server.nics.push_back(
        {nic["network_id"].as_string(), nic["port_id"].as_string(), nic["fixed_ip"].as_string()});
  }
  server.vm_state = static_cast<VmState>(json["vm_state"].as_int());
  server.task = static_cast<TaskState>(json["task"].as_int());
  if (const Json* fault = json.find("fault")) {
    server.fault = ServerFault{.code = static_cast<int>((*fault)["code"].as_int(500)),
                               .message = (*fault)["message"].as_string(),
                               .created = decode_time((*fault)["created"])};
  }
  server.created = decode_time(json["created"]);
  server.updated = decode_time(json["updated"]);
  if (json.contains("launched")) server.launched = decode_time(json["launched"]);
  if (json.contains("terminated")) server.terminated = decode_time(json["terminated"]);
  server.sequence = static_cast<std::uint64_t>(json["sequence"].as_int());
  return server;
}

Json encode_key_pair(const KeyPair& key) {
  return Json::object(
      {{"name", key.name}, {"user_id", key.user_id}, {"public_key", key.public_key}});
}

KeyPair decode_key_pair(const Json& json) {
  return {.name = json["name"].as_string(),
          .user_id = json["user_id"].as_string(),
          .public_key = json["public_key"].as_string()};
}

Json encode_server_group(const ServerGroup& group) {
  return Json::object({{"id", group.id},
                       {"name", group.name},
                       {"policy", group.policy},
                       {"project_id", group.project_id},
                       {"user_id", group.user_id}});
}

ServerGroup decode_server_group(const Json& json) {
  return {.id = json["id"].as_string(),
          .name = json["name"].as_string(),
          .policy = json["policy"].as_string(),
          .project_id = json["project_id"].as_string(),
          .user_id = json["user_id"].as_string()};
}

Json encode_quota(const Quota& quota) {
  return Json::object({{"instances", quota.instances},
                       {"cores", quota.cores},
                       {"ram_mib", quota.ram_mib},
                       {"ports", quota.ports},
                       {"floating_ips", quota.floating_ips},
                       {"server_groups", quota.server_groups},
                       {"security_groups", quota.security_groups},
                       {"security_group_rules", quota.security_group_rules},
                       {"volumes", quota.volumes},
                       {"volume_gib", quota.volume_gib}});
}

Quota decode_quota(const Json& json) {
  return {.instances = json["instances"].as_int(-1),
          .cores = json["cores"].as_int(-1),
          .ram_mib = json["ram_mib"].as_int(-1),
          .ports = json["ports"].as_int(-1),
          .floating_ips = json["floating_ips"].as_int(-1),
          .server_groups = json["server_groups"].as_int(-1),
          .security_groups = json["security_groups"].as_int(-1),
          .security_group_rules = json["security_group_rules"].as_int(-1),
          .volumes = json["volumes"].as_int(-1),
          .volume_gib = json["volume_gib"].as_int(-1)};
}

// A map of things that know their id, as a list.
template <class T, class Encode>
Json encode_by_id(const std::map<std::string, T>& map, Encode encode_one) {
  JsonArray array;
  for (const auto& [id, item] : map) array.push_back(encode_one(item));
  return array;
}

template <class T, class Decode>
std::map<std::string, T> decode_by_id(const Json& json, Decode decode_one) {
  std::map<std::string, T> map;
  for (const Json& item : json.as_array()) {
    T decoded = decode_one(item);
    std::string id = decoded.id;
    map.emplace(std::move(id), std::move(decoded));
  }
  return map;
}

Project decode_project(const Json& json) {
  return {.id = json["id"].as_string(), .name = json["name"].as_string()};
}

}  // namespace

Json encode_state(const State& state) {
  Json quotas = Json::object();
  for (const auto& [project_id, quota] : state.quotas) quotas.set(project_id, encode_quota(quota));
  JsonArray projects;
  for (const Project& project : state.projects) {
    projects.push_back(Json::object({{"id", project.id}, {"name", project.name}}));
  }
  return Json::object(
      {{"version", kStateVersion},
       {"cidr", state.cidr},
       {"projects", std::move(projects)},
       {"users", encode_items(state.users, encode_user)},
       {"application_credentials", encode_items(state.application_credentials, encode_credential)},
       {"flavors", encode_items(state.flavors, encode_flavor)},
       {"images", encode_by_id(state.images, encode_image)},
       {"networks", encode_by_id(state.networks, encode_network)},
       {"subnets", encode_by_id(state.subnets, encode_subnet)},
       {"ports", encode_by_id(state.ports, encode_port)},
       {"floating_ips", encode_by_id(state.floating_ips, encode_floating_ip)},
       {"volumes", encode_by_id(state.volumes, encode_volume)},
       {"security_groups", encode_by_id(state.security_groups, encode_group)},
       {"key_pairs", encode_items(state.key_pairs, encode_key_pair)},
       {"server_groups", encode_by_id(state.server_groups, encode_server_group)},
       {"servers", encode_by_id(state.servers, encode_server)},
       {"quotas", std::move(quotas)},
       {"next_sequence", static_cast<std::int64_t>(state.next_sequence)}});
}

Result<State> decode_state(const Json& json) {
  if (json["version"].as_int() != kStateVersion) {
    return fail(ErrorCode::InvalidArgument, "the state is not of version 1");
  }
  State state;
  state.cidr = json["cidr"].as_string();
  state.projects = decode_items<Project>(json["projects"], decode_project);
  state.users = decode_items<User>(json["users"], decode_user);
  state.application_credentials =
      decode_items<ApplicationCredential>(json["application_credentials"], decode_credential);
  state.flavors = decode_items<Flavor>(json["flavors"], decode_flavor);
  state.images = decode_by_id<Image>(json["images"], decode_image);
  state.networks = decode_by_id<Network>(json["networks"], decode_network);
  state.subnets = decode_by_id<Subnet>(json["subnets"], decode_subnet);
  state.ports = decode_by_id<Port>(json["ports"], decode_port);
  state.floating_ips = decode_by_id<FloatingIp>(json["floating_ips"], decode_floating_ip);
  state.volumes = decode_by_id<Volume>(json["volumes"], decode_volume);
  state.security_groups = decode_by_id<SecurityGroup>(json["security_groups"], decode_group);
  state.key_pairs = decode_items<KeyPair>(json["key_pairs"], decode_key_pair);
  state.server_groups = decode_by_id<ServerGroup>(json["server_groups"], decode_server_group);
  state.servers = decode_by_id<Server>(json["servers"], decode_server);
  for (const auto& [project_id, quota] : json["quotas"].as_object()) {
    state.quotas.emplace(project_id, decode_quota(quota));
  }
  state.next_sequence = static_cast<std::uint64_t>(json["next_sequence"].as_int(1));
  if (state.projects.empty() || state.users.empty()) {
    return fail(ErrorCode::InvalidArgument, "the state has no project or no user");
  }
  return state;
}

}  // namespace clickdeploy::localcloud
