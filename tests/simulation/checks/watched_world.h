// WatchedWorld: a simulated world whose invariants are watched: a breach fails the test.

#pragma once

#include "tests/simulation/invariants.h"

#include <gtest/gtest.h>

namespace clickdeploy::simulation {

struct WatchedWorld {
  explicit WatchedWorld(std::uint64_t seed) : world(seed), invariants(world) {
    world.always = [this] { invariants.look(); };
  }

  SimWorld world;
  Invariants invariants;
};

inline void apply_object(SimWorld& world, const Json& object) {
  const Result<void> applied = world.try_apply(object);
  ASSERT_TRUE(applied) << applied.error().message();
}

}  // namespace clickdeploy::simulation
