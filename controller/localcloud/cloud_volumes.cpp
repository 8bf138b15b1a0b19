#include "controller/localcloud/cloud.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::localcloud {
namespace {

constexpr std::chrono::milliseconds kHangRecheck{200};
constexpr std::string_view kDeletable[] = {"available", "error", "error_restoring",
                                           "error_extending", "error_managing"};

std::unexpected<ApiError> over_limit(std::string_view what, const std::string& limits) {
  return refuse(413, fmt::format("{}: {}", what, limits));
}

}  // namespace

Outcome<std::string> Cloud::create_volume(const Token& token, NewVolume request) {
  const auto& types = options_.volume_types;
  if (request.type.empty()) request.type = types.front();
  if (std::ranges::find(types, request.type) == types.end()) {
    return refuse(404, fmt::format("Volume type with name {} could not be found.", request.type));
  }
  if (!request.image_id.empty() && !state_.images.contains(request.image_id)) {
    return refuse(400, "Invalid image identifier or unable to access requested image.");
  }
  if (request.zone.empty()) request.zone = options_.zones.front();
  if (std::ranges::find(options_.zones, request.zone) == options_.zones.end()) {
    return refuse(400, fmt::format("Availability zone '{}' is invalid.", request.zone));
  }
  std::int64_t count = 0;
  std::int64_t gib = 0;
  for (const auto& [id, volume] : state_.volumes) {
    if (volume.project_id != token.project_id) continue;
    ++count;
    gib += volume.size_gib;
  }
  const Quota quota = quota_of(token.project_id);
  if (quota.volume_gib >= 0 && gib + request.size_gib > quota.volume_gib) {
    return over_limit("VolumeSizeExceedsAvailableQuota",
                      fmt::format("Requested volume or snapshot exceeds allowed gigabytes quota. "
                                  "Requested {}G, quota is {}G and {}G has been consumed.",
                                  request.size_gib, quota.volume_gib, gib));
  }
  if (quota.volumes >= 0 && count >= quota.volumes) {
    return over_limit("VolumeLimitExceeded",
                      fmt::format("Maximum number of volumes allowed ({}) exceeded for quota "
                                  "'volumes'.",
                                  quota.volumes));
  }
  Volume volume;
  volume.id = random_.uuid();
  volume.name = std::move(request.name);
  volume.description = std::move(request.description);
  volume.project_id = token.project_id;
  volume.user_id = token.user_id;
  volume.size_gib = request.size_gib;
  volume.type = std::move(request.type);
  volume.zone = std::move(request.zone);
  volume.image_id = std::move(request.image_id);
  volume.metadata = std::move(request.metadata);
  volume.sequence = state_.next_sequence++;
  volume.created = volume.updated = now();
  std::string id = volume.id;
  state_.volumes.emplace(id, std::move(volume));
  set_due(id, options_.volume);
  ++revision_;
  return id;
}

void Cloud::set_status(Volume& volume, std::string status) {
  volume.status = std::move(status);
  volume.updated = now();
  ++revision_;
}

void Cloud::step(Volume& volume) {
  if (volume.status == "creating") {
    if (faults_.volumes_hang) return set_due(volume.id, kHangRecheck);
    const bool fails = faults_.volume_failures > 0;
    if (fails) --faults_.volume_failures;
    return set_status(volume, fails ? "error" : "available");
  }
  const Server* server = find_server(volume.server_id);
  const bool built = server != nullptr && server->vm_state != VmState::Building;
  if (volume.status == "reserved" && built) return set_status(volume, "in-use");
  if (volume.status == "detaching") {
    volume.server_id.clear();
    volume.attachment_id.clear();
    volume.device.clear();
    return set_status(volume, "available");
  }
  if (volume.status != "deleting") return;
  if (faults_.volume_removal_failures > 0) {
    --faults_.volume_removal_failures;
    return set_status(volume, "error_deleting");
  }
  state_.volumes.erase(volume.id);
  ++revision_;
}

Outcome<void> Cloud::delete_volume(Volume& volume) {
  if (std::ranges::find(kDeletable, volume.status) == std::end(kDeletable)) {
    return refuse(
        400,
        "Invalid volume: Volume status must be available or error or error_restoring or "
        "error_extending or error_managing and must not be migrating, attached, belong to "
        "a group, have snapshots, awaiting a transfer, or be disassociated from snapshots "
        "after volume transfer.");
  }
  set_status(volume, "deleting");
  set_due(volume.id, options_.removal);
  return {};
}

Outcome<void> Cloud::check_volumes(const NewServer& request, const std::string& project_id) const {
  bool boots = !request.image_id.empty();
  std::set<std::string> seen;
  for (const RequestedVolume& wanted : request.volumes) {
    const auto volume = state_.volumes.find(wanted.id);
    if (volume == state_.volumes.end() || volume->second.project_id != project_id ||
        !seen.insert(wanted.id).second) {
      return refuse(
          400, fmt::format("Block Device Mapping is Invalid: failed to get volume {}.", wanted.id));
    }
    if (volume->second.status != "available") {
      return refuse(400, fmt::format("Invalid volume: Invalid volume: Volume {} status must be "
                                     "available or downloading to reserve, but the current status "
                                     "is {}.",
                                     wanted.id, volume->second.status));
    }
    if (wanted.boots && volume->second.image_id.empty()) {
      return refuse(400, fmt::format("Block Device {} is not bootable.", wanted.id));
    }
    boots = boots || wanted.boots;
  }
  if (!boots) {
    return refuse(400,
                  "Block Device Mapping is Invalid: Boot sequence for the instance and image/"
                  "block device mapping combination is not valid.");
  }
  return {};
}

void Cloud::reserve_volume(Volume& volume, const std::string& server_id) {
  const std::size_t others = volumes_of(server_id).size();
  volume.server_id = server_id;
  volume.attachment_id = random_.uuid();
  volume.device = fmt::format("/dev/vd{}", static_cast<char>('a' + others));
  volume.deleted_with_server = false;
  set_status(volume, "reserved");
}

Outcome<void> Cloud::attach_volume(Volume& volume, const Server& server) {
  Outcome<void> checked = check_state(server, "attach_volume", {VmState::Active, VmState::Stopped});
  if (!checked) return checked;
  if (volume.status != "available") {
    return refuse(400, fmt::format("Invalid input received: Invalid volume: Volume {} status must "
                                   "be available or downloading to reserve, but the current status "
                                   "is {}.",
                                   volume.id, volume.status));
  }
  reserve_volume(volume, server.id);
  set_due(volume.id, options_.power);
  return {};
}

Outcome<void> Cloud::detach_volume(Volume& volume) {
  if (volume.status != "in-use") {
    return refuse(400, fmt::format("Invalid volume: Invalid input received: Invalid volume: Unable "
                                   "to detach volume. Volume status must be 'in-use' and "
                                   "attach_status must be 'attached' to detach."));
  }
  set_status(volume, "detaching");
  set_due(volume.id, options_.power);
  return {};
}

std::vector<const Volume*> Cloud::volumes_of(std::string_view server_id) const {
  std::vector<const Volume*> volumes;
  for (const auto& [id, volume] : state_.volumes) {
    if (volume.server_id == server_id) volumes.push_back(&volume);
  }
  std::ranges::sort(volumes, {}, &Volume::device);
  return volumes;
}

// Cinder goes on for a while after Nova has forgotten the server.
void Cloud::release_volumes(const Server& server) {
  for (auto& [id, volume] : state_.volumes) {
    if (volume.server_id != server.id) continue;
    if (volume.deleted_with_server) {
      set_status(volume, "deleting");
      set_due(id, options_.removal);
    } else if (faults_.detach_delay.count() > 0) {
      set_status(volume, "detaching");
      set_due(id, faults_.detach_delay);
    } else {
      volume.server_id.clear();
      volume.attachment_id.clear();
      volume.device.clear();
      set_status(volume, "available");
    }
  }
}

}  // namespace clickdeploy::localcloud
