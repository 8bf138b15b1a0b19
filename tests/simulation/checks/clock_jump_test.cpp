// S23: a wall clock that jumps changes no decision: with jumps and without, the same is done to the
// cloud at the same time.

#include "tests/simulation/checks/watched_world.h"

#include <gtest/gtest.h>

#include <tuple>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

// What was done, and in which second.
using Deeds = std::vector<std::tuple<std::string, std::string, std::int64_t>>;

// Times in records are whole seconds, and a look comes every other second.
constexpr std::int64_t kSkewMax = 4;

struct Jump {
  std::chrono::seconds after;
  std::chrono::nanoseconds by;
};

Deeds run(const std::function<void(SimWorld&)>& trouble, const std::vector<Jump>& jumps) {
  WatchedWorld watched(1);
  SimWorld& world = watched.world;
  make_fleet(world, 3);
  trouble(world);
  const SteadyTime start = world.context().now();
  for (const Jump& jump : jumps) {
    world.run_for(start + jump.after - world.context().now());
    world.shift_wall(jump.by);
  }
  world.run_for(start + 15min - world.context().now());
  Deeds deeds;
  for (const Mutation& mutation : world.checker.mutations()) {
    if (mutation.at < start) continue;
    const std::string kind = mutation.path.contains("/ports") ? "port" : "server";
    const std::string what = mutation.body.contains("reboot") ? mutation.body : "";
    deeds.emplace_back(mutation.method + " " + kind, what, (mutation.at - start) / 1s);
  }
  return deeds;
}

void expect_same(const std::function<void(SimWorld&)>& trouble) {
  const Deeds wanted = run(trouble, {});
  ASSERT_FALSE(wanted.empty());
  for (const auto after : {1s, 5s, 30s, 70s, 200s}) {
    for (const std::chrono::nanoseconds by : {1h, -1h}) {
      SCOPED_TRACE("a jump of " + std::to_string(by / 1s) + " s after " +
                   std::to_string(after / 1s) + " s");
      const Deeds deeds = run(trouble, {{after, by}});
      ASSERT_EQ(deeds.size(), wanted.size());
      for (std::size_t i = 0; i < deeds.size(); ++i) {
        EXPECT_EQ(std::get<0>(deeds[i]), std::get<0>(wanted[i])) << "deed " << i;
        EXPECT_EQ(std::get<1>(deeds[i]), std::get<1>(wanted[i])) << "deed " << i;
        EXPECT_NEAR(static_cast<double>(std::get<2>(deeds[i])),
                    static_cast<double>(std::get<2>(wanted[i])), kSkewMax)
            << "deed " << i;
      }
    }
  }
}

TEST(SimulatedClock, JumpsDoNotHurryOrHoldUpARepair) {
  expect_same([](SimWorld& world) {
    world.guests.find_agent_of(our_server_ids(world).front())->state = AgentState::Hung;
  });
}

TEST(SimulatedClock, JumpsDoNotHurryOrHoldUpABuild) {
  expect_same([](SimWorld& world) {
    world.cloud.faults().build_hangs = true;
    world.patch(kServices, kWeb, Json::object({{"spec", Json::object({{"replicas", 4}})}}));
  });
}

TEST(SimulatedClock, JumpsDoNotHurryOrHoldUpTheNextTry) {
  expect_same([](SimWorld& world) {
    world.cloud.faults().no_valid_host = 1000;
    world.patch(kServices, kWeb, Json::object({{"spec", Json::object({{"replicas", 4}})}}));
  });
}

TEST(SimulatedClock, JumpsDoNotChangeWhatIsDoneAboutALostAnswer) {
  expect_same([](SimWorld& world) {
    auto left = std::make_shared<int>(1);
    world.network.faults = [left](const http::Request& request) -> std::optional<NetworkFault> {
      if (request.method != "POST" || !request.url.ends_with("/servers")) return std::nullopt;
      if (--*left < 0) return std::nullopt;
      return NetworkFault{.kind = NetworkFault::Kind::Hang};
    };
    world.patch(kServices, kWeb, Json::object({{"spec", Json::object({{"replicas", 4}})}}));
  });
}

}  // namespace
}  // namespace clickdeploy::simulation
