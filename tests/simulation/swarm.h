// run_swarm: one run of the whole system whose faults and users are drawn from a seed.
//
// Hostile phase: faults on, users active. Calm phase: faults off, specs frozen; within the bound
// everything must come to rest as asked for, and then stay so. The invariants are watched all
// along.

#pragma once

#include "tests/simulation/sim_report.h"

#include <chrono>
#include <cstdint>
#include <vector>

namespace clickdeploy::simulation {

struct SwarmResult {
  std::uint64_t steps = 0;
  std::uint64_t hash = 0;
  std::size_t crashes = 0;
  std::chrono::nanoseconds simulated{0};
  std::vector<Violation> violations;
};

// `told` prints the story.
SwarmResult run_swarm(std::uint64_t seed, bool told = false);

}  // namespace clickdeploy::simulation
