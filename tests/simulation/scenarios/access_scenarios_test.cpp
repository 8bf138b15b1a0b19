// Hard scenarios about who we are to the cloud.

#include "tests/simulation/checks/watched_world.h"
#include "tests/simulation/scenarios/scenario_world.h"

#include <gtest/gtest.h>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;
using Kind = NetworkFault::Kind;

const api::ObjectKey kSecret{"platform", "sim"};

bool is_log_in_request(const http::Request& request) {
  return is_call(request, "POST", "/identity/v3/auth/tokens");
}

TEST(Scenario, TokensThatExpireInABurstCostOneLogIn) {
  WatchedWorld watched(1);
  SimWorld& world = watched.world;
  make_fleet(world, 8);
  std::size_t log_ins = 0;
  world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
    if (is_log_in_request(request)) ++log_ins;
    return std::nullopt;
  };
  world.cloud.expire_all_tokens();
  world.patch(kServices, kWeb, with_spec(Json::object({{"replicas", 12}})));
  ASSERT_TRUE(world.run_until([&] { return is_converged(world, 12); }, 10min)) << describe(world);
  EXPECT_EQ(log_ins, 1U);
}

// A service that refuses every token although Keystone gives good ones.
TEST(Scenario, AServiceThatRefusesEveryTokenIsNotStormed) {
  WatchedWorld watched(1);
  SimWorld& world = watched.world;
  make_fleet(world, 3);
  std::size_t log_ins = 0;
  const SteadyTime end = world.context().now() + 10min;
  world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
    if (world.context().now() > end) return std::nullopt;
    if (is_log_in_request(request)) ++log_ins;
    if (!request.url.contains("/compute/")) return std::nullopt;
    return NetworkFault{.kind = Kind::Status,
                        .status = 401,
                        .body = R"({"error": {"code": 401, "message": "no"}})"};
  };
  const std::size_t before = world.checker.mutations().size();
  world.run_for(10min);
  EXPECT_GE(log_ins, 1U);
  EXPECT_LE(log_ins, 70U) << "about one for each sweep";
  EXPECT_FALSE(is_condition(world.object(kClouds, kCloud), "Ready", "True"));
  ASSERT_TRUE(world.run_until([&] { return is_converged(world, 3); }, 5min)) << describe(world);
  EXPECT_EQ(world.checker.mutations().size(), before);
}

TEST(Scenario, WhileKeystoneIsDownNothingIsChangedAndThenAllGoesOn) {
  WatchedWorld watched(1);
  SimWorld& world = watched.world;
  make_fleet(world, 3);
  world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
    if (!request.url.contains("/identity/")) return std::nullopt;
    return NetworkFault{.kind = Kind::Refuse};
  };
  world.cloud.expire_all_tokens();
  world.patch(kServices, kWeb, with_spec(Json::object({{"replicas", 4}})));
  const std::size_t before = world.checker.mutations().size();
  world.run_for(15min);
  EXPECT_EQ(world.checker.mutations().size(), before);
  EXPECT_EQ(world.prometheus.targets(), 3U);
  world.network.faults = nullptr;
  ASSERT_TRUE(world.run_until([&] { return is_converged(world, 4); }, 5min)) << describe(world);
  EXPECT_EQ(world.checker.mutations().size(), before + 2);
}

bool is_bare(const SimWorld& world) {
  return is_all_gone(world) && world.objects(kClouds).empty();
}

// Somebody deletes the Secret first, by mistake: it stays until nothing uses it.
TEST(Scenario, ASecretGoesAfterWhatUsesIt) {
  replay({1}, [](SimWorld& world) {
    make_fleet(world, 2);
    const Result<void> refused = world.try_remove("secrets", kSecret);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message().contains("cloud/sim")) << refused.error().message();
    world.remove(kServices, kWeb);
    world.remove(kClouds, kCloud);
    ASSERT_TRUE(world.run_until([&] { return is_bare(world); }, 10min)) << describe(world);
    world.remove("secrets", kSecret);
  });
}

// The cloud no longer knows the user: what is there waits, says for what, and goes once the Secret
// is right again.
TEST(Scenario, WithoutCredentialsADeletionWaitsAndSaysForWhat) {
  replay({1}, [](SimWorld& world) {
    make_fleet(world, 2);
    world.apply(secret_manifest("nobody", "demo"));
    world.crash();
    world.boot();
    world.run_for(10s);
    world.remove(kServices, kWeb);
    world.remove(kClouds, kCloud);
    world.run_for(5min);
    ASSERT_FALSE(world.object(kServices, kWeb).is_null());
    EXPECT_EQ(world.checker.our_servers().size(), 2U);
    for (const Json& instance : world.objects(kInstances)) {
      const Json& progressing = condition(instance, "Progressing");
      EXPECT_TRUE(progressing["message"].as_string().contains("clickdeploy.io/cloud"))
          << to_json(progressing);
    }
    world.apply(secret_manifest("controller", "demo"));
    ASSERT_TRUE(world.run_until([&] { return is_bare(world); }, 10min)) << describe(world);
  });
}

TEST(Scenario, ANamespaceThatGoesTakesItsServersAlong) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 3);
    world.remove("namespaces", {"", "shop"});
    ASSERT_TRUE(world.run_until(
        [&] { return is_all_gone(world) && world.object("namespaces", {"", "shop"}).is_null(); },
        10min))
        << describe(world);
  });
}

}  // namespace
}  // namespace clickdeploy::simulation
