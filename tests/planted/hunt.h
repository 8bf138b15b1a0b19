// hunt: switches one bug on and runs the drivers of the simulation, each run in a process of its
// own, until one of them sees that something is wrong.
//
// A run finds a bug only if the same run is clean without it, and if it sees something wrong again
// when it is made again. What the machine does to a run proves nothing: one that runs out of memory
// or is killed, or that takes too long by the clock on the wall, is unknown. One that does not end
// is known by the processor time that it takes.

#pragma once

#include "tests/planted/bugs.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy::planted_bugs {

// What a driver says of a run that proves nothing begins with this.
inline constexpr const char* kUnknown = "unknown: ";

// A number of runs: seeds of the swarm from `first` on, or the scenarios of a driver.
struct Driver {
  std::string name;
  std::uint64_t first = 1;
  std::uint64_t runs = 0;
  // One run; what was wrong, beginning with the broken promise, or nothing.
  std::function<std::optional<std::string>(std::uint64_t number)> run;
};

struct Finding {
  Bug bug = Bug::None;
  bool found = false;
  bool in_time = true;  // all runs were made, or one found it
  std::string driver;
  std::uint64_t number = 0;  // of the run that found it
  std::string what;
  std::uint64_t unclean = 0;  // runs that saw something wrong, but do so without the bug, too
  std::uint64_t once = 0;     // runs that did so only once
  std::uint64_t unknown = 0;
  double seconds = 0;
};

struct HuntLimits {
  std::chrono::seconds bug{600};  // for all drivers together
  std::chrono::seconds cpu{60};   // one that takes more processor time does not end
  std::chrono::seconds run{600};  // one that takes longer is unknown
  std::uint64_t memory_bytes = 3ULL << 30;
  unsigned jobs = 2;  // processes at a time
};

struct Outcome {
  bool known = true;
  std::string what;  // "": clean
};

// Driver and number.
using Run = std::pair<std::string, std::uint64_t>;
// Runs without a bug, each made when it was needed first.
using Control = std::map<Run, Outcome>;

// Makes all runs without a bug.
Control control(std::span<const Driver> drivers, HuntLimits limits);

// In the order of `bugs`; `told` is called as each ends.
std::vector<Finding> hunt(std::span<const Bug> bugs, std::span<const Driver> drivers,
                          Control& control, HuntLimits limits,
                          const std::function<void(const Finding&)>& told);

}  // namespace clickdeploy::planted_bugs
