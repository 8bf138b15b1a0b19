// drive(): one driver on one scenario, from the run without faults to the last of its branches.

#pragma once

#include "tests/simulation/drivers/reference_scenarios.h"

#include <cstdint>
#include <optional>
#include <string>

namespace clickdeploy::simulation {

struct DriveOptions {
  std::string driver;    // crashes, views, failures
  std::string scenario;  // "": all
  std::optional<std::uint64_t> at;
  std::string how;
  bool trace = false;
  bool every_step = false;
  std::uint64_t stride = 1;
  std::size_t jobs = 1;
};

struct DriveTotals {
  std::uint64_t scenarios = 0;
  std::uint64_t runs = 0;      // branches, each to its end
  std::uint64_t skipped = 0;   // places like the one before
  std::uint64_t left_out = 0;  // by the stride
  std::uint64_t steps = 0;     // of the runs without faults, and of branches from where they began
  std::uint64_t violations = 0;
  std::string first_violation;  // "S4: what broke"
};

// "D1" of "crashes"; nullptr if there is no such driver.
const char* driver_id(const std::string& driver);

// Prints each violation, with the command that repeats it.
void drive(const Scenario& scenario, const DriveOptions& options, DriveTotals& totals);

}  // namespace clickdeploy::simulation
