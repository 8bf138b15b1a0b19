#include "tests/simulation/sim_fleet.h"

#include <gtest/gtest.h>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

void set_agent(SimWorld& world, const std::string& server_id, AgentState state) {
  SimAgent* agent = world.guests.find_agent_of(server_id);
  ASSERT_NE(agent, nullptr);
  agent->state = state;
}

TEST(Simulation, ADeadExporterIsRepairedByASoftReboot) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 3);
    for (const AgentState state : {AgentState::Killed, AgentState::Hung}) {
      world.run_for(1min);  // long enough for the chain to be quiet
      const std::string sick = our_server_ids(world).front();
      const std::size_t before = world.checker.mutations().size();
      set_agent(world, sick, state);
      ASSERT_TRUE(world.run_until(
          [&] { return world.guests.find_agent_of(sick)->state == AgentState::Running; }, 5min))
          << describe(world);
      ASSERT_TRUE(world.run_until([&] { return is_converged(world, 3); }, 2min)) << describe(world);
      ASSERT_EQ(world.checker.mutations().size(), before + 1);
      const Mutation& repair = world.checker.mutations().back();
      EXPECT_EQ(repair.path, "/compute/v2.1/servers/" + sick + "/action");
      EXPECT_TRUE(repair.body.contains("SOFT")) << repair.body;
      EXPECT_TRUE(world.run_until(
          [&] {
            return instance_of(world, sick)["status"]["remediation"]["step"].as_string().empty();
          },
          2min));
    }
  });
}

TEST(Simulation, TheBrakeHoldsWhileTooManyAreUnhealthy) {
  replay({1}, [](SimWorld& world) {
    make_fleet(world, 3);
    const std::vector<std::string> ids = our_server_ids(world);
    const std::size_t before = world.checker.mutations().size();
    set_agent(world, ids[0], AgentState::Killed);
    set_agent(world, ids[1], AgentState::Killed);
    world.run_for(15min);
    EXPECT_EQ(world.checker.mutations().size(), before) << describe(world);
    const Json allowed = condition(world.object(kServices, kWeb), "RemediationAllowed");
    EXPECT_EQ(allowed["status"].as_string(), "False");
    EXPECT_EQ(allowed["reason"].as_string(), "Blocked");
    EXPECT_EQ(condition(instance_of(world, ids[0]), "Progressing")["reason"].as_string(),
              "Blocked");

    // One recovers by itself: the brake lifts, and the other one is repaired.
    set_agent(world, ids[1], AgentState::Running);
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 3); }, 5min)) << describe(world);
    EXPECT_EQ(world.checker.mutations().size(), before + 1);
    EXPECT_EQ(our_server_ids(world), ids);
  });
}

TEST(Simulation, WhilePrometheusIsDownNothingIsRepaired) {
  replay({1}, [](SimWorld& world) {
    make_fleet(world, 3);
    const std::string sick = our_server_ids(world).front();
    const std::size_t before = world.checker.mutations().size();
    world.prometheus.set_down(true);
    set_agent(world, sick, AgentState::Killed);
    world.run_for(15min);
    EXPECT_EQ(world.checker.mutations().size(), before) << describe(world);
    EXPECT_TRUE(is_condition(world.object(kBackends, kBackend), "Reachable", "Unknown"))
        << describe(world);
    EXPECT_TRUE(is_condition(world.object(kServices, kWeb), "TargetsScraped", "Unknown"))
        << describe(world);
    EXPECT_TRUE(is_condition(instance_of(world, sick), "TargetScraped", "Unknown"));

    // What it says when it is back counts, and the dead exporter is then seen and repaired.
    world.prometheus.set_down(false);
    ASSERT_TRUE(world.run_until(
        [&] { return world.guests.find_agent_of(sick)->state == AgentState::Running; }, 5min))
        << describe(world);
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 3); }, 2min)) << describe(world);
    EXPECT_EQ(world.checker.mutations().size(), before + 1);
  });
}

}  // namespace
}  // namespace clickdeploy::simulation
