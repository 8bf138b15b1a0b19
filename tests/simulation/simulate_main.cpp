// simulate: runs the swarm over many seeds, tells the story of one, or shrinks it.

#include "controller/async/clock.h"
#include "controller/base/json.h"
#include "tests/simulation/simulate_jobs.h"
#include "tests/simulation/swarm_shrink.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <malloc.h>
#include <optional>
#include <string_view>
#include <unistd.h>

namespace clickdeploy::simulation {
namespace {

constexpr const char* kUsage =
    "Usage: simulate [--seeds N] [--first SEED] [--jobs N] [--seed-seconds N]\n"
    "                [--ledger FILE --commit ID]\n"
    "       simulate --seed SEED [--trace] [--only-faults LIST | --only-faults-of FILE]\n"
    "       simulate --seed SEED --shrink [--runs N]\n"
    "Runs the whole system from seeds. Exit code 1 if a promise was broken.\n"
    "--trace tells what happened; a name in brackets is a decision of the seed. --only-faults\n"
    "repeats a run with these decisions alone: crash:7,reset:POST-compute-servers:2. --shrink\n"
    "looks for the fewest that still break the same promise, and tells that story.\n";

struct Arguments {
  JobOptions jobs;
  std::optional<std::uint64_t> seed;
  bool trace = false;
  bool shrink = false;
  std::uint64_t runs = 400;
  std::optional<DecisionSet> only;
  std::string ledger;
  std::string commit;
};

bool read_number(std::string_view text, std::uint64_t& into) {
  const char* end = text.data() + text.size();
  return std::from_chars(text.data(), end, into).ptr == end && !text.empty();
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool take_value(Arguments& arguments, std::string_view name, const std::string& value) {
  std::uint64_t number = 0;
  if (name == "--ledger") {
    arguments.ledger = value;
  } else if (name == "--commit") {
    arguments.commit = value;
  } else if (name == "--only-faults") {
    arguments.only = parse_decisions(value);
  } else if (name == "--only-faults-of") {
    arguments.only = parse_decisions(read_file(value));
  } else if (!read_number(value, number)) {
    return false;
  } else if (name == "--seeds") {
    arguments.jobs.seeds = number;
  } else if (name == "--first") {
    arguments.jobs.first = number;
  } else if (name == "--jobs") {
    arguments.jobs.jobs = std::max<std::uint64_t>(1, number);
  } else if (name == "--seed-seconds") {
    arguments.jobs.seed_time = std::chrono::seconds(number);
  } else if (name == "--seed") {
    arguments.seed = number;
  } else if (name == "--runs") {
    arguments.runs = number;
  } else {
    return false;
  }
  return true;
}

std::optional<Arguments> parse_arguments(int count, char** values) {
  Arguments arguments;
  arguments.jobs.jobs = static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  for (int i = 1; i < count; ++i) {
    const std::string_view name = values[i];
    if (name == "--trace") {
      arguments.trace = true;
    } else if (name == "--shrink") {
      arguments.shrink = true;
    } else if (i + 1 >= count || !take_value(arguments, name, values[++i])) {
      return std::nullopt;
    }
  }
  const bool of_one = arguments.trace || arguments.shrink || arguments.only;
  if (of_one && !arguments.seed) return std::nullopt;
  return arguments;
}

// The state of everything follows the first line; it is for those who read the story.
void print_violations(const SwarmResult& result, bool whole) {
  for (const Violation& violation : result.violations) {
    const std::size_t size = whole ? std::string::npos : violation.what.find('\n');
    fmt::print("broke {} at {:.3f} s: {}\n", violation.invariant,
               std::chrono::duration<double>(violation.at).count(), violation.what.substr(0, size));
  }
}

int tell_one(const Arguments& arguments) {
  const SwarmResult result =
      run_swarm(*arguments.seed, {.only = arguments.only, .told = arguments.trace});
  print_violations(result, arguments.trace);
  fmt::print("decisions: {}\n", join_decisions(result.decisions));
  fmt::print(
      "seed={} steps={} kills={} simulated_seconds={:.0f} seconds_to_rest={:.0f}{} hash={:x} "
      "violations={}\n",
      *arguments.seed, result.steps, result.crashes,
      std::chrono::duration<double>(result.simulated).count(),
      std::chrono::duration<double>(result.to_rest).count(),
      result.braked ? " (brakes lifted)" : "", result.hash, result.violations.size());
  return result.violations.empty() ? 0 : 1;
}

int shrink_one(const Arguments& arguments) {
  const std::uint64_t seed = *arguments.seed;
  const SwarmResult failing = run_swarm(seed, {.only = arguments.only});
  if (failing.violations.empty()) {
    fmt::print("seed {} breaks no promise\n", seed);
    return 0;
  }
  std::size_t runs = 0;
  const Shrunk shrunk = shrink(
      failing,
      [&](const DecisionSet& only) {
        SwarmResult result = run_swarm(seed, {.only = only});
        fmt::print(stderr, "run {}: {} decisions, {}\n", ++runs, only.size(),
                   result.violations.empty() ? "well" : result.violations.front().invariant);
        return result;
      },
      arguments.runs);
  const DecisionSet left(shrunk.decisions.begin(), shrunk.decisions.end());
  print_violations(run_swarm(seed, {.only = left, .told = true}), true);
  const std::string list = shrunk.decisions.empty() ? "''" : join_decisions(shrunk.decisions);
  fmt::print("{} decisions of {} break {}, found in {} runs:\n  {}\n", shrunk.decisions.size(),
             failing.decisions.size(), shrunk.invariant, shrunk.runs,
             join_decisions(shrunk.decisions));
  fmt::print("Once more: simulate --seed {} --trace --only-faults {}\n", seed, list);
  return 1;
}

void append_to_ledger(const Arguments& arguments, const Totals& totals, double seeds_per_s) {
  const auto rounded = static_cast<double>(static_cast<std::int64_t>(seeds_per_s * 100)) / 100.0;
  const Json line =
      Json::object({{"commit", arguments.commit},
                    {"driver", "D3"},
                    {"first_seed", static_cast<std::int64_t>(arguments.jobs.first)},
                    {"seeds", static_cast<std::int64_t>(totals.seeds)},
                    {"jobs", static_cast<std::int64_t>(arguments.jobs.jobs)},
                    {"steps", static_cast<std::int64_t>(totals.steps)},
                    {"crashes", static_cast<std::int64_t>(totals.crashes)},
                    {"simulated_seconds", static_cast<std::int64_t>(totals.simulated)},
                    {"seeds_per_s", rounded},
                    {"violations", static_cast<std::int64_t>(totals.broken.size())}});
  std::ofstream(arguments.ledger, std::ios::app) << to_json(line) << '\n';
}

int run_many(const Arguments& arguments) {
  const SystemClock real;
  const SteadyTime began = real.steady_now();
  const Totals totals = run_jobs(arguments.jobs, [](const Broken& broken) {
    fmt::print("seed {} broke {} at {:.3f} s: {}\n", broken.seed, broken.invariant,
               broken.at_seconds, broken.what);
    std::fflush(stdout);
  });
  const double took = std::chrono::duration<double>(real.steady_now() - began).count();
  const double seeds_per_s = static_cast<double>(totals.seeds) / took;
  if (!totals.broken.empty()) {
    const std::uint64_t seed = totals.broken.front().seed;
    fmt::print("the story of seed {}: make simulate SEED={} TRACE=1; the shortest: SHRINK=1\n",
               seed, seed);
  }
  if (!arguments.ledger.empty()) append_to_ledger(arguments, totals, seeds_per_s);
  fmt::print("kills={} simulated_seconds={:.0f} longest_rest={:.0f} (seed {}) brakes_lifted={}\n",
             totals.crashes, totals.simulated, totals.longest_rest, totals.longest_rest_seed,
             totals.braked);
  fmt::print("seeds={} steps={} seeds_per_s={:.2f} violations={} steps_per_s={:.0f}\n",
             totals.seeds, totals.steps, seeds_per_s, totals.broken.size(),
             static_cast<double>(totals.steps) / took);
  const bool whole = totals.seeds == arguments.jobs.seeds;
  return whole && totals.broken.empty() ? 0 : 1;
}

int run(int count, char** values) {
  const std::optional<Arguments> arguments = parse_arguments(count, values);
  if (!arguments) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  if (!arguments->seed) return run_many(*arguments);
  return arguments->shrink ? shrink_one(*arguments) : tell_one(*arguments);
}

}  // namespace
}  // namespace clickdeploy::simulation

int main(int count, char** values) {
  // Worlds come and go: their memory is kept for the next one, not given back page by page.
  constexpr int kKept = 1 << 30;
  ::mallopt(M_TRIM_THRESHOLD, kKept);
  ::mallopt(M_MMAP_THRESHOLD, kKept);
  return clickdeploy::simulation::run(count, values);
}
