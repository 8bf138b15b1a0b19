#include "tests/simulation/sim_fleet.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

bool is_server_create(const http::Request& request) {
  return request.method == "POST" &&
         request.url == std::string(kCloudOrigin) + "/compute/v2.1/servers";
}

// The first five requests to create a server end so.
void fail_creates(SimWorld& world, NetworkFault::Kind kind) {
  auto left = std::make_shared<int>(5);
  world.network.faults = [left, kind](const http::Request& request) -> std::optional<NetworkFault> {
    if (!is_server_create(request) || *left == 0) return std::nullopt;
    --*left;
    return NetworkFault{.kind = kind};
  };
}

TEST(Simulation, ACreateThatTimesOutAfterItsEffectIsNotRepeated) {
  replay({1, 2, 3}, [](SimWorld& world) {
    fail_creates(world, NetworkFault::Kind::TimeOutAfter);
    apply_fleet(world, 5);
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 5); }, 15min)) << describe(world);
    EXPECT_EQ(world.checker.count("POST", "/compute/v2.1/servers"), 5U);
    EXPECT_EQ(world.checker.count("POST", "/network/v2.0/ports"), 5U);
  });
}

TEST(Simulation, ACreateThatNeverArrivedIsRepeatedAfterAWhile) {
  for (const auto kind : {NetworkFault::Kind::Hang, NetworkFault::Kind::Reset}) {
    replay({1, 2}, [kind](SimWorld& world) {
      fail_creates(world, kind);
      apply_fleet(world, 1);
      ASSERT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 60min))
          << describe(world);
      EXPECT_EQ(world.checker.count("POST", "/compute/v2.1/servers"), 1U);
      EXPECT_EQ(world.checker.count("POST", "/network/v2.0/ports"), 1U);
    });
  }
}

// How many steps it takes until the chain is proven when nothing goes wrong.
std::uint64_t steps_of_reference(std::uint64_t seed) {
  SimWorld world(seed);
  make_fleet(world, 3);
  return world.context().steps();
}

void crash_and_converge(std::uint64_t seed, std::uint64_t first, std::uint64_t second) {
  SCOPED_TRACE(
      fmt::format("seed {}, killed after {} steps, then after {} more", seed, first, second));
  SimWorld world(seed);
  world.crash_at(first);
  apply_fleet(world, 3);
  world.run_until([&] { return world.crashes() > 0; }, 2min);
  if (second > 0) {
    world.crash_at(world.context().steps() + second);
    world.run_until([&] { return world.crashes() > 1; }, 2min);
  }
  ASSERT_TRUE(world.run_until([&] { return is_converged(world, 3); }, 10min)) << describe(world);
  EXPECT_EQ(world.checker.count("DELETE", "/compute/v2.1/servers"), 0U);
  world.run_for(2min);
  EXPECT_TRUE(is_converged(world, 3)) << describe(world);
}

// Kills spread over all steps, in four parts that can run side by side.
constexpr std::uint64_t kParts = 4;
constexpr std::uint64_t kKillsOfPart = 10;

class SimulatedKill : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(SimulatedKill, AtAnyStepOfACreateLeavesExactlyTheServersAskedFor) {
  const std::uint64_t seed = 11 + GetParam();
  const std::uint64_t steps = steps_of_reference(seed);
  for (std::uint64_t i = 0; i < kKillsOfPart; ++i) {
    const std::uint64_t place = i * kParts + GetParam();
    const bool twice = i % 4 == 3;
    crash_and_converge(seed, 1 + place * steps / (kKillsOfPart * kParts), twice ? 40 * place : 0);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, SimulatedKill, ::testing::Range(std::uint64_t{0}, kParts));

TEST(Simulation, ARunWithAKillIsReplayed) {
  replay({5}, [](SimWorld& world) {
    world.crash_at(1200);
    make_fleet(world, 3);
    EXPECT_EQ(world.crashes(), 1U);
  });
}

}  // namespace
}  // namespace clickdeploy::simulation
