// What the cloud does wrong, and what others do in it.

#include "tests/simulation/swarm_faults.h"

#include <fmt/format.h>

namespace clickdeploy::simulation {

using localcloud::Server;
using localcloud::TaskState;

Server* SwarmFaults::any_server(Dice& dice) const {
  const std::vector<const Server*> ours = world_.checker.our_servers();
  return ours.empty() ? nullptr : world_.cloud.find_server(ours[dice.below(ours.size())]->id);
}

// Somebody with the same project, at the same cloud.
localcloud::Outcome<localcloud::Token> SwarmFaults::person() const {
  return world_.cloud.log_in("controller", kCloudPassword, "demo");
}

void SwarmFaults::find_no_host(Dice& /*dice*/) {
  ++world_.cloud.faults().no_valid_host;
  tell("cloud", "the next build finds no host");
}

void SwarmFaults::hang_builds(Dice& dice) {
  world_.cloud.faults().build_hangs = true;
  tell("cloud", "builds hang");
  // Now and then until the faults end: longer than a server may take to start.
  lasting(dice, dice.chance(0.5) ? 60 : 3600, [this] {
    world_.cloud.faults().build_hangs = false;
    story_.tell("cloud", "builds go on");
  });
}

void SwarmFaults::hang_deletes(Dice& dice) {
  if (world_.cloud.faults().deletes_hang) return;
  world_.cloud.faults().deletes_hang = true;
  tell("cloud", "deletes hang");
  lasting(dice, 60, [this] {
    world_.cloud.faults().deletes_hang = false;
    story_.tell("cloud", "deletes go on");
  });
}

void SwarmFaults::fill_quota(Dice& dice) {
  const std::int64_t left = dice.between(0, 2);
  const auto used = static_cast<std::int64_t>(world_.checker.our_servers().size());
  const std::string& project = world_.cloud.state().projects.front().id;
  const localcloud::Quota before = world_.cloud.options().quota;
  localcloud::Quota quota = before;
  quota.instances = used + left;
  world_.cloud.mutable_state().quotas[project] = quota;
  tell("cloud", fmt::format("the quota leaves room for {} more servers", left));
  lasting(dice, 60, [this, project, before] {
    world_.cloud.mutable_state().quotas[project] = before;
    story_.tell("cloud", "the quota is as it was");
  });
}

void SwarmFaults::delete_server(Dice& dice) {
  Server* server = any_server(dice);
  if (server == nullptr || !world_.cloud.delete_server(*server)) return;
  ++servers_deleted_;
  tell("somebody", "deletes server " + server->id);
}

void SwarmFaults::stop_server(Dice& dice) {
  Server* server = any_server(dice);
  if (server == nullptr || !world_.cloud.stop_server(*server)) return;
  tell("somebody", "stops server " + server->id);
}

void SwarmFaults::rename_server(Dice& dice) {
  Server* server = any_server(dice);
  if (server == nullptr) return;
  world_.cloud.mutable_state().servers.at(server->id).name = "renamed";
  tell("somebody", "renames server " + server->id);
}

// One of the two kinds of marks: without both nobody could tell whose it is.
// Of what the Service asks for; our mark stays. A server without it is not ours, by S2.
void SwarmFaults::edit_server(Dice& dice) {
  Server* server = any_server(dice);
  if (server == nullptr) return;
  Server& changed = world_.cloud.mutable_state().servers.at(server->id);
  if (dice.chance(0.5)) {
    changed.tags.clear();
    tell("somebody", "takes all tags from server " + changed.id);
  } else {
    changed.metadata.erase("owner");
    tell("somebody", "takes metadata from server " + changed.id);
  }
}

// Of the marks those that say where it belongs: the others say that it is ours at all.
void SwarmFaults::edit_marks(Dice& dice) {
  Server* server = any_server(dice);
  if (server == nullptr) return;
  Server& changed = world_.cloud.mutable_state().servers.at(server->id);
  if (dice.chance(0.5)) {
    changed.metadata.erase("clickdeploy_service");
    tell("somebody", "takes the mark of its Service from server " + changed.id);
  } else {
    changed.metadata["clickdeploy_instance"] = "shop/other";
    tell("somebody", "marks server " + changed.id + " as another Instance's");
  }
}

void SwarmFaults::edit_port(Dice& dice) {
  const std::vector<const localcloud::Port*> ours = world_.checker.our_ports();
  if (ours.empty()) return;
  localcloud::Port& port = world_.cloud.mutable_state().ports.at(ours[dice.below(ours.size())]->id);
  if (dice.chance(0.5)) {
    port.security_groups.clear();
    tell("somebody", "takes the security groups from port " + port.id);
  } else {
    port.allowed_address_pairs = {{"10.9.9.9", ""}};
    tell("somebody", "gives port " + port.id + " an address pair");
  }
}

// Some cannot be made; those of servers that are gone are attached for a while.
void SwarmFaults::fail_volumes(Dice& dice) {
  world_.cloud.faults().volume_failures += static_cast<std::int64_t>(dice.between(0, 2));
  world_.cloud.faults().detach_delay = std::chrono::seconds(dice.between(0, 60));
  tell("cloud", "volumes fail, and are slow to let go");
  lasting(dice, 300, [this] {
    world_.cloud.faults().volume_failures = 0;
    world_.cloud.faults().detach_delay = {};
    story_.tell("cloud", "volumes are made");
  });
}

void SwarmFaults::detach_volume(Dice& dice) {
  std::vector<const localcloud::Volume*> data;
  for (const localcloud::Volume* volume : world_.checker.our_volumes()) {
    if (volume->image_id.empty() && volume->status == "in-use") data.push_back(volume);
  }
  if (data.empty()) return;
  const std::string id = data[dice.below(data.size())]->id;
  if (!world_.cloud.detach_volume(world_.cloud.mutable_state().volumes.at(id))) return;
  tell("somebody", "detaches volume " + id);
}

void SwarmFaults::make_foreign_server(Dice& dice) {
  const Server* ours = any_server(dice);
  const localcloud::Outcome<localcloud::Token> token = person();
  if (ours == nullptr || !token) return;
  localcloud::NewServer request;
  request.name = ours->name;
  request.image_id = ours->image_id;
  request.flavor_id = ours->flavor_id;
  const auto made = world_.cloud.create_servers(*token, std::move(request));
  if (!made) return;
  foreign_servers_.insert(made->front());
  tell("somebody", "makes server " + made->front() + " with the name " + ours->name);
}

void SwarmFaults::make_foreign_port(Dice& dice) {
  const std::vector<const localcloud::Port*> ours = world_.checker.our_ports();
  if (ours.empty()) return;
  const localcloud::Port& like = *ours[dice.below(ours.size())];
  localcloud::NewPort request;
  request.network_id = like.network_id;
  request.name = like.name;
  const localcloud::Outcome<std::string> made =
      world_.cloud.create_port(like.project_id, std::move(request));
  if (!made) return;
  foreign_ports_.insert(*made);
  tell("somebody", "makes a port with the name " + like.name);
}

}  // namespace clickdeploy::simulation
