#include "controller/reconcilers/instance/scrape_address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

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

bool is_private_address(const std::string& address) {
  std::array<unsigned char, 16> b{};
  if (inet_pton(AF_INET, address.c_str(), b.data()) == 1) {
    return b[0] == 10 || b[0] == 127 || (b[0] == 172 && (b[1] & 0xF0) == 16) ||
           (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254) ||
           (b[0] == 100 && (b[1] & 0xC0) == 64);
  }
  if (inet_pton(AF_INET6, address.c_str(), b.data()) != 1) return false;
  const bool loopback =
      std::ranges::all_of(b.begin(), b.end() - 1, [](unsigned char byte) { return byte == 0; }) &&
      b[15] == 1;
  return loopback || (b[0] & 0xFE) == 0xFC || (b[0] == 0xFE && (b[1] & 0xC0) == 0x80);
}

std::string scrape_address(const Instance& instance, const Server& server,
                           const openstack::CloudSnapshot* snapshot) {
  const std::string port_name =
      instance.metadata.name + "-" + scrape_attachment(instance.spec.server);
  if (const openstack::Port* port = attached_port(instance, server, port_name, snapshot)) {
    return port->fixed_ips.front();
  }
  for (const openstack::Address& address : server.addresses) {
    if (address.type != "floating") return address.address;
  }
  return "";
}

}  // namespace clickdeploy::reconcilers
