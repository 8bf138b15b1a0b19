// planted: switches on each bug of controller/base/planted.h and tells which driver of the
// simulation finds it.

#include "tests/planted/drivers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string_view>

namespace clickdeploy::planted_bugs {
namespace {

constexpr const char* kUsage =
    "Usage: planted [--bug NAME]... [--seeds N] [--first SEED] [--stride N] [--no-scenarios]\n"
    "               [--jobs N] [--limit SECONDS] [--cpu SECONDS] [--control] [--table]\n"
    "Switches on each planted bug, or those named, and runs the simulation until it is found: at\n"
    "most --seeds of the swarm, every --stride-th part of the other drivers, and --limit seconds.\n"
    "A run that takes more than --cpu seconds of a processor does not end. What is found must be\n"
    "found again by the same run, and not without the bug; --control makes all runs without a bug\n"
    "before. --table prints rows for docs/reliability.md. Exit code 1 if fewer than nine of ten\n"
    "are found.\n";

constexpr double kEnough = 0.9;
constexpr std::size_t kWords = 160;

struct Arguments {
  std::vector<Bug> bugs;
  Effort effort;
  std::uint64_t jobs = 2;
  std::uint64_t limit_s = 1800;
  std::uint64_t cpu_s = 60;
  bool control = false;
  bool table = false;
};

const PlantedBug* find_bug(std::string_view name) {
  const auto found = std::ranges::find(all_bugs(), name, &PlantedBug::name);
  return found == all_bugs().end() ? nullptr : &*found;
}

bool read_number(std::string_view text, std::uint64_t& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc() && end == text.data() + text.size();
}

bool read_argument(std::string_view name, std::string_view value, Arguments& arguments) {
  Effort& effort = arguments.effort;
  if (name == "--first") return read_number(value, effort.first_seed);
  if (name == "--seeds") return read_number(value, effort.seeds);
  if (name == "--stride") return read_number(value, effort.stride) && effort.stride > 0;
  if (name == "--cpu") return read_number(value, arguments.cpu_s) && arguments.cpu_s > 0;
  if (name == "--limit") return read_number(value, arguments.limit_s);
  if (name == "--jobs") return read_number(value, arguments.jobs) && arguments.jobs > 0;
  if (name != "--bug") return false;
  const PlantedBug* bug = find_bug(value);
  if (bug != nullptr) arguments.bugs.push_back(bug->bug);
  return bug != nullptr;
}

bool read_flag(std::string_view name, Arguments& arguments) {
  if (name == "--table") return arguments.table = true;
  if (name == "--control") return arguments.control = true;
  if (name != "--no-scenarios") return false;
  arguments.effort.scenarios = false;
  return true;
}

std::optional<Arguments> parse_arguments(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = values[i];
    if (read_flag(name, arguments)) continue;
    if (i + 1 >= count || !read_argument(name, values[++i], arguments)) return std::nullopt;
  }
  if (!arguments.bugs.empty()) return arguments;
  for (const PlantedBug& bug : all_bugs()) arguments.bugs.push_back(bug.bug);
  return arguments;
}

std::string by_whom(const Finding& finding) {
  const std::string promise = finding.what.substr(0, finding.what.find(':'));
  const bool is_promise = promise.size() <= 4;
  return finding.driver + ", " + (is_promise ? promise : finding.what);
}

void print_row(const PlantedBug& bug, const Finding& finding) {
  const std::string seeds = finding.driver == "D3" ? std::to_string(finding.number) : "-";
  fmt::print("| `{}` | {} | {} | {} | {} |\n", bug.name, to_string(bug.pattern), bug.breaks,
             finding.found ? by_whom(finding) : "not yet", finding.found ? seeds : "-");
}

std::string where(const Finding& finding) {
  return finding.driver + " " + std::to_string(finding.number) + ", " +
         finding.what.substr(0, kWords);
}

std::string why_not(const Finding& finding) {
  return fmt::format("{}{} runs unclean without it, {} not repeated, {} unknown",
                     finding.in_time ? "" : "out of time; ", finding.unclean, finding.once,
                     finding.unknown);
}

class Score {
 public:
  explicit Score(const Arguments& arguments) : arguments_(arguments) {}

  void tell(const Finding& finding) {
    const auto bug = std::ranges::find(all_bugs(), finding.bug, &PlantedBug::bug);
    const bool by_seed = finding.found && finding.driver == "D3";
    const std::uint64_t seeds = finding.number - arguments_.effort.first_seed + 1;
    if (finding.found) ++found_;
    if (by_seed) seeds_.push_back(seeds);
    fmt::print("{:<24} {:<9} {:>6} seeds {:>7.1f} s  {}\n", bug->name,
               finding.found ? "found" : "not found", by_seed ? std::to_string(seeds) : "-",
               finding.seconds, finding.found ? where(finding) : why_not(finding));
    std::fflush(stdout);
  }

  // Of the runs without a bug.
  static void tell_control(const Control& control) {
    std::size_t unclean = 0;
    for (const auto& [run, outcome] : control) {
      if (outcome.known && outcome.what.empty()) continue;
      ++unclean;
      fmt::print("without a bug: {} {}, {}{}\n", run.first, run.second,
                 outcome.known ? "" : "unknown: ", outcome.what.substr(0, kWords));
    }
    fmt::print("without a bug: {} runs, {} of them unclean\n", control.size(), unclean);
    std::fflush(stdout);
  }

  int end() {
    std::ranges::sort(seeds_);
    const std::size_t planted = arguments_.bugs.size();
    fmt::print("planted={} found={} median_seeds={}\n", planted, found_,
               seeds_.empty() ? 0 : seeds_[seeds_.size() / 2]);
    const bool enough = static_cast<double>(found_) >= kEnough * static_cast<double>(planted);
    return enough ? 0 : 1;
  }

 private:
  const Arguments& arguments_;
  std::size_t found_ = 0;
  std::vector<std::uint64_t> seeds_;
};

void print_table(const std::vector<Finding>& findings) {
  for (const PlantedBug& bug : all_bugs()) {
    const auto at = std::ranges::find(findings, bug.bug, &Finding::bug);
    if (at != findings.end()) print_row(bug, *at);
  }
}

int run(int count, char** values) {
  std::optional<Arguments> arguments = parse_arguments(count, values);
  if (!arguments) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  HuntLimits limits;
  limits.bug = std::chrono::seconds(arguments->limit_s);
  limits.cpu = std::chrono::seconds(arguments->cpu_s);
  limits.jobs = static_cast<unsigned>(arguments->jobs);
  const std::vector<Driver> drivers = all_drivers(arguments->effort);
  Score score(*arguments);
  Control without;
  if (arguments->control) without = control(drivers, limits);
  const std::vector<Finding> findings =
      hunt(arguments->bugs, drivers, without, limits,
           [&score](const Finding& finding) { score.tell(finding); });
  Score::tell_control(without);
  if (arguments->table) print_table(findings);
  return score.end();
}

}  // namespace
}  // namespace clickdeploy::planted_bugs

int main(int count, char** values) {
  return clickdeploy::planted_bugs::run(count, values);
}
