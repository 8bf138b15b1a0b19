#include "controller/reconcilers/instance/parts.h"

#include <algorithm>
#include <array>

namespace clickdeploy::reconcilers {

using api::v1alpha1::Instance;
using api::v1alpha1::InstanceStatus;
using api::v1alpha1::OwnedResource;
using api::v1alpha1::ServerTemplate;

namespace {

constexpr std::array<PartRow, 2> kRows{{
    {PartKind::Port, "Port", false},
    {PartKind::FloatingIP, "FloatingIP", true},
}};

constexpr std::string_view kAttachmentMark = " network=";

std::string attachment_in(const std::string& description) {
  const std::size_t at = description.rfind(kAttachmentMark);
  return at == std::string::npos ? "" : description.substr(at + kAttachmentMark.size());
}

}  // namespace

const PartRow& row_of(PartKind kind) {
  return *std::ranges::find(kRows, kind, &PartRow::kind);
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

const std::string& part_uid(const api::v1alpha1::Instance& instance) {
  const std::string& earlier = instance.spec.adopt.identity;
  return earlier.empty() ? instance.metadata.uid : earlier;
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
    return part.kind == wanted.kind && part.name == wanted.name;
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
