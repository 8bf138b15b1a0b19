#include "tests/simulation/drivers/attack.h"

#include <array>

namespace clickdeploy::simulation {

namespace {

// Of the steps that are not skipped, so many for one that is killed twice.
constexpr std::uint64_t kPairsEvery = 5;
// Recovery takes a few hundred steps.
constexpr std::uint64_t kSecondWithin = 600;

class Kills final : public Attack {
 public:
  Kills(ScenarioRun& run, Branches& branches, bool every_step)
      : Attack(run, branches), every_step_(every_step), random_(kSeed) {
    run_.world().network.faults = [this](const http::Request&) {
      ++delivered_;
      return std::optional<NetworkFault>();
    };
    run_.world().between_steps = [this] { look(); };
  }

 private:
  static constexpr std::uint64_t kSeed = 13'000'027;
  using Survivors = std::array<std::uint64_t, 7>;

  // What a killed process leaves behind. Prometheus and the servers live on the clock: each virtual
  // second counts as a change of theirs.
  Survivors survivors() {
    SimWorld& world = run_.world();
    const auto second = std::chrono::floor<std::chrono::seconds>(world.context().now());
    return {world.storage.changes(),
            world.cloud.revision(),
            world.network.messages(),
            delivered_,
            world.prometheus.reloads(),
            world.checker.mutations().size(),
            static_cast<std::uint64_t>(second.count())};
  }

  void look() {
    if (!is_active() || last_step_ == run_.step()) return;
    last_step_ = run_.step();
    const Survivors now = survivors();
    if (now == before_ && !every_step_) {
      ++skipped_;
      return;
    }
    before_ = now;
    std::vector<std::string> ways = {"kill"};
    const std::uint64_t second = 1 + random_.next() % kSecondWithin;
    if (looked_++ % kPairsEvery == 0) ways.push_back("kill+" + std::to_string(second));
    const std::optional<std::string> way = take(last_step_, ways);
    if (!way) return;
    run_.world().crash();
    run_.world().boot();
    const auto more = static_cast<std::uint64_t>(number_in(*way).count());
    if (more > 0) run_.world().crash_at(run_.world().context().steps() + more);
  }

  const bool every_step_;
  SeededRandom random_;
  std::uint64_t delivered_ = 0;
  std::uint64_t last_step_ = UINT64_MAX;
  std::uint64_t looked_ = 0;
  Survivors before_{};
};

}  // namespace

std::unique_ptr<Attack> attack_by_kills(ScenarioRun& run, Branches& branches, bool every_step) {
  return std::make_unique<Kills>(run, branches, every_step);
}

}  // namespace clickdeploy::simulation
