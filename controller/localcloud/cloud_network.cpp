#include "controller/localcloud/cloud.h"
#include "controller/localcloud/ipv4_internal.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::localcloud {
namespace {

// Neutron draws from a window of free addresses, so one that has just been freed may come again.
constexpr std::size_t kAddressWindow = 10;

// Any address if none is wanted.
bool may_hold(const Subnet& subnet, const std::string& wanted) {
  const std::optional<Ipv4Block> block = parse_ipv4_block(subnet.cidr);
  const std::optional<std::uint32_t> address = parse_ipv4(wanted);
  return wanted.empty() || (block && address && block->contains(*address));
}

}  // namespace

std::string Cloud::ensure_default_group(const std::string& project_id) {
  for (const auto& [id, group] : state_.security_groups) {
    if (group.project_id == project_id && group.name == "default") return id;
  }
  SecurityGroup group;
  group.id = random_.uuid();
  group.name = "default";
  group.description = "Default security group";
  group.project_id = project_id;
  group.created = now();
  group.rules.push_back({.id = random_.uuid(), .direction = "egress"});
  group.rules.push_back({.id = random_.uuid(), .direction = "ingress"});
  std::string id = group.id;
  state_.security_groups.emplace(id, std::move(group));
  ++revision_;
  return id;
}

std::vector<const Port*> Cloud::ports_of(std::string_view server_id) const {
  std::vector<const Port*> ports;
  const auto ids = ports_by_device_.find(server_id);
  if (server_id.empty() || ids == ports_by_device_.end()) return ports;
  for (const std::string& id : ids->second) ports.push_back(&state_.ports.at(id));
  return ports;
}

void Cloud::forget_device(const Port& port) {
  const auto ids = ports_by_device_.find(port.device_id);
  if (ids == ports_by_device_.end()) return;
  ids->second.erase(port.id);
  if (ids->second.empty()) ports_by_device_.erase(ids);
}

void Cloud::set_device(Port& port, std::string device_id) {
  forget_device(port);
  port.device_id = std::move(device_id);
  if (!port.device_id.empty()) ports_by_device_[port.device_id].insert(port.id);
}

Outcome<std::string> Cloud::pick_address(const Subnet& subnet, const std::string& wanted) {
  const std::optional<Ipv4Block> block = parse_ipv4_block(subnet.cidr);
  if (!block) return refuse(500, "The subnet has no valid CIDR.", "InternalServerError");
  std::set<std::uint32_t> used{block->first, block->last()};
  for (const auto& [id, port] : state_.ports) {
    for (const FixedIp& ip : port.fixed_ips) {
      if (ip.subnet_id == subnet.id) used.insert(parse_ipv4(ip.address).value_or(block->first));
    }
  }
  for (const auto& [id, ip] : state_.floating_ips) {
    if (ip.network_id == subnet.network_id) used.insert(parse_ipv4(ip.address).value_or(0));
  }
  if (!wanted.empty()) {
    const std::optional<std::uint32_t> address = parse_ipv4(wanted);
    if (!address || !block->contains(*address)) {
      return refuse(
          400, fmt::format("IP address {} is not a valid IP for the specified subnet.", wanted),
          "InvalidIpForSubnet");
    }
    if (used.contains(*address)) {
      return refuse(409,
                    fmt::format("IP address {} already allocated in subnet {}", wanted, subnet.id),
                    "IpAddressAlreadyAllocated");
    }
    return format_ipv4(*address);
  }
  std::vector<std::uint32_t> window;
  for (std::uint32_t address = block->first; window.size() < kAddressWindow; ++address) {
    if (!used.contains(address)) window.push_back(address);
    if (address == block->last()) break;
  }
  if (window.empty()) {
    return refuse(409,
                  fmt::format("No more IP addresses available on network {}.", subnet.network_id),
                  "IpAddressGenerationFailure");
  }
  return format_ipv4(window[random_.next() % window.size()]);
}

Outcome<std::string> Cloud::create_port(const std::string& project_id, NewPort request) {
  if (!state_.networks.contains(request.network_id)) {
    return refuse(404, fmt::format("Network {} could not be found.", request.network_id),
                  "NetworkNotFound");
  }
  if (state_.networks.at(request.network_id).external) {
    return refuse(403, "rule:create_port is disallowed by policy", "PolicyNotAuthorized");
  }
  const std::int64_t limit = quota_of(project_id).ports;
  const std::int64_t used = std::ranges::count_if(state_.ports, [&project_id](const auto& entry) {
    return entry.second.project_id == project_id;
  });
  if (limit >= 0 && used >= limit) {
    return refuse(409, "Quota exceeded for resources: ['port'].", "OverQuota");
  }
  std::vector<std::string> groups;
  if (request.security_groups) {
    for (const std::string& id : *request.security_groups) {
      if (!state_.security_groups.contains(id)) {
        return refuse(404, fmt::format("Security group {} does not exist", id),
                      "SecurityGroupNotFound");
      }
    }
    groups = *request.security_groups;
  } else {
    groups = {ensure_default_group(project_id)};
  }
  if (request.fixed_ips.empty()) request.fixed_ips.push_back({});

  Port port;
  for (const FixedIp& wanted : request.fixed_ips) {
    const Subnet* subnet = nullptr;
    for (const auto& [id, candidate] : state_.subnets) {
      if (candidate.network_id != request.network_id) continue;
      const bool fits =
          wanted.subnet_id.empty() ? may_hold(candidate, wanted.address) : wanted.subnet_id == id;
      if (fits) subnet = &candidate;
    }
    if (subnet == nullptr && wanted.subnet_id.empty() && !wanted.address.empty()) {
      return refuse(400,
                    fmt::format("IP address {} is not a valid IP for any of the subnets on the "
                                "specified network.",
                                wanted.address),
                    "InvalidIpForNetwork");
    }
    if (subnet == nullptr) {
      return refuse(400,
                    fmt::format("Invalid input for operation: Failed to create port on network {}, "
                                "because fixed_ips included invalid subnet {}.",
                                request.network_id, wanted.subnet_id),
                    "InvalidInput");
    }
    Outcome<std::string> address = pick_address(*subnet, wanted.address);
    if (!address) return std::unexpected(std::move(address).error());
    port.fixed_ips.push_back({subnet->id, std::move(*address)});
  }
  port.id = random_.uuid();
  port.name = std::move(request.name);
  port.description = std::move(request.description);
  port.project_id = project_id;
  port.network_id = std::move(request.network_id);
  port.security_groups = std::move(groups);
  port.allowed_address_pairs = std::move(request.allowed_address_pairs);
  const std::uint64_t bits = random_.next();
  port.mac = request.mac.empty() ? fmt::format("fa:16:3e:{:02x}:{:02x}:{:02x}", bits & 255,
                                               (bits >> 8) & 255, (bits >> 16) & 255)
                                 : std::move(request.mac);
  set_device(port, std::move(request.device_id));
  port.device_owner = std::move(request.device_owner);
  port.admin_state_up = request.admin_state_up;
  port.made_by_nova = request.made_by_nova;
  port.created = port.updated = now();
  std::string id = port.id;
  state_.ports.emplace(id, std::move(port));
  ++revision_;
  return id;
}

Outcome<void> Cloud::delete_port(const std::string& id) {
  const auto port = state_.ports.find(id);
  if (port == state_.ports.end()) {
    return refuse(404, fmt::format("Port {} could not be found.", id), "PortNotFound");
  }
  forget_device(port->second);
  state_.ports.erase(port);
  detach_floating_ips(id);
  ++revision_;
  return {};
}

void Cloud::detach_floating_ips(const std::string& port_id) {
  for (auto& [id, ip] : state_.floating_ips) {
    if (ip.port_id != port_id) continue;
    ip.port_id.clear();
    ip.updated = now();
  }
}

Outcome<void> Cloud::check_reachable(const FloatingIp& ip, const std::string& port_id) const {
  const auto port = state_.ports.find(port_id);
  if (port == state_.ports.end() || port->second.project_id != ip.project_id) {
    return refuse(404, fmt::format("Port {} could not be found.", port_id), "PortNotFound");
  }
  const FixedIp& fixed = port->second.fixed_ips.front();
  if (faults_.no_router) {
    return refuse(404,
                  fmt::format("External network {} is not reachable from subnet {}.  Therefore, "
                              "cannot associate Port {} with a Floating IP.",
                              ip.network_id, fixed.subnet_id, port_id),
                  "ExternalGatewayForFloatingIPNotFound");
  }
  for (const auto& [id, other] : state_.floating_ips) {
    if (id == ip.id || other.port_id != port_id) continue;
    return refuse(409,
                  fmt::format("Cannot associate floating IP {} ({}) with port {} using fixed IP {},"
                              " as that fixed IP already has a floating IP on external network {}.",
                              ip.address, ip.id, port_id, fixed.address, other.network_id),
                  "FloatingIPPortAlreadyAssociated");
  }
  return {};
}

Outcome<std::string> Cloud::create_floating_ip(const std::string& project_id, FloatingIp request) {
  const auto network = state_.networks.find(request.network_id);
  if (network == state_.networks.end()) {
    return refuse(404, fmt::format("Network {} could not be found.", request.network_id),
                  "NetworkNotFound");
  }
  if (!network->second.external) {
    return refuse(400,
                  fmt::format("Bad floatingip request: Network {} is not a valid external network.",
                              request.network_id),
                  "BadRequest");
  }
  const std::int64_t limit = quota_of(project_id).floating_ips;
  const std::int64_t used = std::ranges::count_if(state_.floating_ips, [&](const auto& entry) {
    return entry.second.project_id == project_id;
  });
  if (limit >= 0 && used >= limit) {
    return refuse(409, "Quota exceeded for resources: ['floatingip'].", "OverQuota");
  }
  request.project_id = project_id;
  if (!request.port_id.empty()) {
    Outcome<void> reachable = check_reachable(request, request.port_id);
    if (!reachable) return std::unexpected(std::move(reachable).error());
  }
  for (const auto& [id, subnet] : state_.subnets) {
    if (subnet.network_id != request.network_id) continue;
    Outcome<std::string> address = pick_address(subnet, request.address);
    if (!address) return std::unexpected(std::move(address).error());
    request.address = std::move(*address);
    break;
  }
  request.id = random_.uuid();
  request.created = request.updated = now();
  std::string id = request.id;
  state_.floating_ips.emplace(id, std::move(request));
  ++revision_;
  return id;
}

Outcome<void> Cloud::attach_floating_ip(FloatingIp& ip, const std::string& port_id) {
  if (!port_id.empty()) {
    Outcome<void> reachable = check_reachable(ip, port_id);
    if (!reachable) return reachable;
  }
  ip.port_id = port_id;
  ip.updated = now();
  ++revision_;
  return {};
}

void Cloud::release_ports(const Server& server) {
  for (const Port* attached : ports_of(server.id)) {
    Port& port = state_.ports.at(attached->id);
    set_device(port, "");
    port.device_owner.clear();
    port.updated = now();
    if (!port.made_by_nova) continue;
    detach_floating_ips(port.id);
    state_.ports.erase(state_.ports.find(port.id));
  }
  ++revision_;
}

}  // namespace clickdeploy::localcloud
