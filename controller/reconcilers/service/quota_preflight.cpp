#include "controller/reconcilers/service/quota_preflight.h"

#include "controller/base/text.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

namespace {

struct Resource {
  std::string_view name;
  openstack::QuotaUse quota;
  std::int64_t each;
};

std::vector<Resource> resources_of(const QuotaView& view) {
  std::vector<Resource> resources{{"instances", view.compute.instances, 1},
                                  {"cores", view.compute.cores, view.flavor.vcpus},
                                  {"MiB of memory", view.compute.ram_mib, view.flavor.ram_mib}};
  if (view.network) {
    resources.push_back({"ports", view.network->ports, view.ports});
    resources.push_back({"floating IPs", view.network->floating_ips, view.floating_ips});
  }
  if (view.volume) {
    resources.push_back({"volumes", view.volume->volumes, view.volumes});
    resources.push_back({"GiB of volumes", view.volume->gib, view.volume_gib});
  }
  std::erase_if(resources, [](const Resource& each) { return each.each <= 0; });
  return resources;
}

std::int64_t left(const Resource& resource, std::int64_t coming) {
  return resource.quota.limit - resource.quota.used - coming * resource.each;
}

}  // namespace

QuotaRoom plan_quota(const QuotaView& view, std::int64_t wanted) {
  QuotaRoom room{.servers = wanted, .wanted = wanted, .message = ""};
  std::vector<std::string> needs;
  std::vector<std::string> lacks;
  for (const Resource& resource : resources_of(view)) {
    const std::int64_t need = wanted * resource.each;
    needs.push_back(std::to_string(need) + " " + std::string(resource.name));
    if (resource.quota.limit < 0) continue;
    const std::int64_t there = std::max<std::int64_t>(0, left(resource, view.coming));
    room.servers = std::min(room.servers, there / resource.each);
    if (need <= there) continue;
    const std::string coming =
        view.coming > 0 ? ", " + std::to_string(view.coming * resource.each) + " for those to come"
                        : "";
    lacks.push_back(std::to_string(there) + " " + std::string(resource.name) + " are left (" +
                    std::to_string(resource.quota.used) + " of " +
                    std::to_string(resource.quota.limit) + " used" + coming + ")");
  }
  const std::string need = std::to_string(wanted) + " more servers of flavor " + view.flavor.name +
                           " need " + join(needs, ", ");
  room.message = lacks.empty() ? need + "; the quota has room"
                               : need + ", but " + join(lacks, ", ") +
                                     ". Raise the project's quota, or free some of it";
  return room;
}

QuotaRoom plan_machines(const MachineCount& machines, std::int64_t coming, std::int64_t wanted) {
  const std::int64_t left = std::max<std::int64_t>(0, machines.free - coming);
  QuotaRoom room{.servers = std::min(wanted, left), .wanted = wanted, .message = ""};
  const std::string counts =
      machines.text() +
      (coming > 0 ? ", " + std::to_string(coming) + " of them for those to come" : "");
  room.message = std::to_string(wanted) + " more machines are wanted; " + counts;
  if (room.servers < wanted) {
    room.message +=
        ". Add machines to the Cloud's spec.hosts, or lower spec.replicas; a rollout "
        "without a free machine needs maxSurge 0 and maxUnavailable 1";
  }
  return room;
}

std::int64_t count_creates(const std::vector<ServiceStep>& plan) {
  std::int64_t count = 0;
  for (const ServiceStep& step : plan) {
    if (const auto* create = std::get_if<CreateInstances>(&step)) count += create->count;
  }
  return count;
}

std::vector<ServiceStep> within_quota(std::vector<ServiceStep> plan, const QuotaRoom& room) {
  std::int64_t left = room.servers;
  for (ServiceStep& step : plan) {
    auto* create = std::get_if<CreateInstances>(&step);
    if (create == nullptr) continue;
    create->count = std::min(create->count, left);
    left -= create->count;
  }
  std::erase_if(plan, [](const ServiceStep& step) {
    const auto* create = std::get_if<CreateInstances>(&step);
    return create != nullptr && create->count <= 0;
  });
  return plan;
}

}  // namespace clickdeploy::reconcilers
