// hunt: switches one bug on in a process of its own and runs the drivers of the simulation until
// one of them sees that something is wrong.

#pragma once

#include "tests/planted/bugs.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace clickdeploy::planted_bugs {

// A number of runs: seeds of the swarm from `first` on, or the scenarios of a driver.
struct Driver {
  std::string name;
  std::uint64_t first = 1;
  std::uint64_t runs = 0;
  // One run; what was wrong, beginning with the broken promise, or nothing. Anything else that ends
  // the process is a finding too.
  std::function<std::optional<std::string>(std::uint64_t number)> run;
};

struct Finding {
  Bug bug = Bug::None;
  bool found = false;
  bool in_time = true;  // all runs were made, or one found it
  std::string driver;
  std::uint64_t number = 0;  // of the run that found it
  std::uint64_t runs = 0;    // of that driver, up to that one
  std::string what;
  double seconds = 0;
};

struct HuntLimits {
  std::chrono::seconds bug{600};  // for all drivers together
  std::chrono::seconds run{90};   // one that does not end in that time is a finding
  unsigned jobs = 2;              // processes at a time
};

// Driver and number.
using Run = std::pair<std::string, std::uint64_t>;

// A finding for each run that is not clean without a bug.
std::vector<Finding> control(std::span<const Driver> drivers, HuntLimits limits);

// In the order of `bugs`; `told` is called as each ends. Runs that are `unclean`
// prove nothing and are left out.
std::vector<Finding> hunt(std::span<const Bug> bugs, std::span<const Driver> drivers,
                          const std::set<Run>& unclean, HuntLimits limits,
                          const std::function<void(const Finding&)>& told);

}  // namespace clickdeploy::planted_bugs
