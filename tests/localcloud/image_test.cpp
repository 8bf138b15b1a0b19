#include "tests/localcloud/cloud_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::localcloud {
namespace {

TEST(Images, FoundByNameIdAndProperty) {
  CloudWorld world;
  const auto count = [&world](const std::string& query) {
    return world.get("/image/v2/images?" + query).body["images"].size();
  };
  EXPECT_EQ(count("name=debian-12"), 1u);
  EXPECT_EQ(count("name=debian"), 0u);
  EXPECT_EQ(count("os_distro=ubuntu"), 1u);
  EXPECT_EQ(count("id=in:" + world.image() + ",other"), 1u);
  EXPECT_EQ(count("name=debian-12&status=active&visibility=all"), 1u);
  const Json image = world.get("/image/v2/images/" + world.image()).body;
  EXPECT_EQ(image["name"].as_string(), "debian-12");
  EXPECT_EQ(image["os_version"].as_string(), "12");
}

TEST(Images, NamesNeedNotBeUnique) {
  CloudWorld world;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(world.call("POST", "/localcloud/v1/images", Json::object({{"name", "twins"}})).status,
              201);
  }
  EXPECT_EQ(world.get("/image/v2/images?name=twins").body["images"].size(), 2u);
}

TEST(Images, PagesFollowTheirLinksToTheEnd) {
  CloudWorld world;
  for (int i = 0; i < 3; ++i) world.cloud.add_image("image-" + std::to_string(i), {});
  std::set<std::string> names;
  std::string url = "/v2/images?limit=2";
  int pages = 0;
  while (!url.empty()) {
    const Answered page = world.get("/image" + url);
    ASSERT_EQ(page.status, 200) << page.text;
    for (const Json& image : page.body["images"].as_array())
      names.insert(image["name"].as_string());
    url = page.body["next"].as_string();
    ++pages;
  }
  EXPECT_EQ(names.size(), 5u);
  EXPECT_EQ(pages, 3);
}

TEST(Images, AbsentOneIs404WithAPage) {
  CloudWorld world;
  const Answered absent = world.get("/image/v2/images/absent");
  EXPECT_EQ(absent.status, 404);
  EXPECT_THAT(absent.header("Content-Type"), ::testing::HasSubstr("text/html"));
  EXPECT_THAT(absent.text, ::testing::HasSubstr("No image found with ID absent"));
}

TEST(Flavors, ListedAndShown) {
  CloudWorld world;
  EXPECT_EQ(world.get("/compute/v2.1/flavors").body["flavors"].size(), 4u);
  const Json flavor = world.get("/compute/v2.1/flavors/2").body["flavor"];
  EXPECT_EQ(flavor["name"].as_string(), "m1.small");
  EXPECT_EQ(flavor["ram"].as_int(), 2048);
  EXPECT_EQ(world.get("/compute/v2.1/flavors/absent").status, 404);
  EXPECT_EQ(world.get("/compute/v2.1/flavors/detail?limit=3&marker=1").body["flavors"].size(), 3u);
}

TEST(Quotas, AdministratorSetsThem) {
  CloudWorld world;
  const std::string url = "/compute/v2.1/os-quota-sets/" + world.cloud.state().projects.front().id;
  const Json wanted = Json::object({{"quota_set", Json::object({{"instances", 1}})}});
  EXPECT_EQ(world.call("PUT", url, wanted).status, 403);
  EXPECT_EQ(world.get(url).body["quota_set"]["instances"].as_int(), 50);
  const std::string member = world.token;
  world.token = world.log_in("admin", "admin");
  EXPECT_EQ(world.call("PUT", url, wanted).status, 200);
  world.token = member;
  world.create("one");
  const Json detail = world.get(url + "/detail").body["quota_set"];
  EXPECT_EQ(detail["instances"], Json::object({{"limit", 1}, {"in_use", 1}, {"reserved", 0}}));
  EXPECT_EQ(world.call("POST", "/compute/v2.1/servers", world.server_body("two")).status, 403);
}

}  // namespace
}  // namespace clickdeploy::localcloud
