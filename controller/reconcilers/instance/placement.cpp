#include "controller/reconcilers/instance/placement.h"

#include "controller/base/text.h"

#include <algorithm>
#include <optional>

namespace clickdeploy::reconcilers {

using api::v1alpha1::FailedPlacement;
using api::v1alpha1::Instance;
using api::v1alpha1::ResolvedThings;
using api::v1alpha1::ServerTemplate;

namespace {

// The Instance's own first.
std::vector<std::string> zones_of(const Instance& instance) {
  const std::string& own = instance.spec.availability_zone;
  std::vector<std::string> zones{own};
  for (const std::string& zone : instance.spec.server.availability_zones) {
    if (own.empty() && zones.front().empty()) {
      zones.front() = zone;
    } else if (zone != own) {
      zones.push_back(zone);
    }
  }
  return zones;
}

bool has_failed(const ResolvedThings& resolved, const Placement& placement) {
  return std::ranges::any_of(resolved.failed_placements, [&](const FailedPlacement& failed) {
    return failed.flavor_id == placement.flavor_id &&
           failed.availability_zone == placement.availability_zone;
  });
}

}  // namespace

bool is_no_valid_host(const std::string& fault) {
  return fault.contains("No valid host");
}

std::size_t count_placements(const ServerTemplate& server) {
  return std::max<std::size_t>(1, server.flavors.size()) *
         std::max<std::size_t>(1, server.availability_zones.size());
}

Placement choose_placement(const Instance& instance,
                           const std::vector<openstack::Flavor>& flavors) {
  std::optional<Placement> first;
  for (const std::string& zone : zones_of(instance)) {
    for (const openstack::Flavor& flavor : flavors) {
      Placement placement{flavor.id, flavor.name, zone};
      if (!has_failed(instance.status.resolved, placement)) return placement;
      if (!first) first = std::move(placement);
    }
  }
  return first.value_or(Placement{});
}

bool has_untried_placement(const Instance& instance) {
  const std::size_t count = count_placements(instance.spec.server);
  const std::size_t failed = instance.status.resolved.failed_placements.size();
  return (failed >= count ? 0 : failed) + 1 < count;
}

void note_failed_placement(Instance& instance, const std::string& reason, const std::string& now) {
  ResolvedThings& resolved = instance.status.resolved;
  if (resolved.failed_placements.size() >= count_placements(instance.spec.server)) {
    // The one that ended the round may be told of again.
    const FailedPlacement& last = resolved.failed_placements.back();
    if (last.flavor_id == resolved.flavor_id &&
        last.availability_zone == resolved.availability_zone) {
      return;
    }
    resolved.failed_placements.clear();
  }
  if (has_failed(resolved, {resolved.flavor_id, "", resolved.availability_zone})) return;
  resolved.failed_placements.push_back(
      {resolved.flavor_id, resolved.availability_zone, reason, now});
}

}  // namespace clickdeploy::reconcilers
