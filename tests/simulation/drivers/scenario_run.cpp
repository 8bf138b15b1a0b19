#include "tests/simulation/drivers/scenario_run.h"

#include <fmt/format.h>

namespace clickdeploy::simulation {

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kSeed = 1;
// What one fault may cost: a create without an answer is looked for for a minute before it is
// repeated, and the pause between two tries grows to ten.
constexpr auto kRecovery = 20min;
// Others hear of the end, and times are refreshed once a minute; then nothing more may happen.
constexpr auto kSettle = 65s;
constexpr auto kStay = 65s;
constexpr std::int64_t kRefreshesMax = 2;

}  // namespace

ScenarioRun::ScenarioRun(const Scenario& scenario, bool told)
    : scenario_(scenario),
      world_(kSeed),
      story_(world_, told),
      invariants_(world_),
      effects_(world_) {
  world_.always = [this] {
    invariants_.look();
    effects_.look();
    story_.look();
  };
  world_.report.sink = [this](const Violation& violation) {
    story_.tell("VIOLATION", violation.invariant + ": " + violation.what);
  };
  if (!told) return;
  world_.checker.after_mutation = [this](const Mutation& mutation) {
    story_.tell("cloud",
                fmt::format("{} {} -> {}", mutation.method, mutation.path, mutation.status));
  };
}

RunResult ScenarioRun::run() {
  scenario_.prepare(world_);
  effects_.begin();
  first_step_ = world_.context().steps();
  attacked_ = true;
  story_.tell("driver", "the scenario begins: " + scenario_.story);
  scenario_.act(world_);
  const bool done =
      world_.run_until([this] { return scenario_.done(world_); }, scenario_.bound + kRecovery);
  attacked_ = false;
  story_.tell("driver", fmt::format("the scenario is over after {} steps", step()));
  if (!done) world_.report.add("L1", "no rest: " + describe(world_));
  if (world_.report.empty()) stay();
  return {.steps = world_.context().steps(),
          .hash = world_.context().hash(),
          .effects = effects_.effects(),
          .end = end_state(world_),
          .violations = world_.report.violations()};
}

void ScenarioRun::stay() {
  world_.run_for(kSettle);
  stay_at_rest(world_, invariants_, kStay, kRefreshesMax);
  if (!scenario_.done(world_)) {
    world_.report.add("S18", "no longer at rest: " + describe(world_));
  }
}

std::vector<Violation> ScenarioRun::judge(const Scenario& scenario, const RunResult& result,
                                          const RunResult& reference, bool ports_repeat) {
  std::vector<Violation> found = result.violations;
  if (!found.empty()) return found;
  ports_repeat = ports_repeat || !scenario.may_repeat_ports.empty();
  const std::string more = excess(result.effects, reference.effects, ports_repeat ? "/ports" : "");
  if (!more.empty()) found.push_back({{}, "S22", more});
  const std::string other = difference(result.end, reference.end);
  if (!other.empty()) found.push_back({{}, "end", other});
  return found;
}

}  // namespace clickdeploy::simulation
