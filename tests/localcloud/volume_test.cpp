#include "tests/localcloud/cloud_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::localcloud {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class Volumes : public ::testing::Test {
 protected:
  explicit Volumes(CloudOptions options = {}) : world(std::move(options)) {}

  std::string url(const std::string& path) const {
    return "/volume/v3/" + world.cloud.state().projects.front().id + path;
  }
  Answered make(Json volume) {
    if (!volume.contains("size")) volume.set("size", 1);
    return world.call("POST", url("/volumes"), Json::object({{"volume", std::move(volume)}}));
  }
  // The id of one that is available.
  std::string make_ready(Json volume) {
    const Answered made = make(std::move(volume));
    EXPECT_EQ(made.status, 202) << made.text;
    world.pass(2s);
    return made.body["volume"]["id"].as_string();
  }
  Json show(const std::string& id) { return world.get(url("/volumes/" + id)).body["volume"]; }

  // A server that boots from the first volume, with the others.
  Answered boot_from(const std::vector<std::string>& volumes) {
    Json body = world.server_body("web");
    Json& server = body.member("server");
    server.set("imageRef", "");
    Json devices = Json::array();
    for (std::size_t i = 0; i < volumes.size(); ++i) {
      devices.push_back(Json::object({{"uuid", volumes[i]},
                                      {"source_type", "volume"},
                                      {"destination_type", "volume"},
                                      {"boot_index", i == 0 ? 0 : -1},
                                      {"delete_on_termination", false}}));
    }
    server.set("block_device_mapping_v2", std::move(devices));
    return world.call("POST", "/compute/v2.1/servers", std::move(body));
  }

  CloudWorld world;
};

TEST_F(Volumes, AreCreatedThenAvailable) {
  const Json metadata = Json::object({{"owner", "shop"}});
  const Answered made = make(Json::object(
      {{"name", "data"}, {"size", 3}, {"volume_type", "ssd"}, {"metadata", metadata}}));
  ASSERT_EQ(made.status, 202) << made.text;
  const std::string id = made.body["volume"]["id"].as_string();
  EXPECT_EQ(made.body["volume"]["status"].as_string(), "creating");
  world.pass(2s);
  const Json volume = show(id);
  EXPECT_EQ(volume["status"].as_string(), "available");
  EXPECT_EQ(volume["size"].as_int(), 3);
  EXPECT_EQ(volume["volume_type"].as_string(), "ssd");
  EXPECT_EQ(volume["metadata"], metadata);
  EXPECT_EQ(volume["bootable"].as_string(), "false");
  EXPECT_EQ(volume["attachments"], Json::array());
}

TEST_F(Volumes, RefusalsHaveCindersForm) {
  const Answered small = make(Json::object({{"size", 0}}));
  EXPECT_EQ(small.status, 400);
  EXPECT_TRUE(small.body.contains("badRequest"));
  const Answered type = make(Json::object({{"volume_type", "gold"}}));
  EXPECT_EQ(type.status, 404);
  EXPECT_THAT(type.body["itemNotFound"]["message"].as_string(), HasSubstr("Volume type with name"));
  const Answered image = make(Json::object({{"imageRef", "absent"}}));
  EXPECT_EQ(image.status, 400);
  const Answered absent = world.get(url("/volumes/absent"));
  EXPECT_EQ(absent.status, 404);
  EXPECT_EQ(absent.body["itemNotFound"]["message"].as_string(),
            "Volume absent could not be found.");
  const Answered early = world.call(
      "DELETE", url("/volumes/" + make(Json::object()).body["volume"]["id"].as_string()));
  EXPECT_EQ(early.status, 400);
  EXPECT_THAT(early.text, HasSubstr("Volume status must be available or error"));
  EXPECT_EQ(world.get("/volume/v3/another/volumes").status, 400);
}

TEST_F(Volumes, QuotasAre413AndShownInLimits) {
  State& state = world.cloud.mutable_state();
  Quota quota;
  quota.volumes = 2;
  quota.volume_gib = 10;
  state.quotas[state.projects.front().id] = quota;
  EXPECT_EQ(make(Json::object({{"size", 8}})).status, 202);
  const Answered large = make(Json::object({{"size", 3}}));
  EXPECT_EQ(large.status, 413);
  EXPECT_THAT(large.body["overLimit"]["message"].as_string(), HasSubstr("gigabytes quota"));
  EXPECT_EQ(make(Json::object({{"size", 1}})).status, 202);
  const Answered third = make(Json::object({{"size", 1}}));
  EXPECT_EQ(third.status, 413);
  EXPECT_THAT(third.text, HasSubstr("Maximum number of volumes allowed (2)"));
  const Json limits = world.get(url("/limits")).body["limits"]["absolute"];
  EXPECT_EQ(limits["maxTotalVolumes"].as_int(), 2);
  EXPECT_EQ(limits["totalVolumesUsed"].as_int(), 2);
  EXPECT_EQ(limits["totalGigabytesUsed"].as_int(), 9);
}

TEST_F(Volumes, ListsArePagedAndFilteredByMetadata) {
  for (int i = 0; i < 3; ++i) {
    const Json metadata = Json::object({{"mark", i == 1 ? "b" : "a"}});
    make_ready(Json::object({{"name", "v" + std::to_string(i)}, {"metadata", metadata}}));
  }
  const Json first = world.get(url("/volumes/detail?limit=2")).body;
  ASSERT_EQ(first["volumes"].size(), 2u);
  EXPECT_EQ(first["volumes"][0]["name"].as_string(), "v2");  // the newest first
  const std::string next = first["volumes_links"][0]["href"].as_string();
  ASSERT_THAT(next, HasSubstr("marker="));
  const std::string query = next.substr(next.find('?'));
  const Json second = world.get(url("/volumes/detail" + query)).body;
  ASSERT_EQ(second["volumes"].size(), 1u);
  EXPECT_FALSE(second.contains("volumes_links"));
  const Json marked = world.get(url("/volumes/detail?metadata=%7B%27mark%27%3A%20%27b%27%7D")).body;
  ASSERT_EQ(marked["volumes"].size(), 1u);
  EXPECT_EQ(marked["volumes"][0]["name"].as_string(), "v1");
}

TEST_F(Volumes, MetadataIsMergedReplacedAndTakenAway) {
  const std::string id =
      make_ready(Json::object({{"metadata", Json::object({{"a", "1"}, {"b", "2"}})}}));
  const std::string path = url("/volumes/" + id + "/metadata");
  EXPECT_EQ(world.call("DELETE", path + "/a").status, 200);
  EXPECT_EQ(world.call("DELETE", path + "/a").status, 404);
  const Json more = Json::object({{"metadata", Json::object({{"c", "3"}})}});
  EXPECT_EQ(world.call("POST", path, more).body["metadata"].size(), 2u);
  EXPECT_EQ(world.call("PUT", path, more).body["metadata"].size(), 1u);
}

TEST_F(Volumes, AServerBootsFromOneAndHasAnother) {
  const std::string root = make_ready(Json::object({{"imageRef", world.image()}}));
  const std::string data = make_ready(Json::object());
  const Answered made = boot_from({root, data});
  ASSERT_EQ(made.status, 202) << made.text;
  const std::string server = made.body["server"]["id"].as_string();
  EXPECT_EQ(show(root)["status"].as_string(), "reserved");
  world.pass(5s);
  const Json view = world.server(server);
  EXPECT_EQ(view["status"].as_string(), "ACTIVE");
  EXPECT_EQ(view["image"].as_string(), "");
  EXPECT_EQ(view["os-extended-volumes:volumes_attached"].size(), 2u);
  for (const std::string& id : {root, data}) {
    EXPECT_EQ(show(id)["status"].as_string(), "in-use");
    EXPECT_EQ(show(id)["attachments"][0]["server_id"].as_string(), server);
    EXPECT_EQ(world.call("DELETE", url("/volumes/" + id)).status, 400);
  }
  const std::string attachments = "/compute/v2.1/servers/" + server + "/os-volume_attachments";
  EXPECT_EQ(world.get(attachments).body["volumeAttachments"].size(), 2u);
  EXPECT_EQ(world.call("DELETE", attachments + "/" + root).status, 400);
  EXPECT_EQ(world.call("DELETE", attachments + "/" + data).status, 202);
  world.pass(2s);
  EXPECT_EQ(show(data)["status"].as_string(), "available");
  const Json again = Json::object({{"volumeAttachment", Json::object({{"volumeId", data}})}});
  EXPECT_EQ(world.call("POST", attachments, again).status, 200);
  EXPECT_EQ(world.call("POST", attachments, again).status, 400);
  world.pass(2s);
  EXPECT_EQ(show(data)["status"].as_string(), "in-use");
  EXPECT_EQ(world.call("DELETE", "/compute/v2.1/servers/" + server).status, 204);
  world.pass(2s);
  for (const std::string& id : {root, data}) {
    EXPECT_EQ(show(id)["status"].as_string(), "available");
    EXPECT_EQ(world.call("DELETE", url("/volumes/" + id)).status, 202);
    EXPECT_EQ(show(id)["status"].as_string(), "deleting");
  }
  world.pass(2s);
  EXPECT_EQ(world.get(url("/volumes/detail")).body["volumes"].size(), 0u);
}

TEST_F(Volumes, OnlyBootableOnesThatAreAvailableAreTaken) {
  const std::string empty = make_ready(Json::object());
  EXPECT_EQ(boot_from({empty}).status, 400);
  const std::string fresh =
      make(Json::object({{"imageRef", world.image()}})).body["volume"]["id"].as_string();
  const Answered early = boot_from({fresh});
  EXPECT_EQ(early.status, 400);
  EXPECT_THAT(early.text, HasSubstr("status must be available"));
  EXPECT_EQ(boot_from({"absent"}).status, 400);
  EXPECT_EQ(boot_from({}).status, 400);
}

TEST_F(Volumes, FaultsMakeThemFail) {
  world.cloud.faults().volume_failures = 1;
  world.cloud.faults().volume_removal_failures = 1;
  const std::string id = make_ready(Json::object());
  EXPECT_EQ(show(id)["status"].as_string(), "error");
  EXPECT_EQ(world.call("DELETE", url("/volumes/" + id)).status, 202);
  world.pass(2s);
  EXPECT_EQ(show(id)["status"].as_string(), "error_deleting");
  EXPECT_EQ(world.call("DELETE", url("/volumes/" + id)).status, 400);
}

TEST_F(Volumes, SurviveARestart) {
  const std::string root = make_ready(Json::object({{"imageRef", world.image()}}));
  const std::string server = boot_from({root}).body["server"]["id"].as_string();
  world.pass(5s);
  const std::string fresh = make(Json::object()).body["volume"]["id"].as_string();
  ASSERT_TRUE(world.cloud.restore(encode_state(world.cloud.state())));
  world.token = world.log_in("controller", "demo");
  world.pass(2s);
  EXPECT_EQ(show(root)["attachments"][0]["server_id"].as_string(), server);
  EXPECT_EQ(show(fresh)["status"].as_string(), "available");
}

TEST_F(Volumes, WithoutCinderNothingAnswers) {
  world.cloud.faults().no_block_storage = true;
  EXPECT_EQ(world.get(url("/volumes")).status, 404);
  const Json catalog = world.get("/identity/v3/auth/catalog").body["catalog"];
  for (const Json& service : catalog.as_array()) {
    EXPECT_NE(service["type"].as_string(), "volumev3");
  }
}

}  // namespace
}  // namespace clickdeploy::localcloud
