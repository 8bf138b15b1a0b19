// ScenarioRun: one run of a reference scenario, with all invariants watched, until it is done and
// has stayed at rest.

#pragma once

#include "tests/simulation/drivers/end_state.h"
#include "tests/simulation/drivers/reference_scenarios.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/story.h"

#include <cstdint>
#include <string>
#include <vector>

namespace clickdeploy::simulation {

struct RunResult {
  std::uint64_t steps = 0;  // of the whole run
  std::uint64_t hash = 0;
  Effects effects;
  std::vector<std::string> end;
  std::vector<Violation> violations;
};

class ScenarioRun {
 public:
  ScenarioRun(const Scenario& scenario, bool told);
  ScenarioRun(const ScenarioRun&) = delete;
  ScenarioRun& operator=(const ScenarioRun&) = delete;

  SimWorld& world() { return world_; }
  const Story& story() const { return story_; }

  // Between act() and done().
  bool is_attacked() const { return attacked_; }
  // Steps since act() began.
  std::uint64_t step() { return world_.context().steps() - first_step_; }
  RunResult run();
  // The violations by which this run differs from the one without faults.
  static std::vector<Violation> judge(const Scenario& scenario, const RunResult& result,
                                      const RunResult& reference, bool ports_repeat);

 private:
  void stay();

  const Scenario& scenario_;
  SimWorld world_;
  Story story_;
  Invariants invariants_;
  EffectCounter effects_;
  bool attacked_ = false;
  std::uint64_t first_step_ = 0;
};

}  // namespace clickdeploy::simulation
