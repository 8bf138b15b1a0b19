#include "tests/simulation/swarm.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace clickdeploy::simulation {
namespace {

void expect_no_violation(std::uint64_t seed) {
  const SwarmResult result = run_swarm(seed);
  for (const Violation& violation : result.violations) {
    ADD_FAILURE() << "seed " << seed << " broke " << violation.invariant << ": " << violation.what;
  }
}

// In parts that can run side by side.
constexpr std::uint64_t kSeedsOfPart = 15;

class Swarm : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Swarm, KeepsEveryPromise) {
  for (std::uint64_t i = 0; i < kSeedsOfPart; ++i) {
    expect_no_violation(GetParam() * kSeedsOfPart + i + 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, Swarm, ::testing::Range(std::uint64_t{0}, std::uint64_t{4}));

// Prometheus found a target after its last observation, and the Service went before the next one.
TEST(SwarmFound, AServiceDoesNotGoOnAnObservationFromBeforeItsTargetsWent) {
  expect_no_violation(1457);
}

TEST(SwarmReplay, TheSameSeedIsTheSameRun) {
  const SwarmResult first = run_swarm(42);
  const SwarmResult second = run_swarm(42);
  EXPECT_EQ(first.hash, second.hash);
  EXPECT_EQ(first.steps, second.steps);
}

}  // namespace
}  // namespace clickdeploy::simulation
