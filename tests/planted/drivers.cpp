#include "tests/planted/drivers.h"

#include "tests/planted/disk_runs.h"
#include "tests/simulation/aimed_runs.h"
#include "tests/simulation/drivers/drive.h"
#include "tests/simulation/swarm.h"

#include <algorithm>

namespace clickdeploy::planted_bugs {

namespace {

// Most bugs are found by so many seeds, and faster than by scenarios.
constexpr std::uint64_t kQuickSeeds = 12;
// Of each aimed run.
constexpr std::uint64_t kAimedSeeds = 3;
constexpr std::uint64_t kDiskRuns = 16;

std::string words_of(const simulation::Violation& violation) {
  return violation.invariant + ": " + violation.what;
}

std::optional<std::string> run_seed(std::uint64_t seed) {
  const simulation::SwarmResult result = simulation::run_swarm(seed);
  if (result.violations.empty()) return std::nullopt;
  return words_of(result.violations.front());
}

// All of them with the first seed, then with the next.
std::optional<std::string> run_aimed(std::uint64_t number) {
  const auto& all = simulation::aimed_runs();
  const std::uint64_t seed = 1 + (number - 1) / all.size();
  const auto violations = simulation::run_aimed(all[(number - 1) % all.size()], seed);
  if (violations.empty()) return std::nullopt;
  return words_of(violations.front());
}

// `number` counts the scenarios from 1.
std::optional<std::string> run_scenario(const std::string& driver, std::uint64_t stride,
                                        std::uint64_t number) {
  simulation::DriveOptions options;
  options.driver = driver;
  options.stride = stride;
  simulation::DriveTotals totals;
  simulation::drive(simulation::reference_scenarios()[number - 1], options, totals);
  if (totals.violations == 0) return std::nullopt;
  const std::string& first = totals.first_violation;
  const bool by_machine = first == "run: died: Killed" || first == "run: does not end" ||
                          first.starts_with("run: ended with code 77 ");
  return (by_machine ? kUnknown : "") + first;
}

Driver drive(const char* name, std::uint64_t stride) {
  return {simulation::driver_id(name), 1, simulation::reference_scenarios().size(),
          [name, stride](std::uint64_t number) { return run_scenario(name, stride, number); }};
}

}  // namespace

std::vector<Driver> all_drivers(const Effort& effort) {
  const std::uint64_t quick = std::min(effort.seeds, kQuickSeeds);
  std::vector<Driver> drivers;
  drivers.push_back({"D3", effort.first_seed, quick, run_seed});
  drivers.push_back({"aimed", 1, kAimedSeeds * simulation::aimed_runs().size(), run_aimed});
  drivers.push_back({"disk runs", 1, kDiskRuns, run_disk});
  drivers.push_back({"flips", 1, kDiskRuns, run_flip});
  if (effort.scenarios) {
    // Primes, so that each kind of fault has its turn.
    drivers.push_back(drive("views", 61 * effort.stride));
    drivers.push_back(drive("crashes", 37 * effort.stride));
    drivers.push_back(drive("failures", 307 * effort.stride));
  }
  drivers.push_back({"D3", effort.first_seed + quick, effort.seeds - quick, run_seed});
  return drivers;
}

}  // namespace clickdeploy::planted_bugs
