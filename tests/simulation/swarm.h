// run_swarm: one run of the whole system whose faults and users are drawn from a seed.
//
// Hostile phase: faults on, users active. Calm phase: faults off, specs frozen; within the bound
// everything must come to rest as asked for, or be held by a brake that says so and is right; then
// a person lifts the brakes, and everything must come to rest as asked for, and stay so. The
// invariants are watched all along.

#pragma once

#include "tests/simulation/sim_report.h"
#include "tests/simulation/swarm_decisions.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace clickdeploy::simulation {

class SimWorld;

struct SwarmResult {
  std::uint64_t steps = 0;
  std::uint64_t hash = 0;
  std::size_t crashes = 0;
  std::chrono::nanoseconds simulated{0};
  std::chrono::nanoseconds to_rest{0};  // from the end of the faults; 0: no rest
  bool braked = false;                  // came to rest only after a person lifted the brakes
  std::vector<std::string> decisions;   // taken, in order
  std::vector<Violation> violations;
};

struct SwarmOptions {
  std::optional<DecisionSet> only;  // no other faults and user actions than these
  bool told = false;                // prints the story
  // Looked at whenever something may have changed, for tests of the swarm itself.
  std::function<void(SimWorld&, const Decisions&)> also;
};

SwarmResult run_swarm(std::uint64_t seed, SwarmOptions options = {});

}  // namespace clickdeploy::simulation
