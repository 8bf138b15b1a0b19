#include "tests/localcloud/cloud_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::localcloud {
namespace {

using std::chrono::seconds;

constexpr const char* kServers = "/compute/v2.1/servers";

Answered switch_on(CloudWorld& world, Json fault) {
  return world.call("POST", "/localcloud/v1/faults",
                    Json::object({{"fail_next", std::move(fault)}}));
}

TEST(Faults, NextMatchingRequestsFailWithoutEffect) {
  CloudWorld world;
  switch_on(
      world,
      Json::object({{"method", "POST"}, {"path_prefix", kServers}, {"status", 500}, {"count", 2}}));
  for (int i = 0; i < 2; ++i) {
    const Answered failed = world.call("POST", kServers, world.server_body("web"));
    EXPECT_EQ(failed.status, 500);
    EXPECT_EQ(failed.body["computeFault"]["code"].as_int(), 500);
  }
  EXPECT_EQ(world.get(kServers).body["servers"].size(), 0u);
  EXPECT_EQ(world.call("POST", kServers, world.server_body("web")).status, 202);
}

TEST(Faults, AnswerCanBeLostAfterTheEffect) {
  CloudWorld world;
  switch_on(
      world,
      Json::object(
          {{"method", "POST"}, {"path_prefix", kServers}, {"status", 0}, {"after_effect", true}}));
  EXPECT_TRUE(world.call("POST", kServers, world.server_body("web")).broken);
  EXPECT_EQ(world.get(kServers).body["servers"].size(), 1u);
}

TEST(Faults, SkipLetsSomePassAndRetryAfterIsSaid) {
  CloudWorld world;
  switch_on(
      world,
      Json::object({{"path_prefix", kServers}, {"status", 429}, {"skip", 1}, {"retry_after", 7}}));
  EXPECT_EQ(world.get(kServers).status, 200);
  const Answered limited = world.get(kServers);
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(limited.header("Retry-After"), "7");
  EXPECT_EQ(world.get(kServers).status, 200);
}

TEST(Faults, BuildsCanBeSlowOrHang) {
  CloudWorld world;
  world.call("POST", "/localcloud/v1/faults", Json::object({{"spawn_delay_ms", 5000}}));
  const std::string slow = world.create("slow");
  world.pass(seconds(4));
  EXPECT_EQ(world.server(slow)["status"].as_string(), "BUILD");
  world.pass(seconds(4));
  EXPECT_EQ(world.server(slow)["status"].as_string(), "ACTIVE");
  world.call("POST", "/localcloud/v1/faults",
             Json::object({{"build_hangs", true}, {"spawn_delay_ms", 0}}));
  const std::string hanging = world.create("hanging");
  world.pass(seconds(60));
  EXPECT_EQ(world.server(hanging)["OS-EXT-STS:task_state"].as_string(), "spawning");
  EXPECT_EQ(world.call("DELETE", "/localcloud/v1/faults").status, 204);
  world.pass(seconds(1));
  EXPECT_EQ(world.server(hanging)["status"].as_string(), "ACTIVE");
}

TEST(Faults, NoValidHostForTheNextBuilds) {
  CloudWorld world;
  world.call("POST", "/localcloud/v1/faults", Json::object({{"no_valid_host", 1}}));
  const std::string first = world.create("first");
  world.pass(seconds(3));
  const std::string second = world.create("second");
  world.pass(seconds(3));
  EXPECT_EQ(world.server(first)["status"].as_string(), "ERROR");
  EXPECT_EQ(world.server(second)["status"].as_string(), "ACTIVE");
}

TEST(Faults, CreatesThatRaceForTheQuotaEndInError) {
  CloudWorld world;
  world.call("POST", "/localcloud/v1/faults", Json::object({{"quota_races", 1}}));
  const std::string id = world.create("web");
  world.pass(seconds(3));
  const Json server = world.server(id);
  EXPECT_EQ(server["status"].as_string(), "ERROR");
  EXPECT_EQ(server["fault"]["code"].as_int(), 413);
  EXPECT_EQ(server["fault"]["message"].as_string().find("Quota exceeded for instances: "), 0u);
  EXPECT_TRUE(server["addresses"].empty());
}

TEST(Faults, UnknownSwitchesAreRefusedAndChangeNothing) {
  CloudWorld world;
  EXPECT_EQ(switch_on(world, Json::object({{"verb", "GET"}})).status, 400);
  EXPECT_EQ(world.call("POST", "/localcloud/v1/faults", Json::object({{"nonsense", 1}})).status,
            400);
  EXPECT_EQ(world.get(kServers).status, 200);
}

TEST(Calls, EveryCallIsRememberedWithItsStatus) {
  CloudWorld world;
  world.create("web");
  const Answered absent = world.get(std::string(kServers) + "/absent");
  switch_on(world, Json::object({{"path_prefix", kServers}, {"status", 503}}));
  const Answered failed = world.get(kServers);
  const Json calls = world.get("/localcloud/v1/calls?path_prefix=/compute").body["calls"];
  ASSERT_EQ(calls.size(), 3u) << to_json(calls);
  EXPECT_EQ(calls[0]["method"].as_string(), "POST");
  EXPECT_EQ(calls[0]["status"].as_int(), 202);
  EXPECT_EQ(calls[1]["status"].as_int(), 404);
  EXPECT_EQ(calls[1]["bytes"].as_int(), static_cast<int>(to_json(absent.body).size()));
  EXPECT_EQ(calls[2]["status"].as_int(), 503);
  EXPECT_TRUE(calls[2]["faulted"].as_bool());
  EXPECT_EQ(calls[2]["request_id"].as_string(), failed.header("X-Openstack-Request-Id"));
}

TEST(Calls, TokensCanAllBeExpired) {
  CloudWorld world;
  EXPECT_EQ(world.call("DELETE", "/localcloud/v1/tokens").status, 204);
  EXPECT_EQ(world.get(kServers).status, 401);
}

}  // namespace
}  // namespace clickdeploy::localcloud
