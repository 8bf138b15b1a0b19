// L2: what can never succeed delays others by no more than a tenth.

#include "controller/base/yaml.h"
#include "tests/simulation/checks/watched_world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

constexpr int kReplicas = 10;
constexpr std::uint64_t kSeeds = 16;

Json failing_service(const std::string& image) {
  Json service = parse_single_yaml(service_manifest(1, image)).value_or(Json());
  service.member("metadata").set("name", "bad");
  return service;
}

bool is_up(SimWorld& world) {
  return world.object(kServices, kWeb)["status"]["monitoredReplicas"].as_int() == kReplicas;
}

// How long it takes until ten Instances are proven, beside what `beside` made.
double seconds_until_up(std::uint64_t seed, const std::function<void(SimWorld&)>& beside) {
  WatchedWorld watched(seed);
  SimWorld& world = watched.world;
  world.apply(platform_manifests());
  beside(world);
  world.run_for(2min);  // it fails, and has begun to fail again
  const SteadyTime start = world.context().now();
  world.apply(service_manifest(kReplicas));
  EXPECT_TRUE(world.run_until([&] { return is_up(world); }, 30min)) << describe(world);
  return std::chrono::duration<double>(world.context().now() - start).count();
}

void expect_little_delay(const std::function<void(SimWorld&)>& beside) {
  // Polls of some seconds decide about one run.
  double alone = 0;
  double together = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    alone += seconds_until_up(seed, [](SimWorld&) {});
    together += seconds_until_up(seed, beside);
  }
  std::printf("alone %.1f s, beside what fails %.1f s\n", alone / kSeeds, together / kSeeds);
  EXPECT_LE(together, alone * 1.1);
}

TEST(SimulatedShare, OfAnInstanceWhoseImageDoesNotExist) {
  expect_little_delay(
      [](SimWorld& world) { apply_object(world, failing_service("no-such-image")); });
}

TEST(SimulatedShare, OfAnInstanceThatTheCloudNeverBuilds) {
  expect_little_delay([](SimWorld& world) {
    world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
      const bool bad = request.method == "POST" && request.url.ends_with("/servers") &&
                       request.body.contains("\"name\":\"bad-");
      if (!bad) return std::nullopt;
      return NetworkFault{.kind = NetworkFault::Kind::Status, .status = 500};
    };
    apply_object(world, failing_service("debian-12"));
  });
}

TEST(SimulatedShare, OfAnInstanceWhoseCreateIsNeverAnswered) {
  expect_little_delay([](SimWorld& world) {
    world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
      const bool bad = request.method == "POST" && request.url.ends_with("/servers") &&
                       request.body.contains("\"name\":\"bad-");
      if (!bad) return std::nullopt;
      return NetworkFault{.kind = NetworkFault::Kind::Hang};
    };
    apply_object(world, failing_service("debian-12"));
  });
}

}  // namespace
}  // namespace clickdeploy::simulation
