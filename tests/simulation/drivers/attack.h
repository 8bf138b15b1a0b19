// Attack: what a driver does to the runs of a scenario. It hooks into one run, and at each place
// where something could go wrong it lets Branches begin runs in which it does.

#pragma once

#include "tests/simulation/drivers/branches.h"
#include "tests/simulation/drivers/scenario_run.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::simulation {

// When a run uses the disk: the step of each operation, by its number.
struct Lesson {
  std::vector<std::uint64_t> changes;
  std::vector<std::uint64_t> reads;
};

class Attack {
 public:
  Attack(ScenarioRun& run, Branches& branches) : run_(run), branches_(branches) {}
  virtual ~Attack() = default;
  Attack(const Attack&) = delete;
  Attack& operator=(const Attack&) = delete;

  // Places left out because they are like the one before.
  std::uint64_t skipped() const { return skipped_; }
  // What the attack on the same run from its first step to its last must know beforehand.
  virtual Lesson lesson() const { return {}; }
  // Why there may be more creates and deletes of ports than without the fault; "" allows none.
  const std::string& may_repeat_ports() const { return may_repeat_ports_; }
  // The steps of the world when this branch began.
  std::uint64_t branched_at() const { return branched_at_; }

 protected:
  std::optional<std::string> take(std::uint64_t place, const std::vector<std::string>& ways);
  bool is_active() const { return run_.is_attacked() && !branches_.is_branch(); }
  // The number of the next place, for those that are counted.
  std::uint64_t next_place() { return ++places_; }

  ScenarioRun& run_;
  Branches& branches_;
  std::uint64_t skipped_ = 0;
  std::string may_repeat_ports_;

 private:
  std::uint64_t places_ = 0;
  std::uint64_t branched_at_ = 0;
};

// "late-3000": 3000 ms; 0 without a number.
std::chrono::milliseconds number_in(const std::string& way);

// D1: the process is killed at a step, and perhaps once more so many steps later ("kill+17"). A
// step since which nothing that outlives the process has changed is skipped, unless `every_step`.
std::unique_ptr<Attack> attack_by_kills(ScenarioRun& run, Branches& branches, bool every_step);

// D2: the process is restarted after each committed write, also onto caches that lag behind; each
// event of a watch is lost, late or doubled; each request of a controller fails.
std::unique_ptr<Attack> attack_by_views(ScenarioRun& run, Branches& branches);

// D4: each message to the outside, and each change and each read of the disk fails, once; those of
// a start in the middle of the run, too. The lesson is that of a run without faults; an empty one
// fails no operation of the disk.
std::unique_ptr<Attack> attack_by_failures(ScenarioRun& run, Branches& branches, Lesson lesson);

}  // namespace clickdeploy::simulation
