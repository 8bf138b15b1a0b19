#include "controller/reconcilers/instance/part_calls.h"

#include "controller/base/planted.h"

#include <algorithm>

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
  std::string description = floating_ip_description(cluster_id, part_uid(instance));
  Result<std::vector<openstack::FloatingIP>> ips =
      co_await cloud.network.list_floating_ips(std::move(description));
  if (!ips && ips.error().code() == ErrorCode::NotFound) co_return found;
  if (!ips) co_return std::unexpected(std::move(ips).error());
  for (const openstack::FloatingIP& ip : *ips) found.push_back(part_of(ip));
  co_return found;
}

bool may_have(const Instance& instance, PartKind kind) {
  const std::vector<WantedPart> wanted = wanted_parts(instance.spec.server);
  return std::ranges::find(wanted, kind, &WantedPart::kind) != wanted.end() ||
         std::ranges::any_of(instance.status.resources, [kind](const auto& resource) {
           return part_kind(resource.kind) == kind;
         });
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
  create.description = floating_ip_description(cluster_id, part_uid(instance));
  if (port != nullptr) create.port_id = port->id;
  Result<openstack::FloatingIP> ip = co_await cloud.network.create_floating_ip(std::move(create));
  if (!ip) co_return std::unexpected(floating_ip_error(std::move(ip).error()));
  co_return part_of(*ip);
}

}  // namespace

Task<Result<std::vector<Part>>> find_parts(CloudConnection& cloud, Instance instance,
                                           std::string cluster_id) {
  std::vector<Part> all;
  for (const PartKind kind : {PartKind::Port, PartKind::FloatingIP}) {
    if (!may_have(instance, kind)) continue;
    Result<std::vector<Part>> found = std::vector<Part>();
    switch (kind) {
      case PartKind::Port:
        found = co_await find_ports(cloud, instance, cluster_id);
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
    case PartKind::FloatingIP:
      made = co_await create_floating_ip(cloud, std::move(instance), std::move(cluster_id),
                                         std::move(resolved), std::move(found));
      break;
  }
  co_return made;
}

Task<Result<Part>> attach_part(CloudConnection& cloud, PartKind kind, std::string id,
                               std::string to) {
  if (kind != PartKind::FloatingIP) {
    co_return fail(ErrorCode::Internal, "nothing attaches a " + std::string(row_of(kind).resource));
  }
  Result<openstack::FloatingIP> ip =
      co_await cloud.network.attach_floating_ip(std::move(id), std::move(to));
  if (!ip) co_return std::unexpected(floating_ip_error(std::move(ip).error()));
  co_return part_of(*ip);
}

Task<Result<void>> delete_part(CloudConnection& cloud, PartKind kind, std::string id) {
  Result<void> done;
  switch (kind) {
    case PartKind::Port:
      done = co_await cloud.network.delete_port(std::move(id));
      break;
    case PartKind::FloatingIP:
      done = co_await cloud.network.delete_floating_ip(std::move(id));
      break;
  }
  co_return done;
}

}  // namespace clickdeploy::reconcilers
