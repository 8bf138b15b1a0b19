// SimMachines: what runs on the machines that the world has besides its cloud: a node_exporter
// where one was installed over SSH, at the machine's address.
//
// Machines are named m1, m2, …, and have the addresses 10.77.0.1, 10.77.0.2, … Lifetime: the fake
// outlives it; its hook `done` is taken.

#pragma once

#include "tests/fakes/fake_machines.h"
#include "tests/simulation/sim_guests.h"

#include <map>
#include <string>
#include <vector>

namespace clickdeploy::simulation {

inline constexpr const char* kClusterId = "51a0c1d2-0000-4000-8000-000000000001";

// "m3" of "platform/lab/m3/5f0c2a7e"; "" of an id that is no machine's.
std::string machine_name_of(const std::string& server_id);
std::string machine_address(const std::string& name);  // of "m3"

class SimMachines {
 public:
  explicit SimMachines(fakes::FakeMachines& machines);

  // By "address:port"; nullptr if nothing listens there, or nobody reaches it.
  SimAgent* find_agent(const std::string& address);
  SimAgent* find_agent_of(const std::string& machine_address);
  const SimAgent* find_agent_of(const std::string& machine_address) const;

  const std::map<std::string, fakes::FakeMachine>& all() const { return machines_.machines; }
  fakes::FakeMachine* find(const std::string& server_id);
  const fakes::FakeMachine* find(const std::string& server_id) const;
  // Is this server what the machine's mark says that it is?
  bool is_marked_for(const std::string& server_id) const;
  bool is_answering(const std::string& server_id) const;

  // Somebody puts the system of the machine up anew: mark and agents are gone.
  void wipe(const std::string& machine_address);

 private:
  struct Running {
    std::string port;
    SimAgent agent;
  };

  void changed(const std::string& address, const std::string& what);

  fakes::FakeMachines& machines_;
  std::map<std::string, Running> agents_;  // by address of the machine
};

// A mark of this world's Click Deploy?
bool is_our_mark(const std::string& mark);
// The value of a line "name=value" of a mark; "" if it has none.
std::string mark_value(const std::string& mark, const std::string& name);

}  // namespace clickdeploy::simulation
