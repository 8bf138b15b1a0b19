#include "tests/simulation/sim_machines.h"

#include "controller/base/text.h"

namespace clickdeploy::simulation {

namespace {

const std::string kNetwork = "10.77.0.";

}  // namespace

std::string machine_name_of(const std::string& server_id) {
  const std::vector<std::string> parts = split(server_id, '/');
  return parts.size() == 4 ? parts[2] : "";
}

std::string machine_address(const std::string& name) {
  return kNetwork + name.substr(1);
}

std::string mark_value(const std::string& mark, const std::string& name) {
  for (const std::string& line : split(mark, '\n')) {
    if (line.starts_with(name + "=")) return line.substr(name.size() + 1);
  }
  return "";
}

bool is_our_mark(const std::string& mark) {
  return mark_value(mark, "clickdeploy_cluster") == kClusterId;
}

SimMachines::SimMachines(fakes::FakeMachines& machines) : machines_(machines) {
  machines_.done = [this](const std::string& address, const std::string& what) {
    changed(address, what);
  };
}

void SimMachines::changed(const std::string& address, const std::string& what) {
  const fakes::FakeMachine& machine = machines_.machines.at(address);
  if (what == "install" && !machine.files.empty()) {
    Json list = Json::array();
    for (const auto& [path, content] : machine.files) {
      list.push_back(Json::object({{"path", path}, {"content", content}}));
    }
    const Json config = Json::object({{"write_files", std::move(list)}});
    agents_[address] = {port_in(config), agent_in(address, config)};
  } else if (what == "remove" && machine.mark.empty()) {
    agents_.erase(address);
  } else if (what == "run" && agents_.contains(address)) {
    agents_.at(address).agent.state = AgentState::Running;
  }
}

SimAgent* SimMachines::find_agent(const std::string& address) {
  const std::size_t colon = std::min(address.rfind(':'), address.size());
  const auto found = agents_.find(address.substr(0, colon));
  if (found == agents_.end() || address.substr(colon) != ":" + found->second.port) return nullptr;
  return machines_.machines.at(found->first).reachable ? &found->second.agent : nullptr;
}

const SimAgent* SimMachines::find_agent_of(const std::string& machine_address) const {
  const auto found = agents_.find(machine_address);
  return found == agents_.end() || found->second.port.empty() ? nullptr : &found->second.agent;
}

SimAgent* SimMachines::find_agent_of(const std::string& machine_address) {
  return const_cast<SimAgent*>(std::as_const(*this).find_agent_of(machine_address));
}

const fakes::FakeMachine* SimMachines::find(const std::string& server_id) const {
  const std::string name = machine_name_of(server_id);
  if (name.empty()) return nullptr;
  const auto found = machines_.machines.find(machine_address(name));
  return found == machines_.machines.end() ? nullptr : &found->second;
}

fakes::FakeMachine* SimMachines::find(const std::string& server_id) {
  return const_cast<fakes::FakeMachine*>(std::as_const(*this).find(server_id));
}

bool SimMachines::is_marked_for(const std::string& server_id) const {
  const fakes::FakeMachine* machine = find(server_id);
  const std::string shown = server_id.substr(server_id.rfind('/') + 1);
  return machine != nullptr && !machine->mark.empty() &&
         mark_value(machine->mark, "clickdeploy_claim").starts_with(shown);
}

bool SimMachines::is_answering(const std::string& server_id) const {
  const fakes::FakeMachine* machine = find(server_id);
  if (machine == nullptr || !machine->reachable) return false;
  const auto found = agents_.find(machine_address(machine_name_of(server_id)));
  // Where no agent is wanted none has to answer.
  return found == agents_.end() || found->second.port.empty() ||
         found->second.agent.state == AgentState::Running;
}

void SimMachines::wipe(const std::string& machine_address) {
  fakes::FakeMachine& machine = machines_.machines.at(machine_address);
  machine.mark.clear();
  machine.installed.clear();
  machine.files.clear();
  agents_.erase(machine_address);
}

}  // namespace clickdeploy::simulation
