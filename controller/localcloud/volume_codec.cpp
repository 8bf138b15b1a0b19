#include "controller/localcloud/volume_codec_internal.h"

#include <utility>

namespace clickdeploy::localcloud {

Json encode_volume(const Volume& volume) {
  Json metadata = Json::object();
  for (const auto& [key, value] : volume.metadata) metadata.set(key, value);
  return Json::object({{"id", volume.id},
                       {"name", volume.name},
                       {"description", volume.description},
                       {"project_id", volume.project_id},
                       {"user_id", volume.user_id},
                       {"size_gib", volume.size_gib},
                       {"type", volume.type},
                       {"zone", volume.zone},
                       {"image_id", volume.image_id},
                       {"metadata", std::move(metadata)},
                       {"status", volume.status},
                       {"server_id", volume.server_id},
                       {"attachment_id", volume.attachment_id},
                       {"device", volume.device},
                       {"deleted_with_server", volume.deleted_with_server},
                       {"sequence", static_cast<std::int64_t>(volume.sequence)},
                       {"created", format_micro_time(volume.created)},
                       {"updated", format_micro_time(volume.updated)}});
}

Volume decode_volume(const Json& json) {
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : json["metadata"].as_object()) {
    metadata.emplace(key, value.as_string());
  }
  return {.id = json["id"].as_string(),
          .name = json["name"].as_string(),
          .description = json["description"].as_string(),
          .project_id = json["project_id"].as_string(),
          .user_id = json["user_id"].as_string(),
          .size_gib = json["size_gib"].as_int(1),
          .type = json["type"].as_string(),
          .zone = json["zone"].as_string(),
          .image_id = json["image_id"].as_string(),
          .metadata = std::move(metadata),
          .status = json["status"].as_string(),
          .server_id = json["server_id"].as_string(),
          .attachment_id = json["attachment_id"].as_string(),
          .device = json["device"].as_string(),
          .deleted_with_server = json["deleted_with_server"].as_bool(),
          .sequence = static_cast<std::uint64_t>(json["sequence"].as_int()),
          .created = parse_time(json["created"].as_string()).value_or(WallTime{}),
          .updated = parse_time(json["updated"].as_string()).value_or(WallTime{})};
}

}  // namespace clickdeploy::localcloud
