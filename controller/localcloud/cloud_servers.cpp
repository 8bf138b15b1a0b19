#include "controller/localcloud/cloud.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace clickdeploy::localcloud {
namespace {

struct QuotaUse {
  std::string_view name;
  std::int64_t limit;
  std::int64_t used;
  std::int64_t requested;
};

}  // namespace

Server* Cloud::find_server(std::string_view id) {
  auto found = state_.servers.find(std::string(id));
  if (found == state_.servers.end() || found->second.vm_state == VmState::Deleted) return nullptr;
  return &found->second;
}

// Servers in ERROR count too, as in Nova.
Outcome<void> Cloud::check_quota(const Token& token, const Flavor& flavor,
                                 std::int64_t count) const {
  std::int64_t instances = 0;
  std::int64_t cores = 0;
  std::int64_t ram = 0;
  for (const auto& [id, server] : state_.servers) {
    if (server.project_id != token.project_id || server.vm_state == VmState::Deleted) continue;
    const Flavor* used = find_flavor(server.flavor_id);
    ++instances;
    cores += used != nullptr ? used->vcpus : 0;
    ram += used != nullptr ? used->ram_mib : 0;
  }
  const Quota quota = quota_of(token.project_id);
  const std::array<QuotaUse, 3> uses{{{"cores", quota.cores, cores, count * flavor.vcpus},
                                      {"instances", quota.instances, instances, count},
                                      {"ram", quota.ram_mib, ram, count * flavor.ram_mib}}};
  std::vector<std::string> names;
  std::vector<std::string> requested;
  std::vector<std::string> used;
  std::vector<std::string> allowed;
  for (const QuotaUse& use : uses) {
    if (use.limit < 0 || use.used + use.requested <= use.limit) continue;
    names.emplace_back(use.name);
    requested.push_back(std::to_string(use.requested));
    used.push_back(std::to_string(use.used));
    allowed.push_back(std::to_string(use.limit));
  }
  if (names.empty()) return {};
  const std::string over = join(names, ", ");
  return refuse(
      403, fmt::format("Quota exceeded for {}: Requested {}, but already used {} of {} {}", over,
                       join(requested, ", "), join(used, ", "), join(allowed, ", "), over));
}

Outcome<void> Cloud::resolve_nics(NewServer& request) const {
  if (request.choose_network) {
    for (const auto& [id, network] : state_.networks) {
      if (!network.external) request.nics.push_back({id, "", ""});
    }
    if (request.nics.size() > 1) {
      return refuse(409, "Multiple possible networks found, use a Network ID to be more specific.");
    }
  }
  std::set<std::string> seen;
  for (RequestedNic& nic : request.nics) {
    if (!nic.port_id.empty()) {
      auto port = state_.ports.find(nic.port_id);
      if (port == state_.ports.end()) {
        return refuse(400, fmt::format("Port id {} could not be found.", nic.port_id));
      }
      if (!port->second.device_id.empty() || !seen.insert(nic.port_id).second) {
        return refuse(409, fmt::format("Port {} is still in use.", nic.port_id));
      }
      nic.network_id = port->second.network_id;
    } else if (!state_.networks.contains(nic.network_id)) {
      return refuse(400, fmt::format("Network {} could not be found.", nic.network_id));
    }
  }
  return {};
}

Outcome<std::vector<std::string>> Cloud::create_servers(const Token& token, NewServer request) {
  if (!request.image_id.empty() && !state_.images.contains(request.image_id)) {
    return refuse(400, "Can not find requested image");
  }
  const Flavor* flavor = find_flavor(request.flavor_id);
  if (flavor == nullptr) {
    return refuse(400, fmt::format("Flavor {} could not be found.", request.flavor_id));
  }
  if (!request.key_name.empty() && std::ranges::none_of(state_.key_pairs, [&](const KeyPair& key) {
        return key.name == request.key_name && key.user_id == token.user_id;
      })) {
    return refuse(400, "Invalid key_name provided.");
  }
  for (const std::string& name : request.security_groups) {
    if (std::ranges::none_of(state_.security_groups, [&](const auto& entry) {
          return entry.second.project_id == token.project_id &&
                 (entry.second.name == name || entry.first == name);
        })) {
      return refuse(
          400, fmt::format("Security group {} not found for project {}.", name, token.project_id));
    }
  }
  Outcome<void> nics = resolve_nics(request);
  if (!nics) return std::unexpected(std::move(nics).error());
  if (request.count > 1 && std::ranges::any_of(request.nics, [](const RequestedNic& nic) {
        return !nic.port_id.empty();
      })) {
    return refuse(400,
                  "Unable to launch multiple instances with a single configured port ID. "
                  "Please launch your instance one by one with different ports.");
  }
  if (request.count > 1 && !request.volumes.empty()) {
    return refuse(400, "Cannot attach one or more volumes to multiple instances");
  }
  Outcome<void> volumes = check_volumes(request, token.project_id);
  if (!volumes) return std::unexpected(std::move(volumes).error());
  Outcome<void> quota = check_quota(token, *flavor, request.count);
  if (!quota) return std::unexpected(std::move(quota).error());

  std::vector<std::string> ids;
  for (std::int64_t i = 1; i <= request.count; ++i) {
    Server server;
    server.id = random_.uuid();
    server.name = request.count == 1 ? request.name : fmt::format("{}-{}", request.name, i);
    server.description = request.description;
    server.project_id = token.project_id;
    server.user_id = token.user_id;
    server.image_id = request.image_id;
    server.flavor_id = request.flavor_id;
    server.key_name = request.key_name;
    server.availability_zone =
        request.availability_zone.empty() ? options_.zones.front() : request.availability_zone;
    server.user_data = request.user_data;
    server.config_drive = request.config_drive;
    server.group_id = request.group_id;
    server.metadata = request.metadata;
    server.tags = request.tags;
    server.security_groups = request.security_groups;
    server.nics = request.nics;
    server.created = server.updated = now();
    server.sequence = state_.next_sequence++;
    std::string id = server.id;
    Server& stored = state_.servers.emplace(id, std::move(server)).first->second;
    set_task(stored, TaskState::Scheduling, options_.build / 5);
    for (const RequestedVolume& wanted : request.volumes) {
      Volume& volume = state_.volumes.at(wanted.id);
      reserve_volume(volume, id);
      volume.deleted_with_server = wanted.deleted_with_server;
    }
    ids.push_back(std::move(id));
  }
  return ids;
}

Outcome<void> Cloud::check_state(const Server& server, std::string_view action,
                                 std::set<VmState> allowed) const {
  // One whose build failed has no host, whatever is asked of it.
  if (server.vm_state == VmState::Error && !server.launched) {
    return refuse(409,
                  fmt::format("Instance {} is in an invalid state for '{}'", server.id, action));
  }
  if (!allowed.contains(server.vm_state)) {
    return refuse(409, fmt::format("Cannot '{}' instance {} while it is in vm_state {}", action,
                                   server.id, vm_state_name(server.vm_state)));
  }
  if (server.task != TaskState::None) {
    return refuse(409, fmt::format("Cannot '{}' instance {} while it is in task_state {}", action,
                                   server.id, task_state_name(server.task)));
  }
  return {};
}

// A second delete while the first is under way succeeds and does nothing, as in Nova.
Outcome<void> Cloud::delete_server(Server& server) {
  if (server.task != TaskState::Deleting) set_task(server, TaskState::Deleting, options_.removal);
  return {};
}

Outcome<void> Cloud::reboot_server(Server& server, bool hard) {
  std::set<VmState> allowed{VmState::Active};
  if (hard) allowed = {VmState::Active, VmState::Stopped, VmState::Error};
  Outcome<void> checked = check_state(server, "reboot", std::move(allowed));
  if (!checked) return checked;
  guests_.stop(server.id);
  set_task(server, hard ? TaskState::RebootingHard : TaskState::Rebooting, options_.reboot);
  return {};
}

Outcome<void> Cloud::stop_server(Server& server) {
  Outcome<void> checked = check_state(server, "stop", {VmState::Active, VmState::Error});
  if (checked) set_task(server, TaskState::PoweringOff, options_.power);
  return checked;
}

Outcome<void> Cloud::start_server(Server& server) {
  Outcome<void> checked = check_state(server, "start", {VmState::Stopped});
  if (checked) set_task(server, TaskState::PoweringOn, options_.power);
  return checked;
}

Outcome<void> Cloud::rebuild_server(Server& server, Rebuild request) {
  Outcome<void> checked =
      check_state(server, "rebuild", {VmState::Active, VmState::Stopped, VmState::Error});
  if (!checked) return checked;
  if (!state_.images.contains(request.image_id)) {
    return refuse(400, "Cannot find image for rebuild");
  }
  server.image_id = std::move(request.image_id);
  if (request.name) server.name = std::move(*request.name);
  if (request.user_data) server.user_data = std::move(*request.user_data);
  if (request.metadata) server.metadata = std::move(*request.metadata);
  guests_.destroy(server.id);
  set_task(server, TaskState::Rebuilding, options_.power);
  return {};
}

}  // namespace clickdeploy::localcloud
