#include "controller/reconcilers/cloud/leaked_ports.h"

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

std::vector<openstack::Port> LeakedPorts::due(const openstack::CloudSnapshot& snapshot,
                                              const InstanceList& instances,
                                              const std::string& cluster_id, SteadyTime now) {
  std::map<std::string, SteadyTime> since;
  std::vector<openstack::Port> due;
  for (const auto& [id, port] : snapshot.ports) {
    if (!is_leaked(port, snapshot, instances, cluster_id)) continue;
    const auto known = since_.find(id);
    const SteadyTime first = known == since_.end() ? now : known->second;
    since.emplace(id, first);
    if (now - first >= kLeakGrace) due.push_back(port);
  }
  since_ = std::move(since);
  return due;
}

}  // namespace clickdeploy::reconcilers
