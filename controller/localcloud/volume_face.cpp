// Cinder v3, at microversion 3.0: volumes and their metadata, types, limits, quotas.

#include "controller/base/text.h"
#include "controller/localcloud/face_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace clickdeploy::localcloud {
namespace {

constexpr std::size_t kPageMax = 1000;
constexpr std::size_t kTextMax = 255;

Json metadata_json(const Volume& volume) {
  Json view = Json::object();
  for (const auto& [key, value] : volume.metadata) view.set(key, value);
  return view;
}

Json links(const Call& call, const Volume& volume) {
  const std::string path = fmt::format("{}/volumes/{}", volume.project_id, volume.id);
  return Json::array(
      {Json::object({{"rel", "self"}, {"href", call.base_url + "/volume/v3/" + path}}),
       Json::object({{"rel", "bookmark"}, {"href", call.base_url + "/volume/" + path}})});
}

// A reserved volume has no attachment to show yet.
Json attachments_view(const Volume& volume) {
  if (volume.status != "in-use" && volume.status != "detaching") return Json::array();
  return Json::array({Json::object({{"id", volume.id},
                                    {"volume_id", volume.id},
                                    {"attachment_id", volume.attachment_id},
                                    {"server_id", volume.server_id},
                                    {"host_name", nullptr},
                                    {"device", volume.device},
                                    {"attached_at", format_micro_time(volume.updated)}})});
}

std::string without_zone(WallTime time) {
  std::string text = format_micro_time(time);
  if (text.ends_with('Z')) text.pop_back();
  return text;
}

Json volume_view(const Call& call, const Volume& volume) {
  Json view =
      Json::object({{"id", volume.id},
                    {"name", volume.name},
                    {"description", volume.description.empty() ? Json() : Json(volume.description)},
                    {"status", volume.status},
                    {"size", volume.size_gib},
                    {"volume_type", volume.type},
                    {"availability_zone", volume.zone},
                    {"bootable", volume.image_id.empty() ? "false" : "true"},
                    {"encrypted", false},
                    {"multiattach", false},
                    {"metadata", metadata_json(volume)},
                    {"attachments", attachments_view(volume)},
                    {"user_id", volume.user_id},
                    {"snapshot_id", nullptr},
                    {"source_volid", nullptr},
                    {"consistencygroup_id", nullptr},
                    {"replication_status", nullptr},
                    {"os-vol-tenant-attr:tenant_id", volume.project_id},
                    {"created_at", without_zone(volume.created)},
                    {"updated_at", without_zone(volume.updated)},
                    {"links", links(call, volume)}});
  const bool copied = volume.status != "creating" && volume.status != "error";
  if (!volume.image_id.empty() && copied) {
    view.set("volume_image_metadata", Json::object({{"image_id", volume.image_id}}));
  }
  return view;
}

Json brief_view(const Call& call, const Volume& volume) {
  return Json::object({{"id", volume.id}, {"name", volume.name}, {"links", links(call, volume)}});
}

// Cinder reads the filter "metadata" as a literal of Python's: {'key': 'value'}.
std::optional<std::map<std::string, std::string>> read_literal(std::string text) {
  std::ranges::replace(text, '\'', '"');
  Result<Json> json = parse_json(text);
  if (!json || !json->is_object()) return std::nullopt;
  std::map<std::string, std::string> wanted;
  for (const auto& [key, value] : json->as_object()) wanted.emplace(key, value.as_string());
  return wanted;
}

bool passes(const Call& call, const Volume& volume) {
  if (volume.project_id != call.token.project_id) {
    const std::string all = call.parameter("all_tenants");
    if (!call.admin || (all != "1" && to_lower(all) != "true")) return false;
  }
  const std::string name = call.parameter("name");
  if (!name.empty() && name != volume.name) return false;
  const std::string status = call.parameter("status");
  if (!status.empty() && status != volume.status) return false;
  const std::string metadata = call.parameter("metadata");
  if (metadata.empty()) return true;
  const auto wanted = read_literal(metadata);
  return !wanted || std::ranges::all_of(*wanted, [&](const auto& item) {
    const auto found = volume.metadata.find(item.first);
    return found != volume.metadata.end() && found->second == item.second;
  });
}

Reaction list_volumes(const Cloud& cloud, const Call& call, bool detail) {
  Outcome<PageRequest> page = page_request(call, kPageMax);
  if (!page) return std::unexpected(std::move(page).error());
  std::vector<const Volume*> volumes;
  for (const auto& [id, volume] : cloud.state().volumes) {
    if (passes(call, volume)) volumes.push_back(&volume);
  }
  std::ranges::sort(volumes, std::ranges::greater(), &Volume::sequence);
  auto first = volumes.begin();
  if (!page->marker.empty()) {
    first = std::ranges::find(volumes, page->marker, &Volume::id);
    if (first == volumes.end()) {
      return refuse(404, fmt::format("Volume {} could not be found.", page->marker));
    }
    ++first;
  }
  JsonArray items;
  std::string last;
  for (; first != volumes.end() && items.size() < page->limit; ++first) {
    items.push_back(detail ? volume_view(call, **first) : brief_view(call, **first));
    last = (*first)->id;
  }
  // As Nova: whenever this page is full.
  const bool full = items.size() == page->limit;
  Json body = Json::object({{"volumes", std::move(items)}});
  if (full) {
    const std::string href = fmt::format("{}/volume/v3/{}?{}", call.base_url, join(call.path, "/"),
                                         query_with_marker(call.query, last));
    body.set("volumes_links", Json::array({Json::object({{"rel", "next"}, {"href", href}})}));
  }
  return answer(200, std::move(body));
}

Outcome<std::int64_t> read_size(const Json& size) {
  std::int64_t value = size.as_int();
  if (size.is_string()) {
    const std::string& text = size.as_string();
    const char* end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, value);
    if (problem != std::errc() || stop != end) value = 0;
  } else if (!size.is_int()) {
    return invalid_field("size", size, "is not of type 'integer', 'string'");
  }
  if (value < 1) return invalid_field("size", size, "is less than the minimum of 1");
  return value;
}

Outcome<std::map<std::string, std::string>> read_items(const Json& json) {
  std::map<std::string, std::string> items;
  if (json.is_null()) return items;
  if (!json.is_object()) return invalid_field("metadata", json, "is not of type 'object'");
  for (const auto& [key, value] : json.as_object()) {
    const bool fine = !key.empty() && key.size() <= kTextMax && value.is_string() &&
                      value.as_string().size() <= kTextMax;
    if (!fine) {
      return invalid_field("metadata", json, "is not of type 'string' or is too long");
    }
    items.emplace(key, value.as_string());
  }
  return items;
}

Reaction create_volume(Cloud& cloud, const Call& call) {
  const Json& wanted = call.body["volume"];
  if (!wanted.is_object()) return refuse(400, "'volume' is a required property");
  NewVolume request;
  request.name = wanted["name"].as_string();
  request.description = wanted["description"].as_string();
  if (request.name.size() > kTextMax) return invalid_field("name", wanted["name"], "is too long");
  Outcome<std::int64_t> size = read_size(wanted["size"]);
  if (!size) return std::unexpected(std::move(size).error());
  request.size_gib = *size;
  request.type = wanted["volume_type"].as_string();
  request.zone = wanted["availability_zone"].as_string();
  request.image_id = wanted["imageRef"].as_string();
  Outcome<std::map<std::string, std::string>> metadata = read_items(wanted["metadata"]);
  if (!metadata) return std::unexpected(std::move(metadata).error());
  request.metadata = std::move(*metadata);
  Outcome<std::string> id = cloud.create_volume(call.token, std::move(request));
  if (!id) return std::unexpected(std::move(id).error());
  return answer(202, Json::object({{"volume", volume_view(call, cloud.state().volumes.at(*id))}}));
}

Reaction metadata_call(Cloud& cloud, const Call& call, Volume& volume) {
  if (call.path.size() == 3 && call.method == "GET") {
    return answer(200, Json::object({{"metadata", metadata_json(volume)}}));
  }
  if (call.path.size() == 3 && (call.method == "POST" || call.method == "PUT")) {
    Outcome<std::map<std::string, std::string>> items = read_items(call.body["metadata"]);
    if (!items) return std::unexpected(std::move(items).error());
    cloud.mutable_state();
    if (call.method == "PUT") volume.metadata.clear();
    for (auto& [key, value] : *items) volume.metadata[key] = std::move(value);
    volume.updated = cloud.now();
    return answer(200, Json::object({{"metadata", metadata_json(volume)}}));
  }
  if (call.path.size() != 4) return refuse(404, "The resource could not be found.");
  const auto found = volume.metadata.find(call.path[3]);
  if (found == volume.metadata.end()) {
    return refuse(404, "Metadata item was not found.");
  }
  if (call.method == "GET") {
    return answer(200, Json::object({{"meta", Json::object({{found->first, found->second}})}}));
  }
  if (call.method != "DELETE") return refuse(405, "The method is not allowed for this resource.");
  cloud.mutable_state();
  volume.metadata.erase(found);
  volume.updated = cloud.now();
  return answer(200);
}

Reaction update_volume(Cloud& cloud, const Call& call, Volume& volume) {
  const Json& changes = call.body["volume"];
  if (!changes.is_object()) return refuse(400, "'volume' is a required property");
  Outcome<std::map<std::string, std::string>> metadata = read_items(changes["metadata"]);
  if (!metadata) return std::unexpected(std::move(metadata).error());
  cloud.mutable_state();
  if (changes.contains("name")) volume.name = changes["name"].as_string();
  if (changes.contains("description")) volume.description = changes["description"].as_string();
  if (changes.contains("metadata")) volume.metadata = std::move(*metadata);
  volume.updated = cloud.now();
  return answer(200, Json::object({{"volume", volume_view(call, volume)}}));
}

struct Use {
  std::int64_t volumes = 0;
  std::int64_t gib = 0;
};

Use use_of(const Cloud& cloud, std::string_view project_id) {
  Use use;
  for (const auto& [id, volume] : cloud.state().volumes) {
    if (volume.project_id != project_id) continue;
    ++use.volumes;
    use.gib += volume.size_gib;
  }
  return use;
}

// Of the administrator's PUT, what is not named stays.
Reaction quota_call(Cloud& cloud, const Call& call) {
  const std::string& project = call.path[1];
  if (!call.admin && project != call.token.project_id) {
    return refuse(403, "Policy doesn't allow volume_extension:quotas:show to be performed.");
  }
  Quota quota = cloud.quota_of(project);
  if (call.method == "PUT") {
    if (!call.admin) {
      return refuse(403, "Policy doesn't allow volume_extension:quotas:update to be performed.");
    }
    quota.volumes = call.body["quota_set"]["volumes"].as_int(quota.volumes);
    quota.volume_gib = call.body["quota_set"]["gigabytes"].as_int(quota.volume_gib);
    cloud.mutable_state().quotas[project] = quota;
  } else if (call.method != "GET") {
    return refuse(405, "The method is not allowed for this resource.");
  }
  const bool with_use = to_lower(call.parameter("usage")) == "true";
  const Use use = use_of(cloud, project);
  const auto shown = [&](std::int64_t limit, std::int64_t used) -> Json {
    if (!with_use) return limit;
    return Json::object({{"limit", limit}, {"in_use", used}, {"reserved", 0}, {"allocated", 0}});
  };
  Json set = Json::object({{"volumes", shown(quota.volumes, use.volumes)},
                           {"gigabytes", shown(quota.volume_gib, use.gib)},
                           {"snapshots", shown(10, 0)},
                           {"backups", shown(10, 0)},
                           {"backup_gigabytes", shown(1000, 0)},
                           {"groups", shown(10, 0)},
                           {"per_volume_gigabytes", shown(-1, 0)}});
  if (call.method == "GET") set.set("id", project);
  return answer(200, Json::object({{"quota_set", std::move(set)}}));
}

Json limits_view(const Cloud& cloud, const Call& call) {
  const auto [count, gib] = use_of(cloud, call.token.project_id);
  const Quota quota = cloud.quota_of(call.token.project_id);
  Json absolute = Json::object({{"maxTotalVolumes", quota.volumes},
                                {"totalVolumesUsed", count},
                                {"maxTotalVolumeGigabytes", quota.volume_gib},
                                {"totalGigabytesUsed", gib},
                                {"maxTotalSnapshots", 10},
                                {"totalSnapshotsUsed", 0},
                                {"maxTotalBackups", 10},
                                {"totalBackupsUsed", 0},
                                {"maxTotalBackupGigabytes", 1000},
                                {"totalBackupGigabytesUsed", 0}});
  return Json::object(
      {{"limits", Json::object({{"rate", Json::array()}, {"absolute", std::move(absolute)}})}});
}

Json types_view(const Cloud& cloud) {
  JsonArray items;
  for (const std::string& name : cloud.options().volume_types) {
    items.push_back(Json::object({{"id", sha256_hex("type " + name).substr(0, 32)},
                                  {"name", name},
                                  {"is_public", true},
                                  {"description", nullptr},
                                  {"extra_specs", Json::object()}}));
  }
  return Json::object({{"volume_types", std::move(items)}});
}

}  // namespace

Answer volume_versions(const Call& call) {
  const Json version = Json::object(
      {{"id", "v3.0"},
       {"status", "CURRENT"},
       {"version", ""},
       {"min_version", ""},
       {"updated", "2023-08-31T00:00:00Z"},
       {"links",
        Json::array({Json::object({{"rel", "self"}, {"href", call.base_url + "/volume/v3/"}})})}});
  return answer(300, Json::object({{"versions", Json::array({version})}}));
}

// The first segment is the project, which must be the token's.
Reaction volume_call(Cloud& cloud, const Call& whole) {
  if (whole.path.empty() || whole.path[0] != whole.token.project_id) {
    return refuse(400, "Malformed request url");
  }
  Call call = whole;
  call.path.erase(call.path.begin());
  if (matches(call, "GET", {"limits"})) return answer(200, limits_view(cloud, call));
  if (call.path.size() >= 2 && call.path[0] == "os-quota-sets") return quota_call(cloud, call);
  if (matches(call, "GET", {"types"})) return answer(200, types_view(cloud));
  if (call.path.empty() || call.path[0] != "volumes") {
    return refuse(404, "The resource could not be found.");
  }
  if (matches(call, "GET", {"volumes"}) || matches(call, "GET", {"volumes", "detail"})) {
    return list_volumes(cloud, whole, call.path.size() == 2);
  }
  if (matches(call, "POST", {"volumes"})) return create_volume(cloud, call);
  if (call.path.size() < 2) return refuse(405, "The method is not allowed for this resource.");
  auto found = cloud.mutable_state().volumes.find(call.path[1]);
  if (found == cloud.state().volumes.end() ||
      (found->second.project_id != call.token.project_id && !call.admin)) {
    return refuse(404, fmt::format("Volume {} could not be found.", call.path[1]));
  }
  Volume& volume = found->second;
  if (matches(call, "GET", {"volumes", "*"})) {
    return answer(200, Json::object({{"volume", volume_view(call, volume)}}));
  }
  if (matches(call, "PUT", {"volumes", "*"})) return update_volume(cloud, call, volume);
  if (matches(call, "DELETE", {"volumes", "*"})) {
    Outcome<void> deleted = cloud.delete_volume(volume);
    if (!deleted) return std::unexpected(std::move(deleted).error());
    return answer(202);
  }
  if (call.path[2] == "metadata") return metadata_call(cloud, call, volume);
  return refuse(404, "The resource could not be found.");
}

}  // namespace clickdeploy::localcloud
