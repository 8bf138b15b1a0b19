// What happens to machines that exist already.

#include "tests/simulation/swarm_faults.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::simulation {

std::string SwarmFaults::any_machine(Dice& dice) const {
  std::vector<std::string> ours;
  for (const auto& [address, machine] : world_.machines.machines) {
    if (is_our_mark(machine.mark)) ours.push_back(address);
  }
  return ours.empty() ? "" : ours[dice.below(ours.size())];
}

void SwarmFaults::lose_machine(Dice& dice) {
  const std::string address = any_machine(dice);
  if (address.empty()) return;
  world_.machines.machines.at(address).reachable = false;
  tell("machine", address + " cannot be reached");
  lasting(dice, 240, [this, address] {
    world_.machines.machines.at(address).reachable = true;
    story_.tell("machine", address + " is reached again");
  });
}

void SwarmFaults::break_agent_on_machine(Dice& dice) {
  SimAgent* agent = world_.on_machines.find_agent_of(any_machine(dice));
  if (agent == nullptr) return;
  agent->state = dice.chance(0.5) ? AgentState::Killed : AgentState::Hung;
  tell("machine", "the agent of " + agent->server_id +
                      (agent->state == AgentState::Killed ? " is killed" : " hangs"));
}

// Only of what was seen before, as on servers.
void SwarmFaults::change_agent_on_machine(Dice& dice) {
  const std::string address = any_machine(dice);
  SimAgent* agent = world_.on_machines.find_agent_of(address);
  const bool known = std::ranges::any_of(world_.objects(kInstances), [&](const Json& instance) {
    const std::string name = machine_name_of(instance["status"]["server"]["id"].as_string());
    return !name.empty() && machine_address(name) == address &&
           !instance["status"]["agents"][0]["installedVersion"].as_string().empty();
  });
  if (agent == nullptr || !known) return;
  agent->version = "1.4.0";
  tell("machine", "the agent of " + address + " is another version now");
}

void SwarmFaults::wipe_machine(Dice& dice) {
  const std::string address = any_machine(dice);
  if (address.empty()) return;
  world_.on_machines.wipe(address);
  tell("machine", address + " is set up anew: mark and agents are gone");
}

}  // namespace clickdeploy::simulation
