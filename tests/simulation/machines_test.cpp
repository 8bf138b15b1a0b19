// Machines that exist already: whatever dies and gets lost, each belongs to one Instance at most,
// and in the end there are as many as were asked for.

#include "controller/reconcilers/instance/marks.h"
#include "tests/simulation/sim_fleet.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

std::string address_of(int number) {
  return fmt::format("192.0.2.{}", number);
}

void make_machines(SimWorld& world, int count) {
  std::string yaml = kLabManifest;
  for (int number = 1; number <= count; ++number) {
    world.machines.machines[address_of(number)];
    yaml += fmt::format("  - {{name: m{}, address: {}}}\n", number, address_of(number));
  }
  world.apply(yaml);
}

void make_service(SimWorld& world, const std::string& name, int replicas) {
  world.apply(fmt::format(R"(
apiVersion: clickdeploy.io/v1alpha1
kind: Service
metadata: {{name: {}, namespace: lab}}
spec:
  cloudRef: {{name: lab}}
  replicas: {}
  rollout: {{minReadySeconds: 0}}
  template: {{spec: {{}}}}
)",
                          name, replicas));
}

std::string claim_in(const std::string& mark) {
  const std::string key = std::string(reconcilers::kClaimMetadata) + "=";
  const std::size_t at = mark.find(key);
  return at == std::string::npos ? "" : mark.substr(at + key.size(), 32);
}

// No two machines of one claim, and no two Instances that have one machine.
void check_ownership(SimWorld& world) {
  std::set<std::string> claims;
  for (const auto& [address, machine] : world.machines.machines) {
    if (machine.mark.empty()) continue;
    EXPECT_TRUE(claims.insert(claim_in(machine.mark)).second) << "two machines of one claim";
  }
  std::set<std::string> hosts;
  for (const Json& instance : world.objects(kInstances)) {
    const std::string& id = instance["status"]["server"]["id"].as_string();
    // One that goes may have given its machine back.
    if (id.empty() || instance["metadata"].contains("deletionTimestamp")) continue;
    EXPECT_TRUE(hosts.insert(id.substr(0, id.rfind('/'))).second) << "two Instances on " << id;
  }
}

std::size_t count_marks(const SimWorld& world) {
  std::size_t count = 0;
  for (const auto& [address, machine] : world.machines.machines) {
    count += machine.mark.empty() ? 0 : 1;
  }
  return count;
}

bool is_settled(const SimWorld& world, const std::string& service, int replicas) {
  const Json& object = world.object(kServices, {"lab", service});
  return is_condition(object, "Ready", "True") &&
         object["status"]["replicas"].as_int() == replicas &&
         count_marks(world) == static_cast<std::size_t>(replicas);
}

std::string story(const SimWorld& world) {
  std::string text;
  for (const Json& each : world.objects(kInstances)) text += to_json(each["status"]) + "\n";
  text += to_json(world.object(kServices, {"lab", "web"})["status"]) + "\n";
  text += to_json(world.object(kClouds, {"lab", "lab"})["status"]);
  return text;
}

std::uint64_t steps_of_reference(std::uint64_t seed) {
  SimWorld world(seed);
  make_machines(world, 4);
  make_service(world, "web", 3);
  EXPECT_TRUE(world.run_until([&] { return is_settled(world, "web", 3); }, 10min)) << story(world);
  return world.context().steps();
}

TEST(SimulatedMachines, AKillAtAnyStepLeavesExactlyTheMachinesAskedFor) {
  constexpr std::uint64_t kKills = 24;
  const std::uint64_t seed = 71;
  const std::uint64_t steps = steps_of_reference(seed);
  for (std::uint64_t i = 0; i < kKills; ++i) {
    SCOPED_TRACE(fmt::format("kill {} of {}", i, kKills));
    SimWorld world(seed);
    world.always = [&world] { check_ownership(world); };
    world.crash_at(1 + i * steps / kKills);
    make_machines(world, 4);
    make_service(world, "web", 3);
    ASSERT_TRUE(world.run_until([&] { return is_settled(world, "web", 3); }, 15min))
        << story(world);
    EXPECT_EQ(world.crashes(), 1U);
    world.remove(kServices, {"lab", "web"});
    ASSERT_TRUE(world.run_until([&] { return count_marks(world) == 0; }, 15min)) << story(world);
    world.always = nullptr;
    if (HasFailure()) return;
  }
}

TEST(SimulatedMachines, LostAnswersTakeNoSecondMachine) {
  replay({1, 2, 3}, [](SimWorld& world) {
    world.shell_faults = {.lost_before = 0.1, .lost_after = 0.2};
    world.always = [&world] { check_ownership(world); };
    make_machines(world, 6);
    make_service(world, "web", 4);
    ASSERT_TRUE(world.run_until([&] { return count_marks(world) == 4; }, 60min)) << story(world);
    world.run_for(10min);
    EXPECT_EQ(count_marks(world), 4U) << story(world);
    world.shell_faults = {};
    ASSERT_TRUE(world.run_until([&] { return is_settled(world, "web", 4); }, 60min))
        << story(world);
    world.always = nullptr;
  });
}

TEST(SimulatedMachines, OfTwoServicesThatWantTheLastOneGetsIt) {
  replay({4, 5}, [](SimWorld& world) {
    world.always = [&world] { check_ownership(world); };
    make_machines(world, 1);
    make_service(world, "web", 1);
    make_service(world, "other", 1);
    ASSERT_TRUE(world.run_until([&] { return count_marks(world) == 1; }, 10min)) << story(world);
    world.run_for(10min);
    const bool web = is_condition(world.object(kServices, {"lab", "web"}), "Ready", "True");
    const bool other = is_condition(world.object(kServices, {"lab", "other"}), "Ready", "True");
    EXPECT_NE(web, other);
    world.remove(kServices, {"lab", web ? "web" : "other"});
    const api::ObjectKey left{"lab", web ? "other" : "web"};
    EXPECT_TRUE(world.run_until(
        [&] { return is_condition(world.object(kServices, left), "Ready", "True"); }, 15min));
    world.always = nullptr;
  });
}

TEST(SimulatedMachines, ACloudGoesAfterItsLastInstance) {
  replay({1, 2}, [](SimWorld& world) {
    make_machines(world, 2);
    make_service(world, "web", 2);
    ASSERT_TRUE(world.run_until([&] { return is_settled(world, "web", 2); }, 15min))
        << story(world);
    const api::ObjectKey lab{"lab", "lab"};
    world.remove(kClouds, lab);
    world.run_for(5min);
    EXPECT_TRUE(is_settled(world, "web", 2)) << story(world);
    EXPECT_EQ(
        condition(world.object(kClouds, lab), "Progressing")["message"].as_string(),
        "finalizer clickdeploy.io/cloud waits until 2 Instances of lab/web are gone: delete the "
        "Services that still use the Cloud");
    world.remove(kServices, {"lab", "web"});
    ASSERT_TRUE(world.run_until([&] { return world.object(kClouds, lab).is_null(); }, 15min))
        << story(world);
    EXPECT_EQ(count_marks(world), 0U);
  });
}

TEST(SimulatedMachines, AMachineThatIsOutOfReachKeepsItsInstance) {
  replay({6}, [](SimWorld& world) {
    make_machines(world, 4);
    make_service(world, "web", 3);
    ASSERT_TRUE(world.run_until([&] { return is_settled(world, "web", 3); }, 10min))
        << story(world);
    world.machines.machines[address_of(1)].reachable = false;
    const std::string mark = world.machines.machines[address_of(1)].mark;
    world.run_for(30min);
    EXPECT_EQ(count_marks(world), 3U) << story(world);
    EXPECT_EQ(world.machines.machines[address_of(1)].mark, mark);
    // More than may be out of reach at once: nothing is done at all.
    world.machines.machines[address_of(2)].reachable = false;
    EXPECT_TRUE(world.run_until(
        [&] { return is_condition(world.object(kClouds, {"lab", "lab"}), "Ready", "False"); },
        10min));
    world.machines.machines[address_of(1)].reachable = true;
    world.machines.machines[address_of(2)].reachable = true;
    EXPECT_TRUE(world.run_until([&] { return is_settled(world, "web", 3); }, 10min))
        << story(world);
  });
}

}  // namespace
}  // namespace clickdeploy::simulation
