// S16, as far as there is something to check: one process owns the database, and with it the right
// to change the cloud. A second one on the same database does not come so far.

#include "tests/simulation/checks/watched_world.h"

#include <gtest/gtest.h>

namespace clickdeploy::simulation {
namespace {

Result<std::unique_ptr<store::ObjectStore>> open_again(SimWorld& world) {
  store::StoreOptions options;
  options.path = kDatabase;
  options.vfs = world.vfs.name();
  options.writer = world.context().executor();
  return store::ObjectStore::open(std::move(options), apiserver::ApiServer::read_facts);
}

TEST(SimulatedSecondProcess, IsRefusedTheDatabaseWhileTheFirstRuns) {
  WatchedWorld watched(1);
  SimWorld& world = watched.world;
  make_fleet(world, 2);
  const std::size_t mutations = world.checker.mutations().size();
  const auto second = open_again(world);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::Unavailable);
  EXPECT_TRUE(second.error().message().contains("in use by another process"))
      << second.error().message();
  world.run_for(std::chrono::minutes(2));
  EXPECT_EQ(world.checker.mutations().size(), mutations);
  EXPECT_TRUE(is_converged(world, 2)) << describe(world);
}

}  // namespace
}  // namespace clickdeploy::simulation
