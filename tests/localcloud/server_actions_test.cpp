#include "controller/base/text.h"
#include "tests/localcloud/cloud_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::localcloud {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ServerActions : public ::testing::Test {
 protected:
  void SetUp() override {
    id = world.create_active("web");
    world.guests.events.clear();
  }

  Answered act(const char* name, Json arguments = {}) {
    return world.call("POST", "/compute/v2.1/servers/" + id + "/action",
                      Json::object({{name, std::move(arguments)}}));
  }

  std::string status() { return world.server(id)["status"].as_string(); }

  CloudWorld world;
  std::string id;
};

TEST_F(ServerActions, RebootsStopTheGuestThenStartItAgain) {
  for (const char* type : {"SOFT", "HARD"}) {
    world.guests.events.clear();
    EXPECT_EQ(act("reboot", Json::object({{"type", type}})).status, 202);
    EXPECT_EQ(status(), std::string(type) == "SOFT" ? "REBOOT" : "HARD_REBOOT");
    world.pass(seconds(1));
    EXPECT_EQ(status(), "ACTIVE");
    EXPECT_THAT(world.guests.events, ElementsAre("stop " + id, "start web Again"));
  }
}

TEST_F(ServerActions, StopAndStart) {
  EXPECT_EQ(act("os-stop").status, 202);
  world.pass(seconds(1));
  EXPECT_EQ(status(), "SHUTOFF");
  EXPECT_EQ(world.server(id)["OS-EXT-STS:power_state"].as_int(), 4);
  EXPECT_EQ(act("os-start").status, 202);
  world.pass(seconds(1));
  EXPECT_EQ(status(), "ACTIVE");
  EXPECT_THAT(world.guests.events, ElementsAre("stop " + id, "start web Again"));
}

TEST_F(ServerActions, WrongStateIs409) {
  const Answered running = act("os-start");
  EXPECT_EQ(running.status, 409);
  EXPECT_EQ(running.body["conflictingRequest"]["message"].as_string(),
            "Cannot 'start' instance " + id + " while it is in vm_state active");
  act("os-stop");
  EXPECT_EQ(act("reboot", Json::object({{"type", "SOFT"}})).status, 409);
  world.pass(seconds(1));
  EXPECT_EQ(act("reboot", Json::object({{"type", "SOFT"}})).status, 409);
  EXPECT_EQ(act("reboot", Json::object({{"type", "HARD"}})).status, 202);
}

// It has no host that could do it.
TEST_F(ServerActions, OneThatNeverRanCanOnlyBeDeleted) {
  world.cloud.faults().no_valid_host = 1;
  id = world.create("stillborn");
  world.pass(seconds(5));
  ASSERT_EQ(status(), "ERROR");
  for (const char* name : {"os-stop", "os-start"}) {
    const Answered refused = act(name);
    EXPECT_EQ(refused.status, 409) << name;
    EXPECT_THAT(refused.body["conflictingRequest"]["message"].as_string(), HasSubstr(id));
  }
  EXPECT_EQ(act("reboot", Json::object({{"type", "HARD"}})).status, 409);
  EXPECT_EQ(world.call("DELETE", "/compute/v2.1/servers/" + id).status, 204);
}

TEST_F(ServerActions, RebuildKeepsAddressTagsAndMetadata) {
  world.call("PUT", "/compute/v2.1/servers/" + id + "/tags/keep");
  const Json before = world.server(id);
  const Json arguments = Json::object(
      {{"imageRef", world.image()}, {"user_data", base64_encode("#cloud-config\n# two\n")}});
  EXPECT_EQ(act("rebuild", arguments).status, 202);
  EXPECT_EQ(status(), "REBUILD");
  world.pass(seconds(1));
  const Json after = world.server(id);
  EXPECT_EQ(after["addresses"], before["addresses"]);
  EXPECT_EQ(after["tags"], before["tags"]);
  EXPECT_THAT(world.guests.events, ElementsAre("destroy " + id, "start web First"));
  EXPECT_EQ(world.guests.started.back().user_data, "#cloud-config\n# two\n");
  world.version = "2.56";
  EXPECT_EQ(act("rebuild", arguments).status, 400);
}

TEST_F(ServerActions, ConsoleOutputIsCutFromTheFront) {
  EXPECT_EQ(act("os-getConsoleOutput", Json::object()).body["output"].as_string(),
            "one\ntwo\nthree\n");
  const auto last = [this](int lines) {
    return act("os-getConsoleOutput", Json::object({{"length", lines}})).body["output"].as_string();
  };
  EXPECT_EQ(last(2), "two\nthree\n");
  EXPECT_EQ(last(1), "three\n");
  EXPECT_EQ(last(9), "one\ntwo\nthree\n");
  EXPECT_EQ(last(0), "");
}

TEST_F(ServerActions, UnknownOnesAre400) {
  EXPECT_THAT(act("dance").text, HasSubstr("There is no such action: dance"));
  EXPECT_EQ(act("reboot", Json::object({{"type", "WEAK"}})).status, 400);
}

TEST_F(ServerActions, TagsAndMetadataCanBeEdited) {
  const std::string url = "/compute/v2.1/servers/" + id;
  EXPECT_EQ(world.call("PUT", url + "/tags/a").status, 201);
  EXPECT_EQ(world.call("PUT", url + "/tags/a").status, 204);
  EXPECT_EQ(world.call("GET", url + "/tags/a").status, 204);
  EXPECT_EQ(world.call("GET", url + "/tags/b").status, 404);
  EXPECT_EQ(world.call("DELETE", url + "/tags/a").status, 204);
  EXPECT_EQ(world.call("DELETE", url + "/tags/a").status, 404);
  const auto metadata = [](const char* key, const char* value) {
    return Json::object({{"metadata", Json::object({{key, value}})}});
  };
  EXPECT_EQ(world.call("POST", url + "/metadata", metadata("a", "1")).status, 200);
  EXPECT_EQ(world.call("POST", url + "/metadata", metadata("b", "2")).body["metadata"].size(), 2u);
  EXPECT_EQ(world.call("PUT", url + "/metadata", metadata("c", "3")).body["metadata"].size(), 1u);
  EXPECT_EQ(world.call("DELETE", url + "/metadata/c").status, 204);
  EXPECT_EQ(world.call("DELETE", url + "/metadata/c").status, 404);
}

TEST_F(ServerActions, RenameShowsInTheAnswer) {
  const Answered renamed =
      world.call("PUT", "/compute/v2.1/servers/" + id,
                 Json::object({{"server", Json::object({{"name", "web-2"}})}}));
  EXPECT_EQ(renamed.status, 200);
  EXPECT_EQ(renamed.body["server"]["name"].as_string(), "web-2");
}

}  // namespace
}  // namespace clickdeploy::localcloud
