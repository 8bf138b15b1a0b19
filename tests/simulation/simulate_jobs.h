// run_jobs: many seeds in several processes at once.
//
// A seed whose process dies (a failed CHECK, a signal) or does not end within `seed_time` of real
// time broke the promise "died" or "stuck"; the others go on. Every hundredth seed or so is run
// twice: it must be the same run (S24).

#pragma once

#include "tests/simulation/swarm.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace clickdeploy::simulation {

struct JobOptions {
  std::uint64_t first = 1;
  std::uint64_t seeds = 100;
  std::uint64_t jobs = 1;
  std::chrono::seconds seed_time{180};
};

struct Broken {
  std::uint64_t seed = 0;
  std::string invariant;
  double at_seconds = 0;
  std::string what;  // one line
};

struct Totals {
  std::uint64_t seeds = 0;  // done
  std::uint64_t steps = 0;
  std::uint64_t crashes = 0;
  std::uint64_t braked = 0;  // came to rest after a person lifted the brakes
  double simulated = 0;      // seconds
  double longest_rest = 0;   // seconds from the end of the faults
  std::uint64_t longest_rest_seed = 0;
  std::vector<Broken> broken;
};

// `told` is called for each breach when it is known.
Totals run_jobs(const JobOptions& options, const std::function<void(const Broken&)>& told);

}  // namespace clickdeploy::simulation
