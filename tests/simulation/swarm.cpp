#include "tests/simulation/swarm.h"

#include "tests/simulation/invariants.h"
#include "tests/simulation/swarm_faults.h"
#include "tests/simulation/swarm_oracle.h"
#include "tests/simulation/swarm_user.h"

#include <fmt/format.h>

namespace clickdeploy::simulation {

using namespace std::chrono_literals;

namespace {

// L1: twice the resync of a cloud (five minutes) and the longest pause between two tries (ten), and
// as repairs and rollouts take one server after the other, some minutes for each server.
constexpr auto kRestBound = 20min;
constexpr auto kRestBoundOfServer = 3min;
// A brake must hold for so long before somebody lifts it.
constexpr auto kHeld = 1min;
// Objects are looked at once a minute at the latest.
constexpr auto kStay = 2min;
// Times in statuses are refreshed once a minute each.
constexpr std::int64_t kRefreshesMax = 3;

class SwarmRun {
 public:
  SwarmRun(std::uint64_t seed, const SwarmOptions& options)
      : decisions_(seed, options.only),
        world_(seed, decisions_.take("large-fleets", 0.5) ? 1 : 500),
        story_(world_, options.told),
        faults_(world_, story_, decisions_),
        user_(world_, story_, decisions_),
        oracle_(world_, user_.wish()),
        invariants_(world_) {
    world_.always = [this, also = options.also] {
      invariants_.look();
      story_.look();
      if (also) also(world_, decisions_);
    };
    world_.report.sink = [this](const Violation& violation) {
      story_.tell("VIOLATION", violation.invariant + ": " + violation.what);
    };
    world_.checker.after_mutation = [this](const Mutation& mutation) {
      story_.tell_mutation(mutation);
    };
  }

  SwarmResult run() {
    hostile();
    if (world_.report.empty()) calm();
    if (world_.report.empty()) stay();
    return {.steps = world_.context().steps(),
            .hash = world_.context().hash(),
            .crashes = world_.crashes(),
            .simulated = world_.context().now(),
            .to_rest = to_rest_,
            .braked = braked_,
            .decisions = decisions_.taken(),
            .violations = world_.report.violations()};
  }

 private:
  void hostile() {
    Dice length = decisions_.dice("length", 0);
    const SteadyTime end = world_.context().now() + 1min + 1s * length.below(180);
    user_.begin();
    for (std::uint64_t moment = 1; world_.context().now() < end && world_.report.empty();
         ++moment) {
      Dice pause = decisions_.dice("moment", moment);
      world_.run_for(1ms * (500 + pause.below(10'000)));
      faults_.moment(moment);
      user_.act(moment);
    }
  }

  void calm() {
    faults_.calm();
    world_.run_for(5s);  // what users asked for and was not answered yet is done before they settle
    if (world_.boot_error()) {
      return world_.report.add("L1",
                               "the process does not start: " + world_.boot_error()->message());
    }
    user_.settle();
    const SteadyTime began = world_.context().now();
    if (!comes_to_rest() && world_.report.empty()) {
      // It has stopped itself, rightly, and asks for a person.
      braked_ = true;
      story_.tell("brake", oracle_.brake());
      user_.lift_brakes();
      comes_to_rest();
    }
    to_rest_ = world_.context().now() - began;
  }

  std::chrono::nanoseconds rest_bound() const {
    std::size_t servers = 0;
    for (const ServiceWish& service : user_.wish().services) {
      servers += static_cast<std::size_t>(service.replicas);
    }
    return kRestBound + kRestBoundOfServer * servers;
  }

  // False: something has broken, or a brake holds.
  bool comes_to_rest() {
    const SteadyTime bound = world_.context().now() + rest_bound();
    while (true) {
      faults_.help();
      user_.pursue();  // a Service that is to be recreated waits until the old one is gone
      if (rests_within(20s)) return world_.report.empty();
      if (!braked_ && is_held()) return false;
      if (world_.context().now() < bound) continue;
      world_.report.add("L1", "no rest: " + oracle_.unrest() + "\n" + describe(world_));
      return false;
    }
  }

  bool rests_within(std::chrono::nanoseconds limit) {
    auto looked = std::chrono::seconds(-1);
    auto rests = [this, &looked] {
      if (!world_.report.empty()) return true;
      const auto second = std::chrono::floor<std::chrono::seconds>(world_.context().now());
      if (second == looked) return false;
      looked = second;
      // A request that arrives late may still make something.
      return faults_.all_arrived() && oracle_.unrest().empty();
    };
    return world_.run_until(rests, limit);
  }

  // For a while, in which nothing is done to the cloud.
  bool is_held() {
    const std::string brake = oracle_.brake();
    if (brake.empty()) return false;
    const std::size_t mutations = world_.checker.mutations().size() + world_.machines.changes;
    if (rests_within(kHeld)) return false;
    return world_.checker.mutations().size() + world_.machines.changes == mutations &&
           !oracle_.brake().empty();
  }

  void stay() {
    const std::string harm = faults_.harm_to_others();
    if (!harm.empty()) world_.report.add("S2", harm);
    world_.run_for(1min);  // what others still have to hear
    stay_at_rest(world_, invariants_, kStay, kRefreshesMax);
    const std::string unrest = oracle_.unrest();
    if (!unrest.empty()) {
      world_.report.add("S18", "no longer at rest: " + unrest + "\n" + describe(world_));
    }
  }

  Decisions decisions_;
  SimWorld world_;
  Story story_;
  SwarmFaults faults_;
  SwarmUser user_;
  SwarmOracle oracle_;
  Invariants invariants_;
  std::chrono::nanoseconds to_rest_{0};
  bool braked_ = false;
};

}  // namespace

SwarmResult run_swarm(std::uint64_t seed, SwarmOptions options) {
  SwarmRun run(seed, options);
  return run.run();
}

}  // namespace clickdeploy::simulation
