// What Cinder, and Nova about volumes, answer on the wire. As wire_contract_test.cpp: the same for
// localcloud and the real services.

#include "tests/openstack/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace clickdeploy::openstack {
namespace {

using ::testing::HasSubstr;

constexpr const char* kCinder = "volumev3";
constexpr const char* kNothing = "00000000-0000-4000-8000-00000000dead";
constexpr const char* kNotNow = "Volume status must be available or error";

class WireVolumes : public testing::TestWithParam<CloudFactory> {
 protected:
  WireVolumes() : cloud_(GetParam().make()), wire_(*cloud_, cloud_->credentials()) {}

  void TearDown() override {
    for (const std::string& id : servers_) wire_.call("compute", "DELETE", "/servers/" + id);
    for (const std::string& id : servers_) {
      EXPECT_TRUE(wire_.eventually([&] { return read_server(id).status == 404; })) << id;
    }
    for (const std::string& id : volumes_) {
      EXPECT_TRUE(wire_.eventually([&] {
        const std::string status = status_of(id);
        return status == "available" || status == "error" || status.empty();
      })) << status_of(id);
      wire_.call(kCinder, "DELETE", "/volumes/" + id);
      EXPECT_TRUE(wire_.eventually([&] { return status_of(id).empty(); })) << status_of(id);
    }
  }

  Answered read_server(const std::string& id) { return wire_.get("compute", "/servers/" + id); }
  std::string status_of(const std::string& id) {
    return wire_.get(kCinder, "/volumes/" + id).body["volume"]["status"].as_string();
  }

  Answered make(Json volume) {
    if (!volume.contains("size")) volume.set("size", 1);
    Answered made =
        wire_.call(kCinder, "POST", "/volumes", Json::object({{"volume", std::move(volume)}}));
    if (made.status == 202) volumes_.push_back(made.body["volume"]["id"].as_string());
    return made;
  }
  std::string make_ready(Json volume) {
    EXPECT_EQ(make(std::move(volume)).status, 202);
    const std::string id = volumes_.back();
    EXPECT_TRUE(wire_.eventually([&] { return status_of(id) == "available"; })) << status_of(id);
    return id;
  }
  std::string named(const std::string& service, const std::string& path, const std::string& member,
                    const std::string& name) {
    const Json found = wire_.get(service, path).body;
    for (const Json& row : found[member].as_array()) {
      if (row["name"].as_string() == name) return row["id"].as_string();
    }
    return "";
  }
  std::string image() { return named("image", "/images", "images", cloud_->image_name()); }

  // A server that boots from the first volume, with the others.
  Answered boot(const std::vector<std::string>& volumes, const std::string& flavor) {
    Json devices = Json::array();
    for (std::size_t i = 0; i < volumes.size(); ++i) {
      devices.push_back(Json::object({{"uuid", volumes[i]},
                                      {"source_type", "volume"},
                                      {"destination_type", "volume"},
                                      {"boot_index", i == 0 ? 0 : -1},
                                      {"delete_on_termination", false}}));
    }
    Json server = Json::object({{"name", "wire"},
                                {"imageRef", ""},
                                {"flavorRef", named("compute", "/flavors", "flavors", flavor)},
                                {"networks", "none"},
                                {"block_device_mapping_v2", std::move(devices)}});
    Answered made =
        wire_.call("compute", "POST", "/servers", Json::object({{"server", std::move(server)}}));
    if (made.status == 202) servers_.push_back(made.body["server"]["id"].as_string());
    return made;
  }

  std::unique_ptr<CloudUnderTest> cloud_;
  Wire wire_;
  std::vector<std::string> servers_;
  std::vector<std::string> volumes_;
};

TEST_P(WireVolumes, RefusalsHaveTheirWords) {
  const Answered small = make(Json::object({{"size", 0}}));
  EXPECT_EQ(small.status, 400);
  EXPECT_TRUE(small.body.contains("badRequest"));
  EXPECT_THAT(small.message(), HasSubstr("is less than the minimum of 1"));
  const Answered type = make(Json::object({{"volume_type", "no-such-type"}}));
  EXPECT_EQ(type.status, 404);
  EXPECT_EQ(type.message(), "Volume type with name no-such-type could not be found.");
  EXPECT_EQ(make(Json::object({{"imageRef", kNothing}})).message(),
            "Invalid image identifier or unable to access requested image.");
  const Json longest = Json::object({{"a", std::string(256, 'x')}});
  EXPECT_EQ(make(Json::object({{"metadata", longest}})).status, 400);
  const std::string absent = std::string("/volumes/") + kNothing;
  for (const char* method : {"GET", "DELETE"}) {
    const Answered gone = wire_.call(kCinder, method, absent);
    EXPECT_EQ(gone.status, 404);
    EXPECT_TRUE(gone.body.contains("itemNotFound"));
    EXPECT_EQ(gone.message(), std::string("Volume ") + kNothing + " could not be found.");
  }
  EXPECT_EQ(wire_.get(kCinder, std::string("/volumes/detail?marker=") + kNothing).status, 404);
}

TEST_P(WireVolumes, MetadataAreMergedReplacedAndTakenAway) {
  const std::string id = make_ready(Json::object({{"metadata", Json::object({{"a", "b"}})}}));
  const std::string path = "/volumes/" + id + "/metadata";
  const Json more = Json::object({{"metadata", Json::object({{"c", "d"}})}});
  EXPECT_EQ(wire_.call(kCinder, "POST", path, more).body["metadata"].size(), 2u);
  EXPECT_EQ(wire_.call(kCinder, "PUT", path, more).body["metadata"].size(), 1u);
  EXPECT_EQ(wire_.call(kCinder, "DELETE", path + "/c").status, 200);
  EXPECT_EQ(wire_.call(kCinder, "DELETE", path + "/c").status, 404);
}

TEST_P(WireVolumes, StatusesFollowTheServer) {
  const std::string root = make_ready(Json::object({{"imageRef", image()}}));
  const std::string data = make_ready(Json::object());
  EXPECT_THAT(boot({kNothing}, cloud_->flavor_name()).message(), HasSubstr("failed to get volume"));
  EXPECT_EQ(boot({data}, cloud_->flavor_name()).status, 400);  // not bootable
  ASSERT_EQ(boot({root, data}, cloud_->flavor_name()).status, 202);
  const std::string server = servers_.back();
  EXPECT_THAT((std::set<std::string>{"reserved", "attaching", "in-use"}),
              ::testing::Contains(status_of(root)));
  EXPECT_THAT(boot({root}, cloud_->flavor_name()).message(),
              HasSubstr("status must be available or downloading to reserve"));
  ASSERT_TRUE(wire_.eventually(
      [&] { return read_server(server).body["server"]["status"].as_string() == "ACTIVE"; }));
  const Json view = read_server(server).body["server"];
  EXPECT_EQ(view["image"].as_string("?"), "");
  EXPECT_EQ(view["os-extended-volumes:volumes_attached"].size(), 2u);
  const Answered used = wire_.call(kCinder, "DELETE", "/volumes/" + root);
  EXPECT_EQ(used.status, 400);
  EXPECT_THAT(used.message(), HasSubstr(kNotNow));

  const std::string attachments = "/servers/" + server + "/os-volume_attachments";
  EXPECT_EQ(wire_.get("compute", attachments).body["volumeAttachments"].size(), 2u);
  EXPECT_EQ(wire_.call("compute", "DELETE", attachments + "/" + root).message(),
            "Cannot detach a root device volume");
  const auto attach = [&](const std::string& id) {
    return wire_.call("compute", "POST", attachments,
                      Json::object({{"volumeAttachment", Json::object({{"volumeId", id}})}}));
  };
  EXPECT_EQ(attach(data).status, 400);
  EXPECT_EQ(attach(kNothing).status, 404);
  EXPECT_EQ(wire_.call("compute", "DELETE", attachments + "/" + data).status, 202);
  EXPECT_TRUE(wire_.eventually([&] { return status_of(data) == "available"; }));
  EXPECT_EQ(wire_.call("compute", "DELETE", attachments + "/" + data).status, 404);
  EXPECT_EQ(attach(data).status, 200);
  EXPECT_TRUE(wire_.eventually([&] { return status_of(data) == "in-use"; }));
}

// Nova holds them for a server that found no host, until it is deleted.
TEST_P(WireVolumes, AServerWithoutAHostHoldsItsVolumes) {
  const std::string root = make_ready(Json::object({{"imageRef", image()}}));
  ASSERT_EQ(boot({root}, "m1.huge").status, 202);
  const std::string server = servers_.back();
  ASSERT_TRUE(wire_.eventually(
      [&] { return read_server(server).body["server"]["status"].as_string() == "ERROR"; }));
  EXPECT_EQ(status_of(root), "reserved");
  EXPECT_EQ(wire_.call("compute", "DELETE", "/servers/" + server).status, 204);
  EXPECT_TRUE(wire_.eventually([&] { return status_of(root) == "available"; })) << status_of(root);
}

INSTANTIATE_TEST_SUITE_P(Clouds, WireVolumes, testing::ValuesIn(clouds_under_test()),
                         [](const testing::TestParamInfo<CloudFactory>& row) {
                           return row.param.name;
                         });

}  // namespace
}  // namespace clickdeploy::openstack
