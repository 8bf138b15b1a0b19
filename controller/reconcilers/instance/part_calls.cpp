#include "controller/reconcilers/instance/part_calls.h"

#include "controller/base/planted.h"
#include "controller/reconcilers/instance/marks.h"

#include <algorithm>
#include <tuple>

namespace clickdeploy::reconcilers {

namespace {

// The cloud says what it lacks; this says what to do.
Error floating_ip_error(Error error) {
  if (error.code() != ErrorCode::NotFound && error.code() != ErrorCode::InvalidArgument) {
    return error;
  }
  return Error(error.code(), error.message() +
                                 ". Join the subnet and the external network by a router, or "
                                 "correct spec.template.spec.floatingIP");
}

// Never trust a filter with a delete: the marks are checked by the client.
Task<Result<std::vector<Part>>> find_ports(CloudConnection& cloud, Instance instance,
                                           std::string cluster_id) {
  std::vector<Part> found;
  const std::string& token = instance.status.claim.token;
  if (token.empty() || planted(Bug::PortNotFoundAgain)) co_return found;
  for (const auto& network : instance.spec.server.networks) {
    std::string description = port_description(cluster_id, token, network.name);
    Result<std::vector<openstack::Port>> ports =
        co_await cloud.network.list_ports(std::move(description));
    if (!ports) co_return std::unexpected(std::move(ports).error());
    for (const openstack::Port& port : *ports) found.push_back(part_of(port));
  }
  co_return found;
}

Task<Result<std::vector<Part>>> find_floating_ips(CloudConnection& cloud, Instance instance,
                                                  std::string cluster_id) {
  std::vector<Part> found;
  std::string description = floating_ip_description(cluster_id, identity_of(instance));
  Result<std::vector<openstack::FloatingIP>> ips =
      co_await cloud.network.list_floating_ips(std::move(description));
  if (!ips && ips.error().code() == ErrorCode::NotFound) co_return found;
  if (!ips) co_return std::unexpected(std::move(ips).error());
  for (const openstack::FloatingIP& ip : *ips) found.push_back(part_of(ip));
  co_return found;
}

bool has_recorded_volumes(const Instance& instance) {
  return std::ranges::any_of(instance.status.resources, [](const auto& resource) {
    const std::optional<PartKind> kind = part_kind(resource.kind);
    return kind && is_volume(*kind);
  });
}

// Both kinds of volumes at once: they share the mark.
Task<Result<std::vector<Part>>> find_volumes(CloudConnection& cloud, Instance instance,
                                             std::string cluster_id) {
  std::vector<Part> found;
  Result<bool> offered = co_await cloud.session.offers("volume");
  if (!offered) co_return std::unexpected(std::move(offered).error());
  // Where there was a volume, only the cloud's own word counts.
  if (!*offered && !has_recorded_volumes(instance)) co_return found;
  Result<std::vector<openstack::Volume>> volumes =
      co_await cloud.volume.list_volumes(std::string(kUidMetadata), identity_of(instance));
  if (!volumes) co_return std::unexpected(std::move(volumes).error());
  for (const openstack::Volume& volume : *volumes) {
    if (std::optional<Part> part = volume_of(volume, instance, cluster_id)) {
      found.push_back(*std::move(part));
    }
  }
  // In the order in which they are made, whatever the cloud's is.
  std::ranges::sort(found, {}, [](const Part& part) { return std::tie(part.kind, part.name); });
  co_return found;
}

bool may_have(const Instance& instance, PartKind kind) {
  const auto of_kind = [kind](PartKind other) {
    return other == kind || (is_volume(kind) && is_volume(other));
  };
  return std::ranges::any_of(wanted_parts(instance.spec.server), of_kind, &WantedPart::kind) ||
         std::ranges::any_of(instance.status.resources, [&](const auto& resource) {
           const std::optional<PartKind> recorded = part_kind(resource.kind);
           return recorded && of_kind(*recorded);
         });
}

Error volume_error(Error error, const std::string& field) {
  if (error.code() == ErrorCode::NotFound) {
    error = Error(ErrorCode::InvalidArgument, error.message());  // its type
  }
  if (error.code() == ErrorCode::InvalidArgument) return std::move(error).with_context(field);
  return error;
}

Task<Result<Part>> create_volume(CloudConnection& cloud, Instance instance, std::string cluster_id,
                                 ResolvedServer resolved, WantedPart wanted) {
  const auto* spec = volume_spec(instance.spec.server, wanted.kind, wanted.name);
  const bool root = wanted.kind == PartKind::RootVolume;
  openstack::VolumeCreate create;
  create.name = volume_label(instance, wanted);
  create.size_gib = spec->size_gib;
  create.type = spec->type;
  if (root) create.image_id = resolved.image_id;
  create.metadata = volume_marks(instance, cluster_id, wanted.kind, wanted.name);
  if (planted(Bug::NoVolumeMark)) create.metadata.clear();
  Result<openstack::Volume> volume = co_await cloud.volume.create_volume(std::move(create));
  if (!volume) {
    const std::string field = root ? "rootVolume" : "volumes (" + wanted.name + ")";
    co_return std::unexpected(
        volume_error(std::move(volume).error(), "spec.template.spec." + field));
  }
  Part made = part_of(*volume);
  made.kind = wanted.kind;
  made.name = wanted.name;
  co_return made;
}

Task<Result<Part>> create_port(CloudConnection& cloud, Instance instance, std::string cluster_id,
                               ResolvedServer resolved, std::string attachment) {
  const auto at =
      std::ranges::find(resolved.attachments, attachment, &ResolvedServer::Attachment::name);
  const auto spec = std::ranges::find(instance.spec.server.networks, attachment,
                                      &api::v1alpha1::NetworkAttachment::name);
  openstack::PortCreate create;
  create.name = instance.metadata.name + "-" + attachment;
  create.network_id = at->network_id;
  create.subnet_id = at->subnet_id;
  create.description = port_description(cluster_id, instance.status.claim.token, attachment);
  if (planted(Bug::NoPortMark)) create.description.clear();
  create.security_group_ids = at->security_group_ids;
  for (const auto& pair : spec->allowed_address_pairs) {
    create.allowed_address_pairs.push_back({pair.ip_address, pair.mac_address});
  }
  Result<openstack::Port> port = co_await cloud.network.create_port(std::move(create));
  if (!port) co_return std::unexpected(std::move(port).error());
  co_return part_of(*port);
}

Task<Result<Part>> create_floating_ip(CloudConnection& cloud, Instance instance,
                                      std::string cluster_id, ResolvedServer resolved,
                                      std::vector<Part> found) {
  const Part* port =
      choose_part(instance, found, {PartKind::Port, floating_attachment(instance.spec.server)});
  openstack::FloatingIPCreate create;
  create.network_id = resolved.floating_network_id;
  create.description = floating_ip_description(cluster_id, identity_of(instance));
  if (port != nullptr) create.port_id = port->id;
  Result<openstack::FloatingIP> ip = co_await cloud.network.create_floating_ip(std::move(create));
  if (!ip) co_return std::unexpected(floating_ip_error(std::move(ip).error()));
  co_return part_of(*ip);
}

}  // namespace

Task<Result<std::vector<Part>>> find_parts(CloudConnection& cloud, Instance instance,
                                           std::string cluster_id) {
  std::vector<Part> all;
  for (const PartKind kind : {PartKind::Port, PartKind::Volume, PartKind::FloatingIP}) {
    if (!may_have(instance, kind)) continue;
    Result<std::vector<Part>> found = std::vector<Part>();
    switch (kind) {
      case PartKind::Port:
        found = co_await find_ports(cloud, instance, cluster_id);
        break;
      case PartKind::RootVolume:
      case PartKind::Volume:
        found = co_await find_volumes(cloud, instance, cluster_id);
        break;
      case PartKind::FloatingIP:
        found = co_await find_floating_ips(cloud, instance, cluster_id);
        break;
    }
    if (!found) co_return std::unexpected(std::move(found).error());
    all.insert(all.end(), found->begin(), found->end());
  }
  co_return all;
}

Task<Result<Part>> create_part(CloudConnection& cloud, Instance instance, std::string cluster_id,
                               ResolvedServer resolved, std::vector<Part> found,
                               WantedPart wanted) {
  Result<Part> made = Part{};
  switch (wanted.kind) {
    case PartKind::Port:
      made = co_await create_port(cloud, std::move(instance), std::move(cluster_id),
                                  std::move(resolved), std::move(wanted.name));
      break;
    case PartKind::RootVolume:
    case PartKind::Volume:
      made = co_await create_volume(cloud, std::move(instance), std::move(cluster_id),
                                    std::move(resolved), std::move(wanted));
      break;
    case PartKind::FloatingIP:
      made = co_await create_floating_ip(cloud, std::move(instance), std::move(cluster_id),
                                         std::move(resolved), std::move(found));
      break;
  }
  co_return made;
}

Task<Result<Part>> attach_part(CloudConnection& cloud, PartKind kind, std::string id,
                               std::string to) {
  if (kind == PartKind::Volume) {
    Result<void> attached = co_await cloud.compute.attach_volume(to, id);
    if (!attached) co_return std::unexpected(std::move(attached).error());
    Result<std::optional<openstack::Volume>> volume = co_await cloud.volume.get_volume(id);
    if (!volume) co_return std::unexpected(std::move(volume).error());
    if (!volume->has_value()) co_return fail(ErrorCode::NotFound, "volume " + id + " is gone");
    Part part = part_of(**volume);
    part.used_by = to;  // Cinder tells when it is done
    co_return part;
  }
  if (kind != PartKind::FloatingIP) {
    co_return fail(ErrorCode::Internal, "nothing attaches a " + std::string(row_of(kind).resource));
  }
  Result<openstack::FloatingIP> ip =
      co_await cloud.network.attach_floating_ip(std::move(id), std::move(to));
  if (!ip) co_return std::unexpected(floating_ip_error(std::move(ip).error()));
  co_return part_of(*ip);
}

Task<Result<void>> begin_use(CloudConnection& cloud, std::string volume_id) {
  Result<void> done = co_await cloud.volume.delete_volume_metadata(std::move(volume_id),
                                                                   std::string(kUnusedMetadata));
  co_return done;
}

// All at once: one that had lost some of its marks only would be nobody's to remove.
Task<Result<void>> release_volume(CloudConnection& cloud, std::string volume_id) {
  Result<std::optional<openstack::Volume>> volume = co_await cloud.volume.get_volume(volume_id);
  if (!volume) co_return std::unexpected(std::move(volume).error());
  if (!volume->has_value()) co_return Result<void>{};
  std::map<std::string, std::string> theirs = (*volume)->metadata;
  std::erase_if(theirs, [](const auto& item) { return item.first.starts_with(kMarkPrefix); });
  Result<void> done =
      co_await cloud.volume.replace_volume_metadata(std::move(volume_id), std::move(theirs));
  co_return done;
}

Task<Result<void>> delete_part(CloudConnection& cloud, PartKind kind, std::string id) {
  Result<void> done;
  switch (kind) {
    case PartKind::Port:
      done = co_await cloud.network.delete_port(std::move(id));
      break;
    case PartKind::RootVolume:
    case PartKind::Volume:
      done = co_await cloud.volume.delete_volume(std::move(id));
      break;
    case PartKind::FloatingIP:
      done = co_await cloud.network.delete_floating_ip(std::move(id));
      break;
  }
  co_return done;
}

}  // namespace clickdeploy::reconcilers
