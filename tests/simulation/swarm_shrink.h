// Shrinking: the smallest part of a failing run's decisions that still breaks the same promise.

#pragma once

#include "tests/simulation/swarm.h"

#include <functional>
#include <string>
#include <vector>

namespace clickdeploy::simulation {

// What a run with no other decisions than these does.
using RunWith = std::function<SwarmResult(const DecisionSet&)>;

struct Shrunk {
  std::vector<std::string> decisions;  // those that are left, in the order in which they were taken
  std::string invariant;
  std::size_t runs = 0;
};

// Whole classes go first, then ranges of what is left, then single ones, until none can go or
// `runs_max` runs were spent. `failing` is a result with a violation and what it had decided.
Shrunk shrink(const SwarmResult& failing, const RunWith& run, std::size_t runs_max);

}  // namespace clickdeploy::simulation
