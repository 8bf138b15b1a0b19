// Quota preflight: how many more servers of a template fit into the project's quota. Pure.
//
// A server that is asked for beyond the quota costs a port, a refusal and a wait; and of a rollout
// that cannot end, nothing is begun.

#pragma once

#include "controller/openstack/types.h"
#include "controller/reconcilers/cloud/machines.h"
#include "controller/reconcilers/service/service_plan.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

struct QuotaView {
  openstack::Quota compute;
  std::optional<openstack::NetworkQuota> network;  // nullopt: the cloud does not tell
  std::optional<openstack::VolumeQuota> volume;
  openstack::Flavor flavor;       // the one that is tried first
  std::int64_t ports = 1;         // of each server
  std::int64_t floating_ips = 0;  // of each server
  std::int64_t volumes = 0;       // of each server
  std::int64_t volume_gib = 0;    // of all volumes of a server
  std::int64_t coming = 0;        // Instances whose server is not made yet
};

struct QuotaRoom {
  std::int64_t servers = 0;  // that may be made now, of those wanted
  std::int64_t wanted = 0;
  std::string message;  // with the numbers

  bool operator==(const QuotaRoom&) const = default;
};

QuotaRoom plan_quota(const QuotaView& view, std::int64_t wanted);

// Likewise for machines that exist already; `coming` have been promised one and have none yet.
QuotaRoom plan_machines(const MachineCount& machines, std::int64_t coming, std::int64_t wanted);

// How many Instances the plan makes.
std::int64_t count_creates(const std::vector<ServiceStep>& plan);

// The plan with no more creates than there is room for.
std::vector<ServiceStep> within_quota(std::vector<ServiceStep> plan, const QuotaRoom& room);

}  // namespace clickdeploy::reconcilers
