#include "tests/simulation/sim_fleet.h"
#include "tests/simulation/sim_survival.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

bool is_gone(const SimWorld& world) {
  return world.object(kServices, kWeb).is_null() && world.objects(kInstances).empty() &&
         world.checker.our_servers().empty() && world.checker.our_ports().empty() &&
         world.prometheus.targets() == 0;
}

// A Service is made with one server, gets a second one, and is deleted.
void tell_a_life(SimWorld& world) {
  apply_fleet(world, 1);
  ASSERT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 15min)) << describe(world);
  world.patch(kServices, kWeb, Json::object({{"spec", Json::object({{"replicas", 2}})}}));
  ASSERT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 15min)) << describe(world);
  world.remove(kServices, kWeb);
  ASSERT_TRUE(world.run_until([&] { return is_gone(world); }, 15min)) << describe(world);
}

std::string violations(const SimWorld& world) {
  std::string text;
  for (const Violation& violation : world.report.violations()) {
    text += violation.invariant + ": " + violation.what + "\n";
  }
  return text;
}

// From the end of the first start.
std::uint64_t operations_of_a_life() {
  SimWorld world(1);
  const std::uint64_t before = world.storage.changes();
  tell_a_life(world);
  return world.storage.changes() - before;
}

void check_files(SimWorld& world) {
  check_published(world.storage, kTargetsFolder, world.report);
  check_published(world.storage, kRulesFolder, world.report);
}

// The power goes at every so-many-th operation of a life, in four parts for as many cores.
class PowerLoss : public ::testing::TestWithParam<int> {};

TEST_P(PowerLoss, AtAnyOperationLosesNothingAcknowledged) {
  constexpr std::uint64_t kCuts = 96;
  const std::uint64_t operations = operations_of_a_life();
  ASSERT_GT(operations, kCuts);
  for (std::uint64_t cut = static_cast<std::uint64_t>(GetParam()); cut < kCuts; cut += 4) {
    const std::uint64_t at = 1 + cut * operations / kCuts;
    SCOPED_TRACE(fmt::format("power cut at operation {}", at));
    SimWorld world(1 + cut);
    world.storage.faults.cut_power_at = world.storage.changes() + at;
    // Of every other, a second time soon: while it recovers, or just afterwards.
    const std::uint64_t again = cut % 2 == 0 ? 0 : 1 + world.storage.below(60);
    world.storage.after_change = [&world, again] {
      check_files(world);
      DiskFaults& faults = world.storage.faults;
      if (again == 0 || world.power_losses() != 1 || faults.cut_power_at > world.storage.changes())
        return;
      faults.cut_power_at = world.storage.changes() + again;
    };
    tell_a_life(world);
    // Another seed's life may be a little shorter.
    if (cut < kCuts * 9 / 10) EXPECT_GE(world.power_losses(), again == 0 ? 1U : 2U);
    EXPECT_EQ(violations(world), "");
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, PowerLoss, ::testing::Range(0, 4));

}  // namespace
}  // namespace clickdeploy::simulation
