#include "tests/localcloud/cloud_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::localcloud {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A day in the life of the cloud, as the bytes of all its answers.
std::string trace(std::uint64_t seed) {
  CloudWorld world({}, seed);
  std::string text;
  for (int i = 0; i < 4; ++i) {
    text += world.create("web-" + std::to_string(i));
    world.pass(milliseconds(700));
    text += world.get("/compute/v2.1/servers/detail").text;
  }
  const std::string first = world.get("/compute/v2.1/servers").body["servers"][3]["id"].as_string();
  world.call("DELETE", "/compute/v2.1/servers/" + first);
  world.pass(seconds(3));
  text += world.get("/compute/v2.1/servers/detail").text;
  text += world.get("/network/v2.0/ports").text;
  return text;
}

TEST(State, SameSeedGivesTheSameAnswers) {
  EXPECT_EQ(trace(7), trace(7));
  EXPECT_NE(trace(7), trace(8));
}

TEST(State, RestoredCloudIsTheSame) {
  CloudWorld world;
  world.create_active("web");
  world.call("POST", "/compute/v2.1/servers", world.server_body("building"));
  const Json stored = encode_state(world.cloud.state());

  CloudWorld other({}, 2);
  ASSERT_TRUE(other.cloud.restore(stored).has_value());
  EXPECT_EQ(to_json(encode_state(other.cloud.state())["ports"]), to_json(stored["ports"]));
  EXPECT_EQ(other.get("/compute/v2.1/servers").status, 401) << "tokens do not survive";
  other.token = other.log_in("controller", "demo");
  EXPECT_EQ(other.get("/compute/v2.1/servers").body["servers"].size(), 2u);
  EXPECT_THAT(other.guests.events, ::testing::ElementsAre("start web Again"));
  other.pass(seconds(3));
  EXPECT_EQ(other.get("/compute/v2.1/servers?status=ACTIVE").body["servers"].size(), 2u);
}

TEST(State, DecodesWhatItEncodes) {
  CloudWorld world;
  world.create_active("web");
  world.cloud.faults().no_valid_host = 1;
  world.create("broken");
  world.pass(seconds(3));
  const Json stored = encode_state(world.cloud.state());
  const Result<State> decoded = decode_state(stored);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(to_json(encode_state(*decoded)), to_json(stored));
}

TEST(State, StrangeStateIsRefused) {
  CloudWorld world;
  EXPECT_FALSE(world.cloud.restore(Json::object()).has_value());
  EXPECT_FALSE(world.cloud.restore(Json::object({{"version", 1}})).has_value());
  EXPECT_EQ(world.get("/compute/v2.1/servers").status, 200);
}

TEST(State, OldRowsOfDeletedServersAreForgotten) {
  CloudOptions options;
  options.deleted_servers_max = 3;
  CloudWorld world(options);
  for (int i = 0; i < 5; ++i) {
    const std::string id = world.create_active("web");
    world.call("DELETE", "/compute/v2.1/servers/" + id);
    world.pass(seconds(1));
  }
  EXPECT_EQ(world.cloud.state().servers.size(), 3u);
}

TEST(State, RevisionMovesOnlyWithChanges) {
  CloudWorld world;
  const std::uint64_t before = world.cloud.revision();
  world.get("/compute/v2.1/servers/detail");
  world.get("/network/v2.0/ports");
  EXPECT_EQ(world.cloud.revision(), before);
  world.create("web");
  EXPECT_GT(world.cloud.revision(), before);
}

}  // namespace
}  // namespace clickdeploy::localcloud
