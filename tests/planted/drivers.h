// The drivers of the simulation, as hunts use them.

#pragma once

#include "tests/planted/hunt.h"

namespace clickdeploy::planted_bugs {

struct Effort {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 60;  // of the swarm, for each bug
  bool scenarios = true;     // D1, D2 and D4
  std::uint64_t stride = 1;  // of their places, so many times fewer than with the tests
};

// The first seeds of the swarm, aimed runs, runs of a failing disk, the drivers that go through
// scenarios, then the other seeds.
std::vector<Driver> all_drivers(const Effort& effort);

}  // namespace clickdeploy::planted_bugs
