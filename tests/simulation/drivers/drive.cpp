#include "tests/simulation/drivers/drive.h"

#include "tests/simulation/drivers/attack.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace clickdeploy::simulation {

namespace {

constexpr std::size_t kWordsMax = 900;

std::unique_ptr<Attack> make_attack(const DriveOptions& options, ScenarioRun& run,
                                    Branches& branches, Lesson lesson) {
  if (options.driver == "views") return attack_by_views(run, branches);
  if (options.driver == "failures") return attack_by_failures(run, branches, std::move(lesson));
  return attack_by_kills(run, branches, options.every_step);
}

class Drive {
 public:
  Drive(const Scenario& scenario, const DriveOptions& options, DriveTotals& totals)
      : scenario_(scenario), options_(options), totals_(totals) {}

  void run() {
    ++totals_.scenarios;
    const RunResult reference = run_reference();
    for (const Violation& violation : reference.violations) {
      tell("", violation.invariant, violation.what);
    }
    if (!reference.violations.empty()) return;
    run_branches(reference);
  }

 private:
  // With the hooks in place, but nothing done: they may cost steps.
  RunResult run_reference() {
    Branches none({.only = BranchOptions::Only{}});
    ScenarioRun run(scenario_, false);
    const auto attack = make_attack(options_, run, none, {});
    RunResult result = run.run();
    lesson_ = attack->lesson();
    totals_.steps += result.steps;
    return result;
  }

  void run_branches(const RunResult& reference) {
    const std::uint64_t runs = totals_.runs;
    const std::uint64_t violations = totals_.violations;
    BranchOptions branching{.stride = options_.stride, .jobs = options_.jobs};
    branching.ended = [this](const BranchEnd& end) { note(end); };
    if (options_.at) branching.only = {*options_.at, options_.how};
    Branches branches(std::move(branching));
    ScenarioRun run(scenario_, options_.trace);
    const auto attack = make_attack(options_, run, branches, lesson_);
    const RunResult result = run.run();
    if (branches.is_branch()) return end_branch(branches, *attack, result, reference);
    if (options_.at) {
      return tell("", "run", fmt::format("has no place {} for {}", *options_.at, options_.how));
    }
    branches.wait();
    totals_.skipped += attack->skipped();
    totals_.left_out += branches.left_out();
    if (result.hash != reference.hash) tell("", "S24", "two runs without faults differ");
    fmt::print("{} {}: {} steps, {} runs, {} skipped, {} left out, {} violations\n",
               driver_id(options_.driver), scenario_.name, run.step(), totals_.runs - runs,
               attack->skipped(), branches.left_out(), totals_.violations - violations);
    std::fflush(stdout);
  }

  void end_branch(Branches& branches, const Attack& attack, const RunResult& result,
                  const RunResult& reference) {
    std::vector<Violation> found =
        ScenarioRun::judge(scenario_, result, reference, !attack.may_repeat_ports().empty());
    if (::testing::Test::HasFailure()) found.push_back({{}, "run", "a test's expectation failed"});
    Json told = Json::array();
    for (const Violation& violation : found) {
      told.push_back(Json::object({{"id", violation.invariant}, {"what", violation.what}}));
    }
    const auto steps = static_cast<std::int64_t>(result.steps - attack.branched_at());
    const std::string report = to_json(Json::object({{"steps", steps}, {"violations", told}}));
    if (branches.is_forked()) branches.finish(report);
    note({branches.branch()->place, branches.branch()->way, report, ""});
  }

  void note(const BranchEnd& end) {
    ++totals_.runs;
    const std::string again = fmt::format("--at {} --how {} --trace", end.place, end.way);
    if (!end.death.empty()) return tell(again, "run", end.death);
    const Json report = parse_json(end.report).value_or(Json());
    totals_.steps += static_cast<std::uint64_t>(report["steps"].as_int());
    for (const Json& violation : report["violations"].as_array()) {
      tell(again, violation["id"].as_string(), violation["what"].as_string());
    }
  }

  void tell(const std::string& again, const std::string& id, const std::string& what) {
    ++totals_.violations;
    if (totals_.first_violation.empty()) totals_.first_violation = id + ": " + what;
    const std::string words = options_.trace ? what : what.substr(0, kWordsMax);
    fmt::print("{} broke {}: {}\n", scenario_.name, id, words);
    if (!again.empty()) {
      fmt::print("  again: simulate_drivers {} --scenario {} {}\n", options_.driver, scenario_.name,
                 again);
    }
    std::fflush(stdout);
  }

  const Scenario& scenario_;
  const DriveOptions& options_;
  DriveTotals& totals_;
  Lesson lesson_;
};

}  // namespace

const char* driver_id(const std::string& driver) {
  if (driver == "crashes") return "D1";
  if (driver == "views") return "D2";
  if (driver == "failures") return "D4";
  return nullptr;
}

void drive(const Scenario& scenario, const DriveOptions& options, DriveTotals& totals) {
  Drive(scenario, options, totals).run();
}

}  // namespace clickdeploy::simulation
