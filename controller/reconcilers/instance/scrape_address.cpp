#include "controller/reconcilers/instance/scrape_address.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::Instance;
using openstack::Server;

namespace {

// Its port of that name that has an address. A create that came twice may have made two, of which
// the server has one.
const openstack::Port* attached_port(const Instance& instance, const Server& server,
                                     const std::string& name,
                                     const openstack::CloudSnapshot* snapshot) {
  if (snapshot == nullptr) return nullptr;
  const openstack::Port* free = nullptr;
  int count = 0;
  for (const auto& resource : instance.status.resources) {
    if (resource.kind != "Port" || resource.name != name) continue;
    const auto port = snapshot->ports.find(resource.id);
    if (port == snapshot->ports.end() || port->second.fixed_ips.empty()) continue;
    if (port->second.device_id == server.id) return &port->second;
    ++count;
    if (port->second.device_id.empty()) free = &port->second;
  }
  return count == 1 ? free : nullptr;
}

}  // namespace

const std::string& scrape_attachment(const api::v1alpha1::ServerTemplate& server) {
  const auto marked =
      std::ranges::find(server.networks, true, &api::v1alpha1::NetworkAttachment::scrape);
  return marked == server.networks.end() ? server.networks.front().name : marked->name;
}

std::string scrape_address(const Instance& instance, const Server& server,
                           const openstack::CloudSnapshot* snapshot) {
  if (!instance.spec.server.is_machine()) {
    const std::string port_name =
        instance.metadata.name + "-" + scrape_attachment(instance.spec.server);
    if (const openstack::Port* port = attached_port(instance, server, port_name, snapshot)) {
      return port->fixed_ips.front();
    }
  }
  for (const openstack::Address& address : server.addresses) {
    if (address.type != "floating") return address.address;
  }
  return "";
}

}  // namespace clickdeploy::reconcilers
