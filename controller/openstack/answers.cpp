#include "controller/openstack/answers_internal.h"
#include "controller/openstack/words_internal.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace clickdeploy::openstack {
namespace {

constexpr std::size_t kTextBytesMax = 1024;
constexpr std::size_t kFaultBytesMax = 2048;
constexpr std::size_t kManyMax = 1000;  // tags, addresses, metadata of one thing

std::string text_of(const Json& json) {
  return clean_text(json.as_string(), kTextBytesMax);
}

// An id that refers to something else: "" if there is none or it is not plain.
std::string reference_of(const Json& json) {
  return is_plain_id(json.as_string()) ? json.as_string() : "";
}

std::vector<std::string> texts_of(const Json& json) {
  std::vector<std::string> out;
  for (const Json& item : json.as_array()) {
    if (item.is_string() && out.size() < kManyMax) out.push_back(text_of(item));
  }
  return out;
}

std::vector<Address> addresses_of(const Json& json) {
  std::vector<Address> out;
  for (const auto& [network, list] : json.as_object()) {
    for (const Json& item : list.as_array()) {
      const std::string& address = item["addr"].as_string();
      if (!is_usable_address(address) || out.size() >= kManyMax) continue;
      std::string type = text_of(item["OS-EXT-IPS:type"]);
      out.push_back({.network = clean_text(network, kTextBytesMax),
                     .address = address,
                     .type = type.empty() ? "fixed" : std::move(type),
                     .version = address.find(':') == std::string::npos ? 4 : 6});
    }
  }
  return out;
}

std::map<std::string, std::string> string_members(const Json& json) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : json.as_object()) {
    if (value.is_string() && out.size() < kManyMax) {
      out.emplace(clean_text(name, kTextBytesMax), text_of(value));
    }
  }
  return out;
}

// Every member that is a string, a number or a bool, but its name and id, as the text of its JSON.
std::map<std::string, std::string> plain_members(const Json& json) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : json.as_object()) {
    if (name == "id" || name == "name" || out.size() >= kManyMax) continue;
    if (value.is_string()) {
      out.emplace(clean_text(name, kTextBytesMax), text_of(value));
    } else if (value.is_bool() || value.is_number()) {
      out.emplace(clean_text(name, kTextBytesMax), to_json(value));
    }
  }
  return out;
}

std::vector<IngressRule> ingress_rules_of(const Json& json) {
  std::vector<IngressRule> out;
  for (const Json& item : json.as_array()) {
    const bool ours = item["direction"].as_string() == "ingress" &&
                      item["protocol"].as_string() == "tcp" && item["port_range_min"].is_int() &&
                      item["port_range_min"].as_int() == item["port_range_max"].as_int() &&
                      item["remote_ip_prefix"].is_string() && is_plain_id(item["id"].as_string());
    if (!ours || out.size() >= kManyMax) continue;
    out.push_back({.id = item["id"].as_string(),
                   .cidr = text_of(item["remote_ip_prefix"]),
                   .port = item["port_range_min"].as_int()});
  }
  return out;
}

std::optional<Fault> fault_of(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  return Fault{.code = json["code"].as_int(),
               .message = clean_text(json["message"].as_string(), kFaultBytesMax)};
}

QuotaUse quota_use(const Json& absolute, const char* limit, const char* used) {
  return {.limit = std::max<std::int64_t>(absolute[limit].as_int(-1), -1),
          .used = std::max<std::int64_t>(absolute[used].as_int(0), 0)};
}

// What every image has; all other string members are properties that someone gave it.
constexpr std::array<std::string_view, 27> kGlanceMembers = {"checksum",
                                                             "container_format",
                                                             "created_at",
                                                             "direct_url",
                                                             "disk_format",
                                                             "file",
                                                             "id",
                                                             "locations",
                                                             "min_disk",
                                                             "min_ram",
                                                             "name",
                                                             "os_hash_algo",
                                                             "os_hash_value",
                                                             "os_hidden",
                                                             "owner",
                                                             "protected",
                                                             "schema",
                                                             "self",
                                                             "size",
                                                             "status",
                                                             "stores",
                                                             "tags",
                                                             "updated_at",
                                                             "virtual_size",
                                                             "visibility",
                                                             "deleted_at",
                                                             "deleted"};

}  // namespace

std::string as_shown(const std::string& text) {
  return clean_text(text, kTextBytesMax);
}

bool is_usable_address(const std::string& text) {
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return true;
  in6_addr v6{};
  if (text.find('.') != std::string::npos || inet_pton(AF_INET6, text.c_str(), &v6) != 1) {
    return false;
  }
  return !IN6_IS_ADDR_V4MAPPED(&v6) && !IN6_IS_ADDR_V4COMPAT(&v6);
}

Result<std::string> parse_id(const Json& json, const char* kind) {
  const std::string& id = json["id"].as_string();
  if (is_plain_id(id)) return id;
  return fail(ErrorCode::Unavailable,
              "the answer holds a " + std::string(kind) + " without a usable id");
}

Result<Server> parse_server(const Json& json) {
  Result<std::string> id = parse_id(json, "server");
  if (!id) return std::unexpected(std::move(id).error());
  Server server;
  server.id = std::move(*id);
  server.status = text_of(json["status"]);
  if (server.status.empty()) {
    return fail(ErrorCode::Unavailable, "the answer holds a server without a status: " + server.id);
  }
  server.name = text_of(json["name"]);
  server.task_state = text_of(json["OS-EXT-STS:task_state"]);
  server.vm_state = text_of(json["OS-EXT-STS:vm_state"]);
  server.fault = fault_of(json["fault"]);
  server.addresses = addresses_of(json["addresses"]);
  server.image_id = reference_of(json["image"]["id"]);
  server.flavor_name = text_of(json["flavor"]["original_name"]);
  server.availability_zone = text_of(json["OS-EXT-AZ:availability_zone"]);
  server.metadata = string_members(json["metadata"]);
  server.tags = texts_of(json["tags"]);
  server.created = text_of(json["created"]);
  server.updated = text_of(json["updated"]);
  return server;
}

Result<Flavor> parse_flavor(const Json& json) {
  // Flavors are the one thing whose id an operator may choose, with blanks in it.
  const std::string& id = json["id"].as_string();
  std::string without_blanks = id;
  std::erase(without_blanks, ' ');
  if (id.size() > 255 || !is_plain_id(without_blanks)) {
    return fail(ErrorCode::Unavailable, "the answer holds a flavor without a usable id");
  }
  Flavor flavor{.id = id,
                .name = text_of(json["name"]),
                .vcpus = json["vcpus"].as_int(),
                .ram_mib = json["ram"].as_int(),
                .disk_gib = json["disk"].as_int(),
                .properties = plain_members(json)};
  flavor.properties.merge(string_members(json["extra_specs"]));
  return flavor;
}

Result<Quota> parse_quota(const Json& limits) {
  if (!limits.is_object() || !limits["maxTotalInstances"].is_int()) {
    return fail(ErrorCode::Unavailable, "the answer holds no limits");
  }
  return Quota{.instances = quota_use(limits, "maxTotalInstances", "totalInstancesUsed"),
               .cores = quota_use(limits, "maxTotalCores", "totalCoresUsed"),
               .ram_mib = quota_use(limits, "maxTotalRAMSize", "totalRAMUsed")};
}

Result<Network> parse_network(const Json& json) {
  Result<std::string> id = parse_id(json, "network");
  if (!id) return std::unexpected(std::move(id).error());
  return Network{.id = *id,
                 .name = text_of(json["name"]),
                 .subnet_ids = texts_of(json["subnets"]),
                 .properties = plain_members(json),
                 .tags = texts_of(json["tags"])};
}

Result<SecurityGroup> parse_security_group(const Json& json) {
  Result<std::string> id = parse_id(json, "security group");
  if (!id) return std::unexpected(std::move(id).error());
  return SecurityGroup{.id = *id,
                       .name = text_of(json["name"]),
                       .description = text_of(json["description"]),
                       .rules = ingress_rules_of(json["security_group_rules"]),
                       .properties = plain_members(json),
                       .tags = texts_of(json["tags"])};
}

Result<Subnet> parse_subnet(const Json& json) {
  Result<std::string> id = parse_id(json, "subnet");
  if (!id) return std::unexpected(std::move(id).error());
  return Subnet{.id = *id,
                .name = text_of(json["name"]),
                .network_id = reference_of(json["network_id"]),
                .properties = plain_members(json),
                .tags = texts_of(json["tags"])};
}

Result<FloatingIP> parse_floating_ip(const Json& json) {
  Result<std::string> id = parse_id(json, "floating IP");
  if (!id) return std::unexpected(std::move(id).error());
  const std::string& address = json["floating_ip_address"].as_string();
  return FloatingIP{.id = *id,
                    .address = is_usable_address(address) ? address : "",
                    .description = text_of(json["description"]),
                    .status = text_of(json["status"]),
                    .network_id = reference_of(json["floating_network_id"]),
                    .port_id = reference_of(json["port_id"])};
}

Result<Port> parse_port(const Json& json) {
  Result<std::string> id = parse_id(json, "port");
  if (!id) return std::unexpected(std::move(id).error());
  Port port;
  port.id = std::move(*id);
  port.name = text_of(json["name"]);
  port.description = text_of(json["description"]);
  port.status = text_of(json["status"]);
  port.network_id = reference_of(json["network_id"]);
  port.device_id = reference_of(json["device_id"]);
  port.device_owner = text_of(json["device_owner"]);
  for (const Json& ip : json["fixed_ips"].as_array()) {
    const std::string& address = ip["ip_address"].as_string();
    if (is_usable_address(address) && port.fixed_ips.size() < kManyMax) {
      port.fixed_ips.push_back(address);
    }
  }
  port.security_group_ids = texts_of(json["security_groups"]);
  port.tags = texts_of(json["tags"]);
  port.mac_address = text_of(json["mac_address"]);
  for (const Json& pair : json["allowed_address_pairs"].as_array()) {
    if (port.allowed_address_pairs.size() >= kManyMax) break;
    port.allowed_address_pairs.push_back(
        {text_of(pair["ip_address"]), text_of(pair["mac_address"])});
  }
  port.has_security = json["port_security_enabled"].as_bool(true);
  return port;
}

Result<ServerGroup> parse_server_group(const Json& json) {
  Result<std::string> id = parse_id(json, "server group");
  if (!id) return std::unexpected(std::move(id).error());
  // Before microversion 2.64 there was a list of one.
  const std::string policy = text_of(json["policy"]);
  return ServerGroup{.id = *id,
                     .name = text_of(json["name"]),
                     .policy = policy.empty() ? text_of(json["policies"][0]) : policy};
}

Result<NetworkQuota> parse_network_quota(const Json& quota) {
  if (!quota["port"]["limit"].is_int()) {
    return fail(ErrorCode::Unavailable, "the answer holds no quota");
  }
  return NetworkQuota{.ports = quota_use(quota["port"], "limit", "used"),
                      .floating_ips = quota_use(quota["floatingip"], "limit", "used")};
}

Result<Image> parse_image(const Json& json) {
  Result<std::string> id = parse_id(json, "image");
  if (!id) return std::unexpected(std::move(id).error());
  Image image{.id = *id, .name = text_of(json["name"]), .status = text_of(json["status"])};
  image.properties = string_members(json);
  image.tags = texts_of(json["tags"]);
  for (std::string_view name : kGlanceMembers) image.properties.erase(std::string(name));
  std::erase_if(image.properties,
                [](const auto& property) { return property.first.starts_with("os_glance_"); });
  return image;
}

Result<Volume> parse_volume(const Json& json) {
  Result<std::string> id = parse_id(json, "volume");
  if (!id) return std::unexpected(std::move(id).error());
  Volume volume{.id = *id,
                .name = text_of(json["name"]),
                .status = text_of(json["status"]),
                .size_gib = json["size"].as_int(),
                .metadata = string_members(json["metadata"]),
                .server_ids = {}};
  if (volume.status.empty()) {
    return fail(ErrorCode::Unavailable, "volume " + *id + " has no status");
  }
  for (const Json& attachment : json["attachments"].as_array()) {
    std::string server = reference_of(attachment["server_id"]);
    if (!server.empty() && volume.server_ids.size() < kManyMax) {
      volume.server_ids.push_back(std::move(server));
    }
  }
  return volume;
}

Result<VolumeQuota> parse_volume_quota(const Json& limits) {
  if (!limits["maxTotalVolumes"].is_int()) {
    return fail(ErrorCode::Unavailable, "the answer holds no limits");
  }
  return VolumeQuota{.volumes = quota_use(limits, "maxTotalVolumes", "totalVolumesUsed"),
                     .gib = quota_use(limits, "maxTotalVolumeGigabytes", "totalGigabytesUsed")};
}

}  // namespace clickdeploy::openstack
