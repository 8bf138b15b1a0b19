// What the Cloud of a Service has room for: its quota, or its machines that are free.

#include "controller/reconcilers/instance/resolve_internal.h"
#include "controller/reconcilers/service/service_reconciler.h"

namespace clickdeploy::reconcilers {

using api::v1alpha1::Instance;
using api::v1alpha1::Service;

// The cloud is not asked here: a Service must not wait for one that hangs.
std::optional<QuotaRoom> ServiceReconciler::observe_quota(const Service& service,
                                                          std::int64_t wanted) const {
  const api::ObjectKey key = service.spec.cloud_ref.key(service.metadata.namespace_name);
  const std::shared_ptr<CloudConnection> cloud = context_.clouds.find(key);
  const auto snapshot = cloud == nullptr ? nullptr : cloud->observer.snapshot();
  if (snapshot == nullptr || snapshot->counted == nullptr) return std::nullopt;
  const api::v1alpha1::ServerTemplate& server = service.spec.template_spec;
  if (cloud->machines != nullptr) {
    std::int64_t coming = 0;
    for (const auto& instance : context_.caches.instances.list()) {
      const bool here = instance->spec.cloud_ref.key(instance->metadata.namespace_name) == key;
      const bool waits = instance->status.server.id.empty() && !instance->metadata.is_deleting();
      if (here && waits) ++coming;
    }
    return plan_machines(cloud->machines->count(server.host_selector), coming, wanted);
  }
  Result<openstack::Flavor> flavor = choose_flavor(cloud->flavors_known(), server.flavors.front());
  if (!flavor) return std::nullopt;
  QuotaView view{.compute = snapshot->quota,
                 .network = snapshot->network_quota,
                 .volume = snapshot->volume_quota,
                 .flavor = *std::move(flavor),
                 .ports = static_cast<std::int64_t>(server.networks.size()),
                 .floating_ips = server.floating_ip ? 1 : 0,
                 .coming = 0};
  if (server.root_volume) {
    view.volumes = 1;
    view.volume_gib = server.root_volume->size_gib;
  }
  for (const api::v1alpha1::VolumeSpec& volume : server.volumes) {
    ++view.volumes;
    view.volume_gib += volume.size_gib;
  }
  for (const auto& instance : context_.caches.instances.list()) {
    const bool here = instance->spec.cloud_ref.key(instance->metadata.namespace_name) == key;
    const bool counted = snapshot->counted->contains(instance->status.server.id);
    if (here && !counted && !instance->metadata.is_deleting()) ++view.coming;
  }
  QuotaRoom room = plan_quota(view, wanted);
  if (room.servers < room.wanted) cloud->observer.want_quota();
  return room;
}

void ServiceReconciler::observe_machines(const Service& service, ServiceObserved& observed) const {
  const api::ObjectKey key = service.spec.cloud_ref.key(service.metadata.namespace_name);
  const auto connection = context_.clouds.find(key);
  if (connection == nullptr) return;
  const Machines* machines = connection->machines.get();
  const bool machine = service.spec.template_spec.is_machine();
  if (observed.waiting_for.empty() && machine != (machines != nullptr)) {
    observed.waiting_for =
        machine
            ? "Cloud " + key.text() + " makes servers, so spec.template.spec needs image, " +
                  "flavors and networks"
            : "Cloud " + key.text() + " is of type Hosts, whose machines exist already: leave " +
                  "image, flavors and networks out of spec.template.spec";
  }
  if (machines == nullptr) return;
  for (const Instance& instance : observed.instances) {
    const std::string& id = instance.status.server.id;
    if (machines->is_retired(id)) observed.retired.insert(id);
  }
}

}  // namespace clickdeploy::reconcilers
