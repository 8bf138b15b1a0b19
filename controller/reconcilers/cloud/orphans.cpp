#include "controller/reconcilers/cloud/orphans.h"

#include "controller/base/text.h"
#include "controller/reconcilers/instance/marks.h"
#include "controller/reconcilers/instance/parts.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace clickdeploy::reconcilers {

using api::v1alpha1::Orphan;

namespace {

// The claim in "clickdeploy cluster=51a0c1d2 claim=TOKEN network=NAME"; "" if it is not of this
// cluster.
std::string claim_of(const std::string& description, const std::string& cluster_id) {
  const std::string mark = "clickdeploy cluster=" + cluster_id.substr(0, 8) + " claim=";
  if (!description.starts_with(mark)) return "";
  const std::size_t end = description.find(' ', mark.size());
  return description.substr(mark.size(), end - mark.size());
}

}  // namespace

std::vector<Orphan> find_orphans(const openstack::CloudSnapshot& snapshot,
                                 const InstanceList& instances, const std::string& cluster_id) {
  std::set<std::string> tokens;
  std::set<std::string> servers;
  std::set<std::string> uids;
  for (const auto& instance : instances) {
    tokens.insert(instance->status.claim.token);
    tokens.insert(instance->spec.adopt.token);
    servers.insert(instance->status.server.id);
    uids.insert(identity_of(*instance));
  }
  std::vector<Orphan> found;
  std::map<std::string, std::string> owners;  // by claim
  for (const auto& [id, server] : snapshot.servers) {
    if (mark_of(server, kClusterMetadata) != cluster_id || is_leaving(server)) continue;
    const std::string claim = mark_of(server, kClaimMetadata);
    owners[claim] = mark_of(server, kInstanceMetadata);
    if (claim.empty() || tokens.contains(claim) || servers.contains(id)) continue;
    found.push_back({.kind = "Server",
                     .id = id,
                     .name = server.name,
                     .belonged_to = owners[claim],
                     .since = ""});
  }
  for (const auto& [id, port] : snapshot.ports) {
    const std::string claim = claim_of(port.description, cluster_id);
    if (claim.empty() || tokens.contains(claim)) continue;
    found.push_back({.kind = "Port",
                     .id = id,
                     .name = port.name,
                     .belonged_to = owners.contains(claim) ? owners[claim] : "",
                     .since = ""});
  }
  if (snapshot.volumes) {
    for (const auto& [id, volume] : *snapshot.volumes) {
      const std::string uid = mark_of(volume, kUidMetadata);
      if (mark_of(volume, kClusterMetadata) != cluster_id || uids.contains(uid)) continue;
      if (volume.status == "deleting") continue;
      found.push_back({.kind = "Volume",
                       .id = id,
                       .name = volume.name,
                       .belonged_to = mark_of(volume, kInstanceMetadata),
                       .since = ""});
    }
  }
  if (snapshot.known_floating_ips) {
    const std::string mark = floating_ip_description(cluster_id, "");
    for (const auto& [id, ip] : *snapshot.known_floating_ips) {
      if (!ip.description.starts_with(mark)) continue;
      if (uids.contains(ip.description.substr(mark.size()))) continue;
      found.push_back(
          {.kind = "FloatingIP", .id = id, .name = ip.address, .belonged_to = "", .since = ""});
    }
  }
  std::ranges::sort(found, {}, [](const Orphan& each) { return std::tie(each.kind, each.id); });
  return found;
}

std::vector<Orphan> Orphans::lasting(std::vector<Orphan> found, SteadyTime now, WallTime wall_now) {
  std::map<std::string, Seen> seen;
  std::vector<Orphan> lasting;
  for (Orphan& orphan : found) {
    const auto known = seen_.find(orphan.id);
    const Seen first =
        known == seen_.end() ? Seen{.at = now, .since = format_time(wall_now)} : known->second;
    seen.emplace(orphan.id, first);
    if (now - first.at < kLeakGrace) continue;
    orphan.since = first.since;
    lasting.push_back(std::move(orphan));
  }
  seen_ = std::move(seen);
  return lasting;
}

}  // namespace clickdeploy::reconcilers
