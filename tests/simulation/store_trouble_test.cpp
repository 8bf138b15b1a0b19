// A disk that is full, fails or is slow under the whole control plane.

#include "tests/simulation/sim_fleet.h"

#include <gtest/gtest.h>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

Json replicas(int count) {
  return Json::object({{"spec", Json::object({{"replicas", count}})}});
}

void expect_no_violations(const SimWorld& world) {
  for (const Violation& violation : world.report.violations()) {
    ADD_FAILURE() << violation.invariant << ": " << violation.what;
  }
}

// L7.
TEST(StoreTrouble, AFullDiskRefusesWritesAndServesReadsUntilThereIsSpace) {
  replay({1, 2, 3}, [](SimWorld& world) {
    make_fleet(world, 2);
    const store::Revision before = world.revision();
    world.storage.faults.capacity_bytes = world.storage.used_bytes();
    const Result<void> refused = world.try_patch(kServices, kWeb, replicas(3));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("disk of the database"), std::string::npos)
        << refused.error().message();
    EXPECT_NE(refused.error().message().find("is full"), std::string::npos);
    world.run_for(10min);
    EXPECT_EQ(world.crashes(), 0U);
    EXPECT_EQ(world.revision(), before) << "something was written";
    EXPECT_EQ(world.object(kServices, kWeb)["spec"]["replicas"], Json(2));
    EXPECT_EQ(world.prometheus.targets(), 2U);

    // A restart does not make it worse.
    world.crash();
    world.boot();
    world.run_for(5min);
    EXPECT_EQ(world.object(kServices, kWeb)["spec"]["replicas"], Json(2));
    EXPECT_EQ(world.prometheus.targets(), 2U);
    EXPECT_EQ(world.checker.count("DELETE", "/"), 0U);

    world.storage.faults = {};
    ASSERT_TRUE(world.run_until([&] { return world.revision() > before; }, 60s))
        << "the controllers still write nothing";
    ASSERT_TRUE(world.try_patch(kServices, kWeb, replicas(3)));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 3); }, 10min)) << describe(world);
    expect_no_violations(world);
  });
}

TEST(StoreTrouble, AReadOnlyDiskIsSurvivedLikewise) {
  replay({1}, [](SimWorld& world) {
    make_fleet(world, 1);
    world.storage.faults.read_only = true;
    EXPECT_FALSE(world.try_patch(kServices, kWeb, replicas(2)));
    world.run_for(3min);
    EXPECT_EQ(world.object(kServices, kWeb)["spec"]["replicas"], Json(1));
    world.storage.faults = {};
    world.run_for(60s);
    ASSERT_TRUE(world.try_patch(kServices, kWeb, replicas(2)));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 10min)) << describe(world);
    expect_no_violations(world);
  });
}

TEST(StoreTrouble, ADiskThatFailsNowAndThenOnlyDelays) {
  replay({1, 2, 3}, [](SimWorld& world) {
    world.storage.faults.write_fails = 0.02;
    world.storage.faults.sync_fails = 0.1;
    world.storage.faults.short_write = 0.3;
    apply_fleet(world, 2);
    EXPECT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 60min)) << describe(world);
    world.power_loss();
    world.boot();
    world.storage.faults = {};
    EXPECT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 15min)) << describe(world);
    expect_no_violations(world);
  });
}

TEST(StoreTrouble, ASlowDiskOnlyDelays) {
  replay({1, 2}, [](SimWorld& world) {
    world.storage.faults.delay = 3s;
    apply_fleet(world, 2);
    EXPECT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 60min)) << describe(world);
    EXPECT_EQ(world.checker.count("POST", "/compute/v2.1/servers"), 2U);
    expect_no_violations(world);
  });
}

TEST(StoreTrouble, ADatabaseThatSomebodyReadsIsOpenedOnceTheyAreDone) {
  replay({1}, [](SimWorld& world) {
    make_fleet(world, 1);
    world.crash();
    world.storage.faults.database_locked = true;
    // A backup tool that is done half a minute later.
    const SteadyTime done = world.context().now() + 30s;
    world.context().post_after(
        30s, SimContext::make_job([&world] { world.storage.faults.database_locked = false; }));
    world.boot();
    EXPECT_GE(world.context().now(), done);
    EXPECT_FALSE(world.boot_error());
    EXPECT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 5min)) << describe(world);
    expect_no_violations(world);
  });
}

}  // namespace
}  // namespace clickdeploy::simulation
