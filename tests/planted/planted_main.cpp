// planted: switches on each bug of controller/base/planted.h and tells which driver of the
// simulation finds it. Without any bug the same runs must find nothing.

#include "tests/planted/drivers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string_view>

namespace clickdeploy::planted_bugs {
namespace {

constexpr const char* kUsage =
    "Usage: planted [--bug NAME]... [--seeds N] [--first SEED] [--jobs N] [--limit SECONDS]\n"
    "               [--table]\n"
    "Switches on each planted bug, or those named, and runs the simulation until it is found: "
    "--seeds\n"
    "of the swarm at most, and --limit seconds. \"None\" is the run without a bug. --table prints "
    "rows\n"
    "for docs/reliability.md. Exit code 1 if fewer than nine of ten are found, or anything without "
    "a\n"
    "bug.\n";

constexpr double kEnough = 0.9;

struct Arguments {
  std::vector<Bug> bugs;
  bool control = true;
  std::uint64_t first = 1;
  std::uint64_t seeds = 300;
  std::uint64_t jobs = 2;
  std::uint64_t limit_s = 1800;
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
  if (name == "--first") return read_number(value, arguments.first);
  if (name == "--seeds") return read_number(value, arguments.seeds);
  if (name == "--limit") return read_number(value, arguments.limit_s);
  if (name == "--jobs") return read_number(value, arguments.jobs) && arguments.jobs > 0;
  if (name != "--bug") return false;
  const PlantedBug* bug = find_bug(value);
  if (bug != nullptr) arguments.bugs.push_back(bug->bug);
  return bug != nullptr;
}

std::optional<Arguments> parse_arguments(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = values[i];
    if (name == "--table" || name == "--no-control") {
      (name == "--table" ? arguments.table : arguments.control) = name == "--table";
      continue;
    }
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
  fmt::print("| {} | {} | {} | {} | {} |\n", bug.name, to_string(bug.pattern), bug.breaks,
             finding.found ? by_whom(finding) : "not found", finding.found ? seeds : "-");
}

std::string where(const Finding& finding) {
  return finding.driver + " " + std::to_string(finding.number) + ", " + finding.what.substr(0, 160);
}

class Score {
 public:
  explicit Score(const Arguments& arguments) : arguments_(arguments) {}

  void tell(const Finding& finding) {
    const auto bug = std::ranges::find(all_bugs(), finding.bug, &PlantedBug::bug);
    const bool by_seed = finding.found && finding.driver == "D3";
    const std::uint64_t seeds = finding.number - arguments_.first + 1;
    if (finding.found) ++found_;
    if (by_seed) seeds_.push_back(seeds);
    fmt::print("{:<24} {:<9} {:>6} seeds {:>7.1f} s  {}\n", bug->name,
               finding.found ? "found" : "not found", by_seed ? std::to_string(seeds) : "-",
               finding.seconds,
               finding.found ? where(finding) : (finding.in_time ? "" : "out of time"));
    std::fflush(stdout);
  }

  void tell_control(const std::vector<Finding>& findings) {
    for (const Finding& finding : findings) fmt::print("without a bug: {}\n", where(finding));
    if (findings.empty()) fmt::print("without a bug: nothing\n");
    control_broken_ = !findings.empty();
    std::fflush(stdout);
  }

  int end() {
    std::ranges::sort(seeds_);
    const std::size_t planted = arguments_.bugs.size();
    fmt::print("planted={} found={} median_seeds={}\n", planted, found_,
               seeds_.empty() ? 0 : seeds_[seeds_.size() / 2]);
    const bool enough = static_cast<double>(found_) >= kEnough * static_cast<double>(planted);
    return enough && !control_broken_ ? 0 : 1;
  }

 private:
  const Arguments& arguments_;
  std::size_t found_ = 0;
  bool control_broken_ = false;
  std::vector<std::uint64_t> seeds_;
};

int run(int count, char** values) {
  std::optional<Arguments> arguments = parse_arguments(count, values);
  if (!arguments) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  Score score(*arguments);
  HuntLimits limits;
  limits.bug = std::chrono::seconds(arguments->limit_s);
  limits.jobs = static_cast<unsigned>(arguments->jobs);
  const std::vector<Driver> drivers = all_drivers(arguments->first, arguments->seeds);
  std::set<Run> unclean;
  if (arguments->control) {
    const std::vector<Finding> control_findings = control(drivers, limits);
    for (const Finding& each : control_findings) unclean.emplace(each.driver, each.number);
    score.tell_control(control_findings);
  }
  const std::vector<Finding> findings =
      hunt(arguments->bugs, drivers, unclean, limits,
           [&score](const Finding& finding) { score.tell(finding); });
  if (arguments->table) {
    for (std::size_t i = 0; i < arguments->bugs.size(); ++i) {
      print_row(*std::ranges::find(all_bugs(), findings[i].bug, &PlantedBug::bug), findings[i]);
    }
  }
  return score.end();
}

}  // namespace
}  // namespace clickdeploy::planted_bugs

int main(int count, char** values) {
  return clickdeploy::planted_bugs::run(count, values);
}
