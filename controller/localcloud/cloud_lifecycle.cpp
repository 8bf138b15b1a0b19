// What happens to servers in the course of time.

#include "controller/localcloud/cloud.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::localcloud {
namespace {

constexpr std::chrono::milliseconds kHangRecheck{200};

}  // namespace

void Cloud::advance() {
  while (!pending_.empty() && pending_.begin()->due <= clock_.steady_now()) {
    const std::string id = pending_.begin()->id;
    pending_.erase(pending_.begin());
    due_of_.erase(id);
    auto server = state_.servers.find(id);
    if (server != state_.servers.end()) step(server->second);
    auto volume = state_.volumes.find(id);
    if (volume != state_.volumes.end()) step(volume->second);
  }
}

std::optional<SteadyTime> Cloud::next_due() const {
  if (pending_.empty()) return std::nullopt;
  return pending_.begin()->due;
}

void Cloud::set_due(const std::string& id, std::chrono::milliseconds after) {
  auto old = due_of_.find(id);
  if (old != due_of_.end()) pending_.erase(Pending{old->second, id});
  const SteadyTime due = clock_.steady_now() + after;
  pending_.insert(Pending{due, id});
  due_of_[id] = due;
}

// A later task takes the place of an earlier one: a delete ends a build.
void Cloud::set_task(Server& server, TaskState task, std::chrono::milliseconds after) {
  set_due(server.id, after);
  server.task = task;
  touch(server);
}

void Cloud::settle(Server& server, VmState state) {
  server.vm_state = state;
  server.task = TaskState::None;
  touch(server);
}

void Cloud::touch(Server& server) {
  server.updated = now();
  ++revision_;
}

void Cloud::step(Server& server) {
  switch (server.task) {
    case TaskState::None:
      return;
    case TaskState::Scheduling:
      return schedule(server);
    case TaskState::Networking:
      return connect(server);
    case TaskState::Spawning:
      return spawn(server);
    case TaskState::Rebooting:
    case TaskState::RebootingHard:
    case TaskState::PoweringOn:
      settle(server, VmState::Active);
      server.fault.reset();
      return boot(server, Boot::Again);
    case TaskState::PoweringOff:
      guests_.stop(server.id);
      return settle(server, VmState::Stopped);
    case TaskState::Rebuilding:
      settle(server, VmState::Active);
      server.fault.reset();
      server.launched = now();
      return boot(server, Boot::First);
    case TaskState::Deleting:
      if (faults_.deletes_hang) return set_task(server, TaskState::Deleting, kHangRecheck);
      return remove(server);
  }
}

void Cloud::schedule(Server& server) {
  const Flavor* flavor = find_flavor(server.flavor_id);
  if (flavor == nullptr || !flavor->fits_host || faults_.no_valid_host > 0) {
    if (flavor != nullptr && flavor->fits_host) --faults_.no_valid_host;
    return fail_build(server, 500,
                      "No valid host was found. There are not enough hosts available.");
  }
  if (faults_.quota_races > 0) {
    --faults_.quota_races;
    const std::int64_t limit = quota_of(server.project_id).instances;
    return fail_build(server, 413,
                      fmt::format("Quota exceeded for instances: Requested 1, but already used {} "
                                  "of {} instances",
                                  limit, limit));
  }
  set_task(server, TaskState::Networking, options_.build / 5);
}

void Cloud::connect(Server& server) {
  for (const RequestedNic& nic : server.nics) {
    std::string port_id = nic.port_id;
    if (port_id.empty()) {
      NewPort request;
      request.network_id = nic.network_id;
      request.made_by_nova = true;
      if (!nic.fixed_ip.empty()) request.fixed_ips.push_back({"", nic.fixed_ip});
      if (!server.security_groups.empty()) {
        request.security_groups.emplace();
        for (const auto& [id, group] : state_.security_groups) {
          if (group.project_id != server.project_id) continue;
          const bool asked = std::ranges::any_of(
              server.security_groups,
              [&](const std::string& name) { return name == group.name || name == id; });
          if (asked) request.security_groups->push_back(id);
        }
      }
      Outcome<std::string> made = create_port(server.project_id, std::move(request));
      if (!made) return fail_build(server, 500, std::move(made).error().message);
      port_id = std::move(*made);
    }
    auto port = state_.ports.find(port_id);
    if (port == state_.ports.end()) {
      return fail_build(server, 500, fmt::format("Port {} could not be found.", port_id));
    }
    if (!port->second.device_id.empty()) {
      return fail_build(server, 500, fmt::format("Port {} is still in use.", port_id));
    }
    set_device(port->second, server.id);
    port->second.device_owner = "compute:nova";
    port->second.updated = now();
  }
  set_task(server, TaskState::Spawning, options_.build * 3 / 5 + faults_.spawn_delay);
}

void Cloud::spawn(Server& server) {
  if (faults_.build_hangs) return set_task(server, TaskState::Spawning, kHangRecheck);
  if (faults_.spawn_failures > 0) {
    --faults_.spawn_failures;
    release_volumes(server);  // where no host was found, only the delete does
    return fail_build(server, 500,
                      fmt::format("Exceeded maximum number of retries. Exhausted all hosts "
                                  "available for retrying build failures for instance {}.",
                                  server.id));
  }
  for (auto& [id, volume] : state_.volumes) {
    if (volume.server_id == server.id && volume.status == "reserved") set_status(volume, "in-use");
  }
  server.launched = now();
  settle(server, VmState::Active);
  boot(server, Boot::First);
}

void Cloud::fail_build(Server& server, int code, std::string message) {
  release_ports(server);
  server.fault = ServerFault{code, std::move(message), now()};
  settle(server, VmState::Error);
}

void Cloud::boot(Server& server, Boot boot) {
  GuestFacts facts;
  facts.id = server.id;
  facts.name = server.name;
  for (const Port* port : ports_of(server.id)) {
    if (facts.address.empty() && !port->fixed_ips.empty()) {
      facts.address = port->fixed_ips.front().address;
    }
  }
  facts.user_data = base64_decode(server.user_data).value_or("");
  Result<void> started = guests_.start(facts, boot);
  if (started) return;
  server.fault = ServerFault{500, started.error().message(), now()};
  settle(server, VmState::Error);
}

void Cloud::remove(Server& server) {
  guests_.destroy(server.id);
  release_ports(server);
  release_volumes(server);
  server.terminated = now();
  server.user_data.clear();  // nobody can read it any more, and it is the bulk of a row
  settle(server, VmState::Deleted);
  forget_old_rows();
}

void Cloud::forget_old_rows() {
  const auto deleted = std::ranges::count_if(
      state_.servers, [](const auto& entry) { return entry.second.vm_state == VmState::Deleted; });
  if (static_cast<std::size_t>(deleted) <= options_.deleted_servers_max) return;
  auto oldest = state_.servers.end();
  for (auto entry = state_.servers.begin(); entry != state_.servers.end(); ++entry) {
    if (entry->second.vm_state != VmState::Deleted) continue;
    if (oldest == state_.servers.end() || entry->second.updated < oldest->second.updated) {
      oldest = entry;
    }
  }
  state_.servers.erase(oldest);
}

}  // namespace clickdeploy::localcloud
