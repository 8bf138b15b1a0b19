#include "controller/reconcilers/cloud/leaks.h"

#include "controller/reconcilers/instance/marks.h"

#include <algorithm>
#include <optional>

namespace clickdeploy::reconcilers {

namespace {

// The claim in "clickdeploy cluster=51a0c1d2 claim=TOKEN network=NAME"; nullopt if the port is not
// of this cluster.
std::optional<std::string> claim_of(const openstack::Port& port, const std::string& cluster_id) {
  const std::string mark = "clickdeploy cluster=" + cluster_id.substr(0, 8) + " claim=";
  if (!port.description.starts_with(mark)) return std::nullopt;
  const std::size_t end = port.description.find(' ', mark.size());
  return port.description.substr(mark.size(), end - mark.size());
}

}  // namespace

bool is_leaked(const openstack::Port& port, const openstack::CloudSnapshot& snapshot,
               const InstanceList& instances, const std::string& cluster_id) {
  const std::optional<std::string> claim = claim_of(port, cluster_id);
  if (!claim || claim->empty() || !port.device_id.empty()) return false;
  const auto owner = std::ranges::find_if(
      instances, [&](const auto& each) { return each->status.claim.token == *claim; });
  if (owner == instances.end()) return true;
  const api::v1alpha1::InstanceStatus& status = (*owner)->status;
  // While a server is made, replaced or deleted, the Instance itself decides about its ports.
  if (status.claim.state != "Confirmed" || status.server.id.empty() ||
      status.remediation.step == "Replace" || (*owner)->metadata.is_deleting()) {
    return false;
  }
  return std::ranges::any_of(snapshot.ports, [&](const auto& entry) {
    return entry.second.description == port.description &&
           entry.second.device_id == status.server.id;
  });
}

bool is_leaked(const openstack::FloatingIP& ip, const openstack::CloudSnapshot& snapshot,
               const InstanceList& instances, const std::string& cluster_id) {
  const std::string mark = floating_ip_description(cluster_id, "");
  if (!ip.description.starts_with(mark) || !ip.port_id.empty()) return false;
  const std::string uid = ip.description.substr(mark.size());
  const auto owner =
      std::ranges::find_if(instances, [&](const auto& each) { return identity_of(*each) == uid; });
  if (owner == instances.end()) return !uid.empty();
  const api::v1alpha1::InstanceStatus& status = (*owner)->status;
  if (status.claim.state != "Confirmed" || (*owner)->metadata.is_deleting()) return false;
  return std::ranges::none_of(status.resources, [&](const auto& own) { return own.id == ip.id; }) &&
         std::ranges::any_of(status.resources, [&](const auto& own) {
           return part_kind(own.kind) == PartKind::FloatingIP &&
                  snapshot.floating_ips->contains(own.id);
         });
}

bool is_leaked(const openstack::Volume& volume, const openstack::CloudSnapshot& snapshot,
               const InstanceList& instances, const std::string& cluster_id) {
  const Part part = part_of(volume);
  const std::string uid = mark_of(volume, kUidMetadata);
  if (mark_of(volume, kClusterMetadata) != cluster_id || uid.empty() || !part.unused ||
      !is_deletable(part)) {
    return false;
  }
  const auto owner =
      std::ranges::find_if(instances, [&](const auto& each) { return identity_of(*each) == uid; });
  if (owner == instances.end()) return true;
  const api::v1alpha1::InstanceStatus& status = (*owner)->status;
  // While a server is made, replaced or deleted, the Instance itself decides about its volumes.
  if (status.claim.state != "Confirmed" || status.server.id.empty() ||
      status.remediation.step == "Replace" || (*owner)->metadata.is_deleting()) {
    return false;
  }
  // Its server has all that it was asked for with.
  return snapshot.servers.contains(status.server.id);
}

std::vector<Part> Leaks::due(const openstack::CloudSnapshot& snapshot,
                             const InstanceList& instances, const std::string& cluster_id,
                             SteadyTime now) {
  std::vector<Part> leaked;
  for (const auto& [id, port] : snapshot.ports) {
    if (is_leaked(port, snapshot, instances, cluster_id)) leaked.push_back(part_of(port));
  }
  if (snapshot.volumes) {
    for (const auto& [id, volume] : *snapshot.volumes) {
      if (is_leaked(volume, snapshot, instances, cluster_id)) leaked.push_back(part_of(volume));
    }
  }
  if (snapshot.floating_ips) {
    for (const auto& [id, ip] : *snapshot.floating_ips) {
      if (is_leaked(ip, snapshot, instances, cluster_id)) leaked.push_back(part_of(ip));
    }
  }
  std::map<std::string, SteadyTime> since;
  for (const Part& part : leaked) {
    const auto known = since_.find(part.id);
    since.emplace(part.id, known == since_.end() ? now : known->second);
  }
  since_ = std::move(since);
  std::erase_if(leaked, [&](const Part& part) { return now - since_.at(part.id) < kLeakGrace; });
  return leaked;
}

}  // namespace clickdeploy::reconcilers
