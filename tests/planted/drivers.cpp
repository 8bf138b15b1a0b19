#include "tests/planted/drivers.h"

#include "tests/planted/disk_runs.h"
#include "tests/simulation/swarm.h"

#include <algorithm>

namespace clickdeploy::planted_bugs {

namespace {

// Most bugs are found by so many seeds, and faster than by scenarios.
constexpr std::uint64_t kQuickSeeds = 20;

constexpr std::uint64_t kDiskRuns = 30;

std::optional<std::string> run_seed(std::uint64_t seed) {
  const simulation::SwarmResult result = simulation::run_swarm(seed);
  if (result.violations.empty()) return std::nullopt;
  const simulation::Violation& first = result.violations.front();
  return first.invariant + ": " + first.what;
}

}  // namespace

std::vector<Driver> all_drivers(std::uint64_t first_seed, std::uint64_t seeds) {
  const std::uint64_t quick = std::min(seeds, kQuickSeeds);
  std::vector<Driver> drivers;
  drivers.push_back({"D3", first_seed, quick, run_seed});
  drivers.push_back({"D4 disk", 1, kDiskRuns, run_disk});
  drivers.push_back({"D4 flip", 1, kDiskRuns, run_flip});
  drivers.push_back({"D3", first_seed + quick, seeds - quick, run_seed});
  return drivers;
}

}  // namespace clickdeploy::planted_bugs
