#include "controller/reconcilers/service/adoption.h"

#include "controller/reconcilers/instance/marks.h"
#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

using api::v1alpha1::Service;
using openstack::Server;

constexpr const char* kCluster = "cluster-1";

Server ours(const std::string& id, const std::string& token, const std::string& revision = "r1") {
  Server server = sample_server(id);
  server.metadata = {{std::string(kClusterMetadata), kCluster},
                     {std::string(kServiceMetadata), "shop/web"},
                     {std::string(kInstanceMetadata), "shop/web-" + id},
                     {std::string(kUidMetadata), "uid-" + id},
                     {std::string(kRevisionMetadata), revision},
                     {std::string(kClaimMetadata), token}};
  return server;
}

Server foreign(const std::string& id, const std::string& name) {
  Server server = sample_server(id);
  server.name = name;
  server.tags.clear();
  server.metadata = {{"app", "shop"}};
  return server;
}

Service adopting() {
  Service service = sample_service();
  service.spec.management_policy = "Adopt";
  service.spec.adopt_filter = {.name_prefix = "legacy-", .metadata = {{"app", "shop"}}, .tags = {}};
  return service;
}

struct AdoptionCase {
  std::string name;
  Service service;
  std::vector<Server> servers;
  std::vector<std::string> want;  // ids
};

Server changed(Server server, std::string_view key, const std::string& value) {
  server.metadata[std::string(key)] = value;
  return server;
}

Server in_state(Server server, const std::string& status) {
  server.status = status;
  return server;
}

TEST(AdoptableServers, AreThoseWithThisServicesMarkOrOfItsFilter) {
  const Service plain = sample_service();
  Service without_filter = adopting();
  without_filter.spec.adopt_filter = {};
  Server tagged = foreign("f", "legacy-1");
  tagged.tags = {"clickdeploy-claim-x"};
  const std::vector<AdoptionCase> cases = {
      {"OurOwn", plain, {ours("a", "t1")}, {"a"}},
      {"InErrorToo", plain, {in_state(ours("a", "t1"), "ERROR")}, {"a"}},
      {"OfAnotherCluster", plain, {changed(ours("a", "t1"), kClusterMetadata, "cluster-2")}, {}},
      {"OfAnotherService", plain, {changed(ours("a", "t1"), kServiceMetadata, "shop/api")}, {}},
      {"OfAnotherNamespace", plain, {changed(ours("a", "t1"), kServiceMetadata, "x/web")}, {}},
      {"WithoutAToken", plain, {ours("a", "")}, {}},
      {"AccountedForByToken", plain, {ours("a", "taken")}, {}},
      {"AccountedForById", plain, {ours("taken-id", "t1")}, {}},
      {"OnItsWay", plain, {in_state(ours("a", "t1"), "SOFT_DELETED")}, {}},
      {"ForeignIsNotManaged", plain, {foreign("f", "legacy-1")}, {}},
      {"ForeignThatMatches", adopting(), {foreign("f", "legacy-1")}, {"f"}},
      {"ForeignOfAnotherName", adopting(), {foreign("f", "new-1")}, {}},
      {"ForeignWithOtherMetadata",
       adopting(),
       {changed(foreign("f", "legacy-1"), "app", "billing")},
       {}},
      {"ForeignWithAMark", adopting(), {tagged}, {}},
      {"ForeignWithAnyOfOurKeys",
       adopting(),
       {changed(foreign("f", "legacy-1"), "clickdeploy_cluster", "cluster-2")},
       {}},
      {"ForeignThatIsBeingMade", adopting(), {in_state(foreign("f", "legacy-1"), "BUILD")}, {}},
      {"ForeignInError", adopting(), {in_state(foreign("f", "legacy-1"), "ERROR")}, {}},
      {"ForeignThatIsStopped", adopting(), {in_state(foreign("f", "legacy-1"), "SHUTOFF")}, {"f"}},
      {"NoFilterMatchesNothing", without_filter, {foreign("f", "legacy-1")}, {}},
      {"OursFirstThenThisRevision",
       adopting(),
       {foreign("f", "legacy-1"), ours("a", "t1", "r0"), ours("b", "t2", "r1")},
       {"b", "a", "f"}},
  };
  const AccountedFor accounted{.tokens = {"taken"}, .servers = {"taken-id"}};
  for (const AdoptionCase& c : cases) {
    SCOPED_TRACE(c.name);
    std::map<std::string, Server> servers;
    for (const Server& server : c.servers) servers.emplace(server.id, server);
    std::vector<std::string> found;
    for (const AdoptableServer& each :
         adoptable_servers(c.service, servers, kCluster, accounted, "r1")) {
      found.push_back(each.server_id);
    }
    EXPECT_EQ(found, c.want);
  }
}

TEST(AdoptableServers, BringTheirNameTokenAndIdentityAlong) {
  const auto found =
      adoptable_servers(sample_service(), {{"a", ours("a", "t1")}}, kCluster, {}, "r1");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].instance_name, "web-a");
  EXPECT_EQ(found[0].token, "t1");
  EXPECT_EQ(found[0].identity, "uid-a");
  EXPECT_EQ(found[0].revision, "r1");
}

// What is put on a server is what it is found by.
TEST(Marks, LeadBackToTheService) {
  Instance instance = with_claim("Confirmed");
  instance.metadata.labels[std::string(api::v1alpha1::kRevisionLabel)] = "r1";
  Server server = sample_server("s");
  server.metadata = server_marks(instance, kCluster);
  const auto found = adoptable_servers(sample_service(), {{"s", server}}, kCluster, {}, "r1");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].instance_name, instance.metadata.name);
  EXPECT_EQ(found[0].token, kToken);
  EXPECT_EQ(found[0].identity, instance.metadata.uid);
  instance.spec.adopt.identity = "earlier-uid";
  EXPECT_EQ(server_marks(instance, kCluster).at(std::string(kUidMetadata)), "earlier-uid");
}

// They are neither taken over nor replaced by new ones.
TEST(AdoptableServers, ThatAreStillBuiltAreAwaited) {
  Server marked = in_state(foreign("e", "legacy-5"), "BUILD");
  marked.tags = {"clickdeploy-claim-x"};
  Server leaving = in_state(foreign("g", "legacy-7"), "BUILD");
  leaving.task_state = "deleting";
  std::map<std::string, Server> servers;
  for (const Server& server :
       {in_state(foreign("a", "legacy-1"), "BUILD"), foreign("b", "legacy-2"),
        in_state(foreign("c", "legacy-3"), "ERROR"), in_state(foreign("d", "new-4"), "BUILD"),
        marked, in_state(foreign("taken-id", "legacy-6"), "BUILD"), leaving}) {
    servers[server.id] = server;
  }
  const AccountedFor accounted{.tokens = {}, .servers = {"taken-id"}};
  EXPECT_EQ(servers_awaited(adopting(), servers, accounted), std::vector<std::string>{"legacy-1"});
  EXPECT_TRUE(servers_awaited(sample_service(), servers, accounted).empty());
}

}  // namespace
}  // namespace clickdeploy::reconcilers
