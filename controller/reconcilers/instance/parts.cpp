#include "controller/reconcilers/instance/parts.h"

#include "controller/reconcilers/instance/marks.h"

#include <algorithm>
#include <array>

namespace clickdeploy::reconcilers {

using api::v1alpha1::Instance;
using api::v1alpha1::InstanceStatus;
using api::v1alpha1::OwnedResource;
using api::v1alpha1::ServerTemplate;

namespace {

constexpr std::array<PartRow, 4> kRows{{
    {PartKind::Port, "Port", false},
    {PartKind::RootVolume, "RootVolume", false},
    {PartKind::Volume, "Volume", true},
    {PartKind::FloatingIP, "FloatingIP", true},
}};

constexpr std::string_view kCondemned = "DELETING";
constexpr std::string_view kAttachmentMark = " network=";

std::string attachment_in(const std::string& description) {
  const std::size_t at = description.rfind(kAttachmentMark);
  return at == std::string::npos ? "" : description.substr(at + kAttachmentMark.size());
}

}  // namespace

const PartRow& row_of(PartKind kind) {
  return *std::ranges::find(kRows, kind, &PartRow::kind);
}

bool is_volume(PartKind kind) {
  return kind == PartKind::RootVolume || kind == PartKind::Volume;
}

std::optional<PartKind> part_kind(std::string_view resource) {
  const auto row = std::ranges::find(kRows, resource, &PartRow::resource);
  return row == kRows.end() ? std::nullopt : std::optional(row->kind);
}

std::string port_description(const std::string& cluster_id, const std::string& token,
                             const std::string& attachment) {
  return "clickdeploy cluster=" + cluster_id.substr(0, 8) + " claim=" + token +
         std::string(kAttachmentMark) + attachment;
}

std::string floating_ip_description(const std::string& cluster_id, const std::string& uid) {
  return "clickdeploy cluster=" + cluster_id.substr(0, 8) + " instance=" + uid;
}

std::map<std::string, std::string> volume_marks(const Instance& instance,
                                                const std::string& cluster_id, PartKind kind,
                                                const std::string& name) {
  std::map<std::string, std::string> marks = {
      {std::string(kClusterMetadata), cluster_id},
      {std::string(kInstanceMetadata), instance.metadata.key().text()},
      {std::string(kUidMetadata), identity_of(instance)},
      {std::string(kUnusedMetadata), "true"},
  };
  if (kind == PartKind::RootVolume) {
    marks[std::string(kClaimMetadata)] = instance.status.claim.token;
  } else {
    marks[std::string(kVolumeMetadata)] = name;
  }
  return marks;
}

std::string volume_label(const Instance& instance, const WantedPart& wanted) {
  const bool root = wanted.kind == PartKind::RootVolume;
  return instance.metadata.name + (root ? "-root" : "-volume-" + wanted.name);
}

std::string mark_of(const openstack::Volume& volume, std::string_view name) {
  const auto found = volume.metadata.find(std::string(name));
  return found == volume.metadata.end() ? "" : found->second;
}

Part part_of(const openstack::Volume& volume) {
  const std::string name = mark_of(volume, kVolumeMetadata);
  return {.kind = name.empty() ? PartKind::RootVolume : PartKind::Volume,
          .name = name,
          .id = volume.id,
          .label = volume.name,
          .state = volume.status,
          .used_by = volume.server_ids.empty() ? "" : volume.server_ids.front(),
          .unused = !mark_of(volume, kUnusedMetadata).empty()};
}

std::optional<Part> volume_of(const openstack::Volume& volume, const Instance& instance,
                              const std::string& cluster_id) {
  if (mark_of(volume, kClusterMetadata) != cluster_id ||
      mark_of(volume, kUidMetadata) != identity_of(instance)) {
    return std::nullopt;
  }
  Part part = part_of(volume);
  const std::string& token = instance.status.claim.token;
  const bool of_claim = !token.empty() && mark_of(volume, kClaimMetadata) == token;
  if (part.kind == PartKind::RootVolume && !of_claim) return std::nullopt;
  return part;
}

const api::v1alpha1::VolumeSpec* volume_spec(const ServerTemplate& server, PartKind kind,
                                             const std::string& name) {
  if (kind == PartKind::RootVolume) return server.root_volume ? &*server.root_volume : nullptr;
  const auto found = std::ranges::find(server.volumes, name, &api::v1alpha1::VolumeSpec::name);
  return kind != PartKind::Volume || found == server.volumes.end() ? nullptr : &*found;
}

bool wants_volumes(const ServerTemplate& server) {
  return server.root_volume || !server.volumes.empty();
}

bool is_kept(const Instance& instance, const Part& part) {
  const auto* spec = volume_spec(instance.spec.server, part.kind, part.name);
  // One that never held anything is nobody's loss.
  return spec != nullptr && spec->deletion_policy == "Keep" && !part.unused;
}

bool is_leaving(const Part& part) {
  return is_volume(part.kind) && (part.state == "deleting" || part.state == "error_deleting");
}

bool is_condemned(const Instance& instance, const Part& part) {
  const auto& own = instance.status.resources;
  const auto known = std::ranges::find(own, part.id, &OwnedResource::id);
  return known != own.end() && known->state == kCondemned;
}

void condemn_part(InstanceStatus& status, const std::string& id) {
  const auto known = std::ranges::find(status.resources, id, &OwnedResource::id);
  if (known != status.resources.end()) known->state = kCondemned;
}

bool is_deletable(const Part& part) {
  return !is_volume(part.kind) || part.state == "available" || part.state == "error" ||
         part.state == "error_extending" || part.state == "error_restoring" ||
         part.state == "error_managing";
}

Part part_of(const openstack::Port& port) {
  return {.kind = PartKind::Port,
          .name = attachment_in(port.description),
          .id = port.id,
          .label = port.name,
          .state = port.status,
          .used_by = port.device_id};
}

Part part_of(const openstack::FloatingIP& ip) {
  return {.kind = PartKind::FloatingIP,
          .name = "",
          .id = ip.id,
          .label = ip.address,
          .state = ip.status,
          .used_by = ip.port_id};
}

std::vector<WantedPart> wanted_parts(const ServerTemplate& server) {
  std::vector<WantedPart> wanted;
  for (const auto& network : server.networks) wanted.push_back({PartKind::Port, network.name});
  if (server.root_volume) wanted.push_back({PartKind::RootVolume, ""});
  for (const auto& volume : server.volumes) wanted.push_back({PartKind::Volume, volume.name});
  if (server.floating_ip) wanted.push_back({PartKind::FloatingIP, ""});
  return wanted;
}

const std::string& floating_attachment(const ServerTemplate& server) {
  const bool named = server.floating_ip && !server.floating_ip->attachment.empty();
  return named ? server.floating_ip->attachment : server.networks.front().name;
}

const Part* choose_part(const Instance& instance, const std::vector<Part>& found,
                        const WantedPart& wanted) {
  const auto fits = [&](const Part& part) {
    return part.kind == wanted.kind && part.name == wanted.name && !is_leaving(part) &&
           !is_condemned(instance, part);
  };
  for (const OwnedResource& resource : instance.status.resources) {
    const auto part = std::ranges::find(found, resource.id, &Part::id);
    if (part != found.end() && fits(*part)) return &*part;
  }
  const auto part = std::ranges::find_if(found, fits);
  return part == found.end() ? nullptr : &*part;
}

void record_resource(InstanceStatus& status, OwnedResource resource) {
  auto known = std::ranges::find(status.resources, resource.id, &OwnedResource::id);
  if (known == status.resources.end()) {
    status.resources.push_back(std::move(resource));
  } else {
    *known = std::move(resource);
  }
}

void record_part(InstanceStatus& status, const Part& part) {
  const auto known = std::ranges::find(status.resources, part.id, &OwnedResource::id);
  if (known != status.resources.end() && known->state == kCondemned) return;
  record_resource(status,
                  {std::string(row_of(part.kind).resource), part.id, part.label, part.state});
}

void record_parts(InstanceStatus& status, const std::vector<Part>& found) {
  std::erase_if(status.resources, [&](const OwnedResource& resource) {
    return part_kind(resource.kind) && std::ranges::count(found, resource.id, &Part::id) == 0;
  });
  for (const Part& part : found) record_part(status, part);
}

}  // namespace clickdeploy::reconcilers
