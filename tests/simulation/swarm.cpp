#include "tests/simulation/swarm.h"

#include "tests/simulation/invariants.h"
#include "tests/simulation/swarm_user.h"

#include <fmt/format.h>

namespace clickdeploy::simulation {

using namespace std::chrono_literals;

namespace {

// The longest pause between two tries of a create is ten minutes, that of a repair's step five; a
// server may need one of each, and a rollout takes one server after the other.
constexpr auto kRestBound = 90min;
// Objects are looked at once a minute at the latest.
constexpr auto kStay = 2min;
// Times in statuses are refreshed once a minute each.
constexpr std::int64_t kRefreshesMax = 3;

class SwarmRun {
 public:
  SwarmRun(std::uint64_t seed, bool told)
      : world_(seed),
        story_(world_, told),
        dice_(seed + 11'000'027),
        faults_(world_, story_, seed),
        user_(world_, story_, seed),
        invariants_(world_) {
    world_.always = [this] {
      invariants_.look();
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

  SwarmResult run() {
    story_.tell("seed", faults_.rates().text());
    hostile();
    if (world_.report.empty()) calm();
    if (world_.report.empty() && wish().exists) stay();
    return {.steps = world_.context().steps(),
            .hash = world_.context().hash(),
            .crashes = world_.crashes(),
            .simulated = world_.context().now(),
            .violations = world_.report.violations()};
  }

 private:
  const Wish& wish() const { return user_.wish(); }

  void hostile() {
    const SteadyTime end = world_.context().now() + 1min + 1s * dice_.below(180);
    user_.begin();
    while (world_.context().now() < end && world_.report.empty()) {
      world_.run_for(1ms * (500 + dice_.below(10'000)));
      faults_.moment();
      user_.act();
    }
  }

  void calm() {
    faults_.calm();
    user_.settle();
    const SteadyTime bound = world_.context().now() + kRestBound;
    while (!rests_within_a_minute()) {
      if (world_.context().now() >= bound) {
        return world_.report.add(wish().exists ? "L1" : "L3", "no rest: " + describe(world_));
      }
      user_.pursue();  // a Service that is to be recreated waits until the old one is gone
    }
  }

  bool rests_within_a_minute() {
    return world_.run_until([this] { return !world_.report.empty() || is_at_rest(); }, 1min);
  }

  bool is_at_rest() const {
    if (!wish().exists) return is_gone();
    const auto wanted = static_cast<std::size_t>(wish().replicas);
    if (!world_.object(kServices, kWeb)["metadata"]["deletionTimestamp"].is_null()) return false;
    if (world_.objects(kInstances).size() != wanted) return false;
    if (!wish().selected) return is_up_unmonitored();
    return is_converged(world_, wish().replicas) &&
           (wanted == 0 || world_.prometheus.rule_expression("HighCPU") == wish().rule);
  }

  bool is_gone() const {
    return world_.object(kServices, kWeb).is_null() && world_.objects(kInstances).empty() &&
           world_.checker.our_servers().empty() && world_.checker.our_ports().empty() &&
           world_.prometheus.targets() == 0;
  }

  bool is_up_unmonitored() const {
    const auto wanted = static_cast<std::size_t>(wish().replicas);
    const Json& service = world_.object(kServices, kWeb);
    return world_.checker.our_servers().size() == wanted &&
           world_.checker.our_ports().size() == wanted && world_.prometheus.targets() == 0 &&
           is_condition(service, "InstancesReady", "True") &&
           is_condition(service, "UpToDate", "True") &&
           service["status"]["observedGeneration"] == service["metadata"]["generation"];
  }

  void stay() {
    world_.run_for(1min);  // what others still have to hear
    const std::size_t mutations = world_.checker.mutations().size();
    invariants_.take_writes();
    world_.run_for(kStay);
    if (world_.checker.mutations().size() != mutations) {
      const Mutation& last = world_.checker.mutations().back();
      world_.report.add("S18", "the cloud is changed at rest: " + last.method + " " + last.path);
    }
    for (const auto& [name, writes] : invariants_.take_writes()) {
      if (writes <= kRefreshesMax) continue;
      world_.report.add("S18", fmt::format("{} is written {} times at rest", name, writes));
    }
    if (!is_at_rest()) world_.report.add("S18", "no longer at rest: " + describe(world_));
  }

  SimWorld world_;
  Story story_;
  Dice dice_;
  SwarmFaults faults_;
  SwarmUser user_;
  Invariants invariants_;
};

}  // namespace

SwarmResult run_swarm(std::uint64_t seed, bool told) {
  SwarmRun run(seed, told);
  return run.run();
}

}  // namespace clickdeploy::simulation
