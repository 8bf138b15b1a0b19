#include "controller/base/text.h"
#include "tests/localcloud/cloud_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::localcloud {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;

std::vector<std::string> names(const Answered& answered) {
  EXPECT_EQ(answered.status, 200) << answered.text;
  std::vector<std::string> list;
  for (const Json& server : answered.body["servers"].as_array()) {
    list.push_back(server["name"].as_string());
  }
  return list;
}

void tag(CloudWorld& world, const std::string& id, const std::string& name) {
  EXPECT_EQ(world.call("PUT", "/compute/v2.1/servers/" + id + "/tags/" + name).status, 201);
}

TEST(ServerList, NewestFirstAndFilteredByNamePattern) {
  CloudWorld world;
  for (const char* name : {"web-1", "web-2", "db-1"}) world.create(name);
  EXPECT_THAT(names(world.get("/compute/v2.1/servers")), ElementsAre("db-1", "web-2", "web-1"));
  EXPECT_THAT(names(world.get("/compute/v2.1/servers?name=web")), ElementsAre("web-2", "web-1"));
  EXPECT_THAT(names(world.get("/compute/v2.1/servers?name=%5Edb")), ElementsAre("db-1"));
  EXPECT_EQ(world.get("/compute/v2.1/servers?name=%5B").status, 400);
}

TEST(ServerList, TagsMustAllMatchAndTagsAnyOne) {
  CloudWorld world;
  const std::string one = world.create("one");
  const std::string two = world.create("two");
  tag(world, one, "a");
  tag(world, one, "b");
  tag(world, two, "b");
  EXPECT_THAT(names(world.get("/compute/v2.1/servers?tags=b")), ElementsAre("two", "one"));
  EXPECT_THAT(names(world.get("/compute/v2.1/servers?tags=a,b")), ElementsAre("one"));
  EXPECT_THAT(names(world.get("/compute/v2.1/servers?tags-any=a,c")), ElementsAre("one"));
  EXPECT_THAT(names(world.get("/compute/v2.1/servers?not-tags=a")), ElementsAre("two"));
  EXPECT_THAT(names(world.get("/compute/v2.1/servers?tags=c")), ElementsAre());
}

TEST(ServerList, StatusFilterIgnoresCase) {
  CloudWorld world;
  world.create_active("old");
  world.create("new");
  EXPECT_THAT(names(world.get("/compute/v2.1/servers?status=active")), ElementsAre("old"));
  EXPECT_THAT(names(world.get("/compute/v2.1/servers?status=BUILD")), ElementsAre("new"));
  EXPECT_THAT(names(world.get("/compute/v2.1/servers?status=NONSENSE")), ElementsAre());
}

TEST(ServerList, MetadataFilterIsSilentlyIgnored) {
  CloudWorld world;
  world.create("web");
  EXPECT_THAT(names(world.get("/compute/v2.1/servers?metadata=%7B%22a%22:%22b%22%7D")),
              ElementsAre("web"));
}

TEST(ServerList, UnknownParametersAreRefusedFrom275) {
  CloudWorld world;
  EXPECT_EQ(world.get("/compute/v2.1/servers?nonsense=1").status, 400);
  world.version = "2.74";
  EXPECT_EQ(world.get("/compute/v2.1/servers?nonsense=1").status, 200);
}

TEST(ServerList, PagesFollowTheirLinksToTheEnd) {
  CloudWorld world;
  for (int i = 0; i < 5; ++i) world.create("web-" + std::to_string(i));
  std::vector<std::string> all;
  std::string url = "/compute/v2.1/servers/detail?limit=2&name=web";
  int pages = 0;
  while (!url.empty()) {
    const Answered page = world.get(url);
    for (const std::string& name : names(page)) all.push_back(name);
    const std::string next = page.body["servers_links"][0]["href"].as_string();
    url = next.empty() ? "" : next.substr(std::string("http://cloud.test").size());
    ++pages;
  }
  EXPECT_THAT(all, ElementsAre("web-4", "web-3", "web-2", "web-1", "web-0"));
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(world.get("/compute/v2.1/servers?marker=absent").status, 400);
  EXPECT_EQ(world.get("/compute/v2.1/servers?limit=-1").status, 400);
}

TEST(ServerList, ChangesSinceIsInclusiveAndShowsDeletedServers) {
  CloudWorld world;
  world.create_active("early");
  world.pass(seconds(10));
  const std::string gone = world.create_active("gone");
  const std::string since = format_time(world.cloud.now());
  world.call("DELETE", "/compute/v2.1/servers/" + gone);
  world.pass(seconds(2));
  world.create("late");

  EXPECT_THAT(names(world.get("/compute/v2.1/servers")), ElementsAre("late", "early"));
  const Answered changed = world.get("/compute/v2.1/servers/detail?changes-since=" + since);
  EXPECT_THAT(names(changed), ElementsAre("late", "gone"));
  EXPECT_EQ(changed.body["servers"][1]["status"].as_string(), "DELETED");
  const std::string updated = changed.body["servers"][1]["updated"].as_string();
  EXPECT_THAT(names(world.get("/compute/v2.1/servers?status=DELETED&changes-since=" + updated)),
              ElementsAre("gone"));
  EXPECT_THAT(names(world.get("/compute/v2.1/servers?deleted=false&changes-since=" + updated)),
              ElementsAre("late", "gone"));
  EXPECT_THAT(names(world.get("/compute/v2.1/servers?changes-since=" + updated +
                              "&changes-before=" + updated)),
              ElementsAre("gone"));
  EXPECT_EQ(world.get("/compute/v2.1/servers?changes-since=yesterday").status, 400);
}

TEST(ServerList, OnlyAdministratorsSeeOtherProjects) {
  CloudWorld world;
  const std::string id = world.create("web");
  EXPECT_EQ(world.get("/compute/v2.1/servers?all_tenants=1").status, 403);
  world.token = world.log_in("admin", "admin");
  EXPECT_THAT(names(world.get("/compute/v2.1/servers")), ElementsAre());
  EXPECT_THAT(names(world.get("/compute/v2.1/servers?all_tenants=1")), ElementsAre("web"));
}

}  // namespace
}  // namespace clickdeploy::localcloud
