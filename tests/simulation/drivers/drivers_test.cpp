// The drivers' own parts, and what the drivers found: each once, in a few lines.

#include "tests/simulation/drivers/branches.h"
#include "tests/simulation/drivers/end_state.h"
#include "tests/simulation/drivers/reference_scenarios.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

std::vector<BranchEnd> branch_three_times(BranchOptions options) {
  std::vector<BranchEnd> ends;
  options.ended = [&ends](const BranchEnd& end) { ends.push_back(end); };
  Branches branches(std::move(options));
  for (std::uint64_t place = 1; place <= 3; ++place) {
    const auto way = branches.take(place, {"left", "right"});
    if (!way) continue;
    if (place == 2 && *way == "right") std::abort();
    branches.finish(*way + std::to_string(place));
  }
  branches.wait();
  std::ranges::sort(ends, {}, [](const BranchEnd& end) { return end.report; });
  return ends;
}

TEST(Branches, EachWayOfEachPlaceIsARunOfItsOwn) {
  const std::vector<BranchEnd> ends = branch_three_times({.jobs = 3});
  ASSERT_EQ(ends.size(), 6U);
  EXPECT_EQ(ends[0].place, 2U);
  EXPECT_EQ(ends[0].way, "right");
  EXPECT_TRUE(ends[0].death.starts_with("died")) << ends[0].death;
  const std::vector<std::string> want = {"left1", "left2", "left3", "right1", "right3"};
  for (std::size_t i = 0; i < want.size(); ++i) {
    EXPECT_EQ(ends[i + 1].report, want[i]);
    EXPECT_EQ(ends[i + 1].death, "");
  }
}

TEST(Branches, AStrideLeavesSomeOut) {
  EXPECT_EQ(branch_three_times({.stride = 3, .jobs = 1}).size(), 2U);
}

TEST(ReferenceScenarios, HaveNamesAndStories) {
  std::set<std::string> names;
  for (const Scenario& scenario : reference_scenarios()) {
    EXPECT_TRUE(names.insert(scenario.name).second) << scenario.name;
    EXPECT_FALSE(scenario.story.empty()) << scenario.name;
    EXPECT_EQ(find_scenario(scenario.name), &scenario);
  }
  EXPECT_GE(names.size(), 14U);
}

TEST(EndState, MoreThanInTheReferenceIsTold) {
  const Effects reference = {{"POST servers", 2}, {"DELETE servers", 1}};
  EXPECT_EQ(excess({{"POST servers", 2}}, reference), "");
  EXPECT_NE(excess({{"POST servers", 3}}, reference), "");
  EXPECT_NE(excess({{"POST ports", 1}}, reference), "");
  EXPECT_EQ(difference({"a", "b"}, {"a", "b"}), "");
  EXPECT_NE(difference({"a"}, {"a", "b"}), "");
}

// A kill right after the port was made: the next life finds it, and must write it down as well.
TEST(DriversFound, APortMadeRightBeforeAKillIsInTheRecord) {
  SimWorld world(1);
  bool killed = false;
  world.checker.after_mutation = [&](const Mutation& mutation) {
    if (killed || mutation.method != "POST" || mutation.path != "/network/v2.0/ports") return;
    killed = true;
    world.crash_at(world.context().steps() + 1);
  };
  make_fleet(world, 1);
  ASSERT_EQ(world.crashes(), 1U);
  world.run_for(15s);
  ASSERT_EQ(world.objects(kInstances).size(), 1U);
  const Json instance = world.objects(kInstances).front().get();
  const Json& resources = instance["status"]["resources"];
  ASSERT_EQ(resources.size(), 2U) << to_json(resources);
  for (const Json& resource : resources.as_array()) {
    EXPECT_EQ(resource["state"].as_string(), "ACTIVE") << to_json(resource);
  }
}

}  // namespace
}  // namespace clickdeploy::simulation
