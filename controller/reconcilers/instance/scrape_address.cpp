#include "controller/reconcilers/instance/scrape_address.h"

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

std::string scrape_address(const Instance& instance, const Server& server,
                           const openstack::CloudSnapshot* snapshot) {
  std::string port_name;
  for (const auto& network : instance.spec.server.networks) {
    if (port_name.empty() || network.scrape)
      port_name = instance.metadata.name + "-" + network.name;
    if (network.scrape) break;
  }
  if (const openstack::Port* port = attached_port(instance, server, port_name, snapshot)) {
    return port->fixed_ips.front();
  }
  for (const openstack::Address& address : server.addresses) {
    if (address.type != "floating") return address.address;
  }
  return "";
}

}  // namespace clickdeploy::reconcilers
