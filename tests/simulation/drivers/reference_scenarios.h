// The reference scenarios: what users and the world do to a fleet of one or two servers, without a
// fault. The drivers repeat each with one fault at every place where one can be.
//
// prepare() leads to a state at rest, and is not attacked. act() is what is: it may be cut off and
// goes on by itself, as its users would. done() holds when all that was asked for is there.

#pragma once

#include "tests/simulation/sim_fleet.h"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace clickdeploy::simulation {

struct Scenario {
  std::string name;
  std::string story;
  std::function<void(SimWorld&)> prepare;
  std::function<void(SimWorld&)> act;
  std::function<bool(SimWorld&)> done;
  // From act() to done() without faults, in virtual time.
  std::chrono::minutes bound{10};
  // Why there may be more creates and deletes of ports than in the run without a fault; "" allows
  // none. There may never be more of anything else.
  std::string may_repeat_ports;
};

const std::vector<Scenario>& reference_scenarios();
const Scenario* find_scenario(const std::string& name);  // nullptr if there is none

}  // namespace clickdeploy::simulation
