// What POST /servers accepts, as strictly as Nova's schemas.

#include "controller/base/text.h"
#include "controller/localcloud/face_internal.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::localcloud {
namespace {

constexpr std::size_t kUserDataMax = 65'535;
constexpr std::size_t kTagsMax = 50;
constexpr std::size_t kTagLengthMax = 60;
constexpr std::size_t kTextMax = 255;
constexpr std::size_t kMetadataMax = 128;
constexpr std::int64_t kCountMax = 1000;

// A property and the microversions that know it.
struct Property {
  std::string_view name;
  int since = 1;
  int until = 93;
};
constexpr Property kServerProperties[] = {{"name"},
                                          {"imageRef"},
                                          {"flavorRef"},
                                          {"adminPass"},
                                          {"metadata"},
                                          {"networks"},
                                          {"personality", 1, 56},
                                          {"OS-DCF:diskConfig"},
                                          {"accessIPv4"},
                                          {"accessIPv6"},
                                          {"availability_zone"},
                                          {"block_device_mapping"},
                                          {"block_device_mapping_v2"},
                                          {"config_drive"},
                                          {"key_name"},
                                          {"min_count"},
                                          {"max_count"},
                                          {"return_reservation_id"},
                                          {"security_groups"},
                                          {"user_data"},
                                          {"description", 19},
                                          {"tags", 52},
                                          {"trusted_image_certificates", 63},
                                          {"host", 74},
                                          {"hypervisor_hostname", 74},
                                          {"hostname", 90}};

Outcome<void> check_properties(const Call& call, const Json& server) {
  for (const auto& [key, value] : server.as_object()) {
    const bool known = std::ranges::any_of(kServerProperties, [&](const Property& property) {
      return property.name == key && call.microversion >= property.since &&
             call.microversion <= property.until;
    });
    if (!known) {
      return invalid_field(
          "server", server,
          fmt::format("Additional properties are not allowed ('{}' was unexpected)", key));
    }
  }
  for (const char* required : {"name", "flavorRef"}) {
    if (!server.contains(required)) {
      return invalid_field("server", server, fmt::format("'{}' is a required property", required));
    }
  }
  if (call.microversion >= 37 && !server.contains("networks")) {
    return invalid_field("server", server, "'networks' is a required property");
  }
  return {};
}

Outcome<std::string> read_name(const Json& json, std::string_view field) {
  const std::string& name = json.as_string();
  if (!json.is_string() || trim(name).empty()) {
    return invalid_field(field, json, "is not of type 'string' or is too short");
  }
  if (name.size() > kTextMax) return invalid_field(field, json, "is too long");
  return std::string(trim(name));
}

Outcome<void> read_networks(const Call& call, const Json& networks, NewServer& request) {
  if (networks.is_null()) {
    request.choose_network = true;
    return {};
  }
  if (networks.is_string() && call.microversion >= 37) {
    if (networks.as_string() == "auto") {
      request.choose_network = true;
    } else if (networks.as_string() != "none") {
      return invalid_field("networks", networks, "is not one of ['none', 'auto']");
    }
    return {};
  }
  if (!networks.is_array()) {
    return invalid_field("networks", networks, "is not valid under any of the given schemas");
  }
  if (networks.empty()) request.choose_network = true;
  for (const Json& item : networks.as_array()) {
    for (const auto& [key, value] : item.as_object()) {
      if (key == "uuid" || key == "port" || key == "fixed_ip" ||
          (key == "tag" && call.microversion >= 42)) {
        continue;
      }
      return invalid_field(
          "networks/0", item,
          fmt::format("Additional properties are not allowed ('{}' was unexpected)", key));
    }
    RequestedNic nic{item["uuid"].as_string(), item["port"].as_string(),
                     item["fixed_ip"].as_string()};
    if (nic.network_id.empty() && nic.port_id.empty()) {
      return refuse(400, "Bad network format: network uuid is not in proper format ()");
    }
    request.nics.push_back(std::move(nic));
  }
  return {};
}

std::unexpected<ApiError> bad_mapping(std::string_view why) {
  return refuse(400, fmt::format("Block Device Mapping is Invalid: {}", why));
}

// Nova takes numbers and booleans as text, too, and clients send them so.
std::int64_t boot_index_of(const Json& device) {
  const Json& index = device["boot_index"];
  return index.is_string() ? std::atoll(index.as_string().c_str()) : index.as_int(-1);
}

bool is_true(const Json& value) {
  return value.as_bool() || to_lower(value.as_string()) == "true" || value.as_string() == "1";
}

// Volumes that exist, and the image on the host's own disk. What Nova makes itself from an image
// or a snapshot this cloud has not.
Outcome<void> read_devices(const Json& devices, NewServer& request) {
  if (devices.is_null()) return {};
  if (!devices.is_array()) {
    return invalid_field("block_device_mapping_v2", devices, "is not of type 'array'");
  }
  bool image_boots = false;
  for (const Json& device : devices.as_array()) {
    for (const auto& [key, value] : device.as_object()) {
      const std::string_view known[] = {"uuid",        "source_type",  "destination_type",
                                        "boot_index",  "device_name",  "delete_on_termination",
                                        "volume_size", "guest_format", "disk_bus",
                                        "device_type", "no_device",    "volume_type",
                                        "tag",         "volume_id"};
      if (std::ranges::find(known, key) == std::end(known)) {
        return invalid_field(
            "block_device_mapping_v2/0", device,
            fmt::format("Additional properties are not allowed ('{}' was unexpected)", key));
      }
    }
    const std::string& source = device["source_type"].as_string();
    const std::string& destination = device["destination_type"].as_string();
    const std::string& uuid = device["uuid"].as_string();
    if (source == "image" && destination == "local") {
      if (uuid != request.image_id || boot_index_of(device) != 0) {
        return bad_mapping("Mapping image to local is not supported.");
      }
      image_boots = true;
    } else if (source == "volume" && (destination == "volume" || destination.empty())) {
      request.volumes.push_back(
          {uuid, boot_index_of(device) == 0, is_true(device["delete_on_termination"])});
    } else {
      return bad_mapping("this cloud maps only volumes that exist, and the image to local.");
    }
  }
  const auto booting = std::ranges::count(request.volumes, true, &RequestedVolume::boots);
  if (booting + int(image_boots) != 1) {
    return bad_mapping(
        "Boot sequence for the instance and image/block device mapping combination is not valid.");
  }
  return {};
}

Outcome<std::int64_t> read_count(const Json& server) {
  const Json& min = server["min_count"];
  const Json& max = server["max_count"];
  const std::int64_t least = min.is_string() ? std::atoll(min.as_string().c_str()) : min.as_int(1);
  const std::int64_t most =
      max.is_string() ? std::atoll(max.as_string().c_str()) : max.as_int(least);
  if (least < 1 || most > kCountMax) return invalid_field("min_count", min, "is out of range");
  if (least > most) return refuse(400, "min_count must be <= max_count");
  return most;
}

}  // namespace

Outcome<std::string> read_user_data(const Json& json) {
  if (json.is_null()) return std::string();
  if (!json.is_string()) return invalid_field("user_data", json, "is not of type 'string'");
  if (json.as_string().size() > kUserDataMax) {
    return refuse(400,
                  "Invalid input for field/attribute user_data. Value: (not shown). "
                  "The value is too long");
  }
  return json.as_string();
}

Outcome<std::set<std::string>> read_tags(const Json& json) {
  std::set<std::string> tags;
  if (json.is_null()) return tags;
  if (!json.is_array()) return invalid_field("tags", json, "is not of type 'array'");
  for (const Json& item : json.as_array()) {
    const std::string& tag = item.as_string();
    if (tag.empty() || tag.size() > kTagLengthMax) {
      return invalid_field("tags/0", item, "is too short or too long");
    }
    if (tag.find_first_of("/,") != std::string::npos) {
      return invalid_field("tags/0", item, "does not match '^[^,/]*$'");
    }
    tags.insert(tag);
  }
  if (tags.size() > kTagsMax) return invalid_field("tags", json, "is too long");
  return tags;
}

Outcome<std::map<std::string, std::string>> read_metadata(const Json& json) {
  std::map<std::string, std::string> metadata;
  if (json.is_null()) return metadata;
  if (!json.is_object()) return invalid_field("metadata", json, "is not of type 'object'");
  for (const auto& [key, value] : json.as_object()) {
    if (key.empty() || key.size() > kTextMax) {
      return invalid_field("metadata", key, "does not match the allowed keys");
    }
    if (!value.is_string() || value.as_string().size() > kTextMax) {
      return invalid_field("metadata/" + key, value, "is not of type 'string' or is too long");
    }
    metadata.emplace(key, value.as_string());
  }
  if (metadata.size() > kMetadataMax) {
    return refuse(403, fmt::format("Maximum number of metadata items exceeds {}", kMetadataMax));
  }
  return metadata;
}

Outcome<NewServer> read_new_server(const Cloud& cloud, const Call& call) {
  for (const auto& [key, value] : call.body.as_object()) {
    if (key == "server" || key == "os:scheduler_hints" || key == "OS-SCH-HNT:scheduler_hints") {
      continue;
    }
    return refuse(400,
                  fmt::format("Additional properties are not allowed ('{}' was unexpected)", key));
  }
  const Json& server = call.body["server"];
  if (!server.is_object()) return refuse(400, "'server' is a required property");
  Outcome<void> known = check_properties(call, server);
  if (!known) return std::unexpected(std::move(known).error());

  NewServer request;
  Outcome<std::string> name = read_name(server["name"], "name");
  if (!name) return std::unexpected(std::move(name).error());
  request.name = std::move(*name);
  request.description = server["description"].as_string();
  request.image_id = server["imageRef"].as_string();
  Outcome<void> devices = read_devices(server["block_device_mapping_v2"], request);
  if (!devices) return std::unexpected(std::move(devices).error());
  const Json& flavor = server["flavorRef"];
  request.flavor_id = flavor.is_int() ? std::to_string(flavor.as_int()) : flavor.as_string();
  request.key_name = server["key_name"].as_string();
  request.availability_zone = server["availability_zone"].as_string();
  const std::vector<std::string>& zones = cloud.options().zones;
  if (!request.availability_zone.empty() &&
      std::ranges::find(zones, request.availability_zone) == zones.end()) {
    return refuse(400, "The requested availability zone is not available");
  }
  const Json& drive = server["config_drive"];
  if (!drive.is_null() && !drive.is_bool() && drive.as_string() != "True" &&
      drive.as_string() != "False") {
    return invalid_field("config_drive", drive, "is not a boolean");
  }
  request.config_drive = drive.as_bool() || drive.as_string() == "True";
  Outcome<std::string> user_data = read_user_data(server["user_data"]);
  if (!user_data) return std::unexpected(std::move(user_data).error());
  request.user_data = std::move(*user_data);
  Outcome<std::map<std::string, std::string>> metadata = read_metadata(server["metadata"]);
  if (!metadata) return std::unexpected(std::move(metadata).error());
  request.metadata = std::move(*metadata);
  Outcome<std::set<std::string>> tags = read_tags(server["tags"]);
  if (!tags) return std::unexpected(std::move(tags).error());
  request.tags = std::move(*tags);
  for (const Json& group : server["security_groups"].as_array()) {
    request.security_groups.push_back(group["name"].as_string());
  }
  Outcome<void> networks = read_networks(call, server["networks"], request);
  if (!networks) return std::unexpected(std::move(networks).error());
  const Json& hints = call.body.contains("os:scheduler_hints")
                          ? call.body["os:scheduler_hints"]
                          : call.body["OS-SCH-HNT:scheduler_hints"];
  request.group_id = hints["group"].as_string();
  if (!request.group_id.empty() && !cloud.state().server_groups.contains(request.group_id)) {
    return refuse(400, fmt::format("Instance group {} could not be found.", request.group_id));
  }
  Outcome<std::int64_t> count = read_count(server);
  if (!count) return std::unexpected(std::move(count).error());
  request.count = *count;
  if (request.image_id.empty() && request.volumes.empty()) {
    return bad_mapping(
        "Boot sequence for the instance and image/block device mapping combination is not valid.");
  }
  return request;
}

}  // namespace clickdeploy::localcloud
