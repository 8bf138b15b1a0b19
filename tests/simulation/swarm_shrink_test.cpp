#include "tests/simulation/swarm_shrink.h"

#include "tests/simulation/sim_world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace clickdeploy::simulation {
namespace {

bool has(const std::vector<std::string>& decisions, const std::string& name) {
  return std::ranges::count(decisions, name) > 0;
}

TEST(Decisions, LeavingOneOutChangesNoOther) {
  Decisions all(7);
  std::vector<std::string> drawn;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    all.take("crash", "", i, 0.3);
    all.take("reset", "GET-servers", i, 0.3);
  }
  ASSERT_GT(all.taken().size(), 20U);
  DecisionSet kept(all.taken().begin(), all.taken().end());
  const std::string gone = all.taken()[all.taken().size() / 2];
  kept.erase(gone);
  Decisions some(7, kept);
  for (std::uint64_t i = 1; i <= 100; ++i) {
    some.take("crash", "", i, 0.3);
    some.take("reset", "GET-servers", i, 0.3);
  }
  EXPECT_EQ(some.taken().size() + 1, all.taken().size());
  EXPECT_FALSE(has(some.taken(), gone));
}

TEST(Decisions, AListIsReadAsItIsWritten) {
  const std::vector<std::string> names = {"crash:7", "reset:POST-compute-servers:2", "list-lag"};
  EXPECT_EQ(parse_decisions(join_decisions(names)), DecisionSet(names.begin(), names.end()));
  EXPECT_EQ(parse_decisions("crash:7\nlist-lag\n"), (DecisionSet{"crash:7", "list-lag"}));
  EXPECT_EQ(class_of("reset:POST-compute-servers:2"), "reset");
}

// Breaks only with both of two decisions among a hundred.
TEST(Shrink, TwoThatAreNeededAreLeft) {
  SwarmResult failing;
  for (int i = 1; i <= 50; ++i) {
    failing.decisions.push_back("crash:" + std::to_string(i));
    failing.decisions.push_back("user:" + std::to_string(i));
  }
  failing.violations.push_back({SteadyTime{}, "S1", "two servers"});
  const RunWith run = [](const DecisionSet& only) {
    SwarmResult result;
    result.decisions.assign(only.begin(), only.end());
    if (only.contains("crash:17") && only.contains("user:40")) {
      result.violations.push_back({SteadyTime{}, "S1", "two servers"});
    } else if (only.contains("user:3")) {
      result.violations.push_back({SteadyTime{}, "L1", "another promise does not count"});
    }
    return result;
  };
  const Shrunk shrunk = shrink(failing, run, 200);
  EXPECT_EQ(shrunk.decisions, (std::vector<std::string>{"crash:17", "user:40"}));
  EXPECT_EQ(shrunk.invariant, "S1");
  EXPECT_LT(shrunk.runs, 60U);
}

// The same in the whole world, with a promise that needs two faults to break.
TEST(Shrink, AWorldIsLeftWithTheTwoFaultsThatItNeeds) {
  const std::uint64_t seed = 54;
  auto run = [&](std::optional<DecisionSet> only) {
    SwarmOptions options;
    options.only = std::move(only);
    options.also = [](SimWorld& world, const Decisions& decisions) {
      bool late = false;
      bool twice = false;
      for (const std::string& each : decisions.taken()) {
        late = late || class_of(each) == "late-answer";
        twice = twice || class_of(each) == "duplicate";
      }
      if (late && twice) world.report.add("made up", "one is late and one comes twice");
    };
    return run_swarm(seed, std::move(options));
  };
  const SwarmResult failing = run(std::nullopt);
  ASSERT_FALSE(failing.violations.empty());
  ASSERT_EQ(failing.violations.front().invariant, "made up");
  const Shrunk shrunk = shrink(failing, [&](const DecisionSet& only) { return run(only); }, 100);
  EXPECT_EQ(shrunk.decisions.size(), 2U) << join_decisions(shrunk.decisions);
  const SwarmResult again = run(DecisionSet(shrunk.decisions.begin(), shrunk.decisions.end()));
  EXPECT_EQ(again.violations.front().invariant, "made up");
}

}  // namespace
}  // namespace clickdeploy::simulation
