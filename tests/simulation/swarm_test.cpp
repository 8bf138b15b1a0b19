#include "tests/simulation/swarm.h"

#include "tests/simulation/swarm_user.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace clickdeploy::simulation {
namespace {

void expect_no_violation(std::uint64_t seed) {
  const SwarmResult result = run_swarm(seed);
  for (const Violation& violation : result.violations) {
    ADD_FAILURE() << "seed " << seed << " broke " << violation.invariant << ": " << violation.what;
  }
}

// What users are to ask for in this run.
std::vector<std::string> decisions_at_the_start(std::uint64_t seed) {
  Decisions decisions(seed);
  SimWorld world(seed);
  Story story(world, false);
  const SwarmUser user(world, story, decisions);
  return decisions.taken();
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

TEST(SwarmSeeds, OfTheTestsDrawEachKindOfFleet) {
  constexpr std::uint64_t kFewest = 3;
  for (const char* kind : {"machines", "httpsd", "locked-agents", "services", "volumes:1"}) {
    std::uint64_t drawn = 0;
    for (std::uint64_t seed = 1; seed <= 4 * kSeedsOfPart; ++seed) {
      const std::vector<std::string> decisions = decisions_at_the_start(seed);
      drawn += std::ranges::count(decisions, kind) > 0 ? 1 : 0;
    }
    EXPECT_GE(drawn, kFewest) << kind;
  }
}

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
