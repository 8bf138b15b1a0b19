#include "tests/simulation/sim_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace clickdeploy::simulation {

namespace {

void print_speed(SimWorld& world, std::uint64_t seed, std::chrono::nanoseconds took) {
  const double seconds = std::chrono::duration<double>(took).count();
  const double simulated = std::chrono::duration<double>(world.context().now()).count();
  fmt::print(
      "seed {}: {} steps, {:.0f} virtual seconds in {:.2f} s: {:.0f} steps/s, {:.0f} x real\n",
      seed, world.context().steps(), simulated, seconds,
      static_cast<double>(world.context().steps()) / seconds, simulated / seconds);
}

}  // namespace

void replay(const std::vector<std::uint64_t>& seeds,
            const std::function<void(SimWorld&)>& scenario) {
  for (const std::uint64_t seed : seeds) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::vector<std::uint64_t> hashes;
    for (int run = 0; run < 2; ++run) {
      const SystemClock real;
      const SteadyTime began = real.steady_now();
      SimWorld world(seed);
      scenario(world);
      hashes.push_back(world.context().hash());
      if (run == 0) print_speed(world, seed, real.steady_now() - began);
    }
    EXPECT_EQ(hashes[0], hashes[1]) << "two runs of one seed differ";
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace clickdeploy::simulation
