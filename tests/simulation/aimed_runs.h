// Aimed runs: each sets the stage for a mistake that chance seldom meets. A run is watched by all
// invariants, and says itself what must come of it.

#pragma once

#include "tests/simulation/sim_fleet.h"

#include <chrono>
#include <functional>
#include <vector>

namespace clickdeploy::simulation {

struct AimedRun {
  const char* name;
  const char* story;
  void (*run)(SimWorld&);  // reports to the world's report
};

const std::vector<AimedRun>& aimed_runs();

// What was broken. The same seed is the same run.
std::vector<Violation> run_aimed(const AimedRun& run, std::uint64_t seed);

// For the runs. False, and a breach of `promise`, if the predicate does not hold in time.
bool comes_about(SimWorld& world, const char* promise, const char* what,
                 const std::function<bool()>& predicate, std::chrono::nanoseconds limit);
// The fleet of make_fleet(), whose repairs no brake holds up; false if it does not come up.
bool has_fleet(SimWorld& world, int replicas);
// {"spec": {name: value}}
Json spec_of(const char* name, Json value);

std::vector<AimedRun> aimed_at_cloud();
std::vector<AimedRun> aimed_at_prometheus();

}  // namespace clickdeploy::simulation
