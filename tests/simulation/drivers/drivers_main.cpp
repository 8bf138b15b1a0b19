// simulate_drivers: repeats the reference scenarios with one fault at every place where one can be.

#include "controller/async/clock.h"
#include "controller/base/json.h"
#include "tests/simulation/drivers/drive.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <unistd.h>

namespace clickdeploy::simulation {
namespace {

constexpr const char* kUsage =
    "Usage: simulate_drivers crashes|views|failures [--scenario NAME] [--stride N] [--jobs N]\n"
    "         [--every-step]\n"
    "       simulate_drivers crashes|views|failures --scenario NAME --at PLACE --how WAY "
    "[--trace]\n"
    "       simulate_drivers scenarios\n"
    "Repeats each reference scenario with one fault at every place. Exit code 1 if a promise was\n"
    "broken.\n";

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool set(DriveOptions& options, std::string_view name, std::string_view value) {
  if (name == "--scenario") {
    options.scenario = value;
    return find_scenario(options.scenario) != nullptr;
  }
  if (name == "--how") {
    options.how = value;
    return true;
  }
  const std::optional<std::uint64_t> count = number(value);
  if (!count) return false;
  if (name == "--at") {
    options.at = *count;
    return true;
  }
  if (*count == 0) return false;
  if (name == "--stride") {
    options.stride = *count;
    return true;
  }
  options.jobs = *count;
  return name == "--jobs";
}

std::optional<DriveOptions> parse_arguments(int count, char** values) {
  if (count < 2) return std::nullopt;
  DriveOptions options;
  options.driver = values[1];
  options.jobs = static_cast<std::size_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  for (int i = 2; i < count; ++i) {
    const std::string_view name = values[i];
    if (name == "--trace") {
      options.trace = true;
    } else if (name == "--every-step") {
      options.every_step = true;
    } else if (i + 1 >= count || !set(options, name, values[++i])) {
      return std::nullopt;
    }
  }
  const bool one = options.at && !options.how.empty() && !options.scenario.empty();
  const bool known = driver_id(options.driver) != nullptr || options.driver == "scenarios";
  if (!known || (!one && (options.at || options.trace || !options.how.empty()))) {
    return std::nullopt;
  }
  return options;
}

void print_scenarios() {
  for (const Scenario& scenario : reference_scenarios()) {
    fmt::print("{:22} {}\n", scenario.name, scenario.story);
  }
}

int run(int count, char** values) {
  const std::optional<DriveOptions> options = parse_arguments(count, values);
  if (!options) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  if (options->driver == "scenarios") {
    print_scenarios();
    return 0;
  }
  const SystemClock real;
  const SteadyTime began = real.steady_now();
  DriveTotals totals;
  for (const Scenario& scenario : reference_scenarios()) {
    if (!options->scenario.empty() && options->scenario != scenario.name) continue;
    drive(scenario, *options, totals);
  }
  const double took = std::chrono::duration<double>(real.steady_now() - began).count();
  fmt::print(
      "driver={} scenarios={} runs={} skipped={} left_out={} steps={} runs_per_s={:.1f} "
      "steps_per_s={:.0f} violations={}\n",
      driver_id(options->driver), totals.scenarios, totals.runs, totals.skipped, totals.left_out,
      totals.steps, static_cast<double>(totals.runs) / took,
      static_cast<double>(totals.steps) / took, totals.violations);
  return totals.violations == 0 ? 0 : 1;
}

}  // namespace
}  // namespace clickdeploy::simulation

int main(int count, char** values) {
  return clickdeploy::simulation::run(count, values);
}
