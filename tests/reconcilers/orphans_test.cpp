#include "controller/reconcilers/cloud/orphans.h"

#include "controller/reconcilers/instance/marks.h"
#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

using api::v1alpha1::Orphan;
using std::chrono::seconds;

constexpr const char* kCluster = "cluster-1";

openstack::Server marked(const std::string& id, const std::string& cluster,
                         const std::string& claim) {
  openstack::Server server = sample_server(id);
  server.metadata = {{std::string(kClusterMetadata), cluster},
                     {std::string(kClaimMetadata), claim},
                     {std::string(kInstanceMetadata), "shop/web-9"}};
  return server;
}

openstack::Port marked_port(const std::string& id, const std::string& cluster,
                            const std::string& claim) {
  openstack::Port port;
  port.id = id;
  port.name = "web-9-app";
  port.description = port_description(cluster, claim, "app");
  return port;
}

openstack::CloudSnapshot snapshot_of(std::vector<openstack::Server> servers,
                                     std::vector<openstack::Port> ports = {}) {
  openstack::CloudSnapshot snapshot;
  for (openstack::Server& server : servers) snapshot.servers.emplace(server.id, server);
  for (openstack::Port& port : ports) snapshot.ports.emplace(port.id, port);
  return snapshot;
}

std::vector<std::string> ids(const std::vector<Orphan>& orphans) {
  std::vector<std::string> found;
  for (const Orphan& orphan : orphans) found.push_back(orphan.kind + " " + orphan.id);
  return found;
}

TEST(FindOrphans, AreOfOurClusterAndOfNoInstance) {
  const InstanceList instances{shared(with_claim("Confirmed"))};
  openstack::Server going = marked("going", kCluster, "t9");
  going.task_state = "deleting";
  const openstack::Port owned = marked_port("owned", kCluster, kToken);
  const openstack::Port lost = marked_port("lost", kCluster, "t9");
  const openstack::Port others = marked_port("others", "another1", "t9");
  const auto found =
      find_orphans(snapshot_of({marked("mine", kCluster, kToken), marked("lost", kCluster, "t9"),
                                marked("other", "another1", "t9"), sample_server("plain"), going},
                               {owned, lost}),
                   instances, kCluster);
  EXPECT_EQ(ids(found), (std::vector<std::string>{"Port lost", "Server lost"}));
  EXPECT_EQ(found[1].belonged_to, "shop/web-9");
  // An Instance that is about to take it over accounts for it.
  Instance adopting = sample_instance();
  adopting.spec.adopt.token = "t9";
  EXPECT_TRUE(find_orphans(snapshot_of({marked("lost", kCluster, "t9")}, {lost}),
                           {shared(adopting)}, kCluster)
                  .empty());
}

TEST(FindOrphans, FloatingIPsAreThoseOfNoInstance) {
  const auto ip = [](const std::string& id, const std::string& description) {
    return std::pair(
        id, openstack::FloatingIP{.id = id, .address = "203.0.113.9", .description = description});
  };
  openstack::CloudSnapshot snapshot;
  EXPECT_TRUE(find_orphans(snapshot, {}, kCluster).empty());
  snapshot.known_floating_ips =
      std::make_shared<const std::map<std::string, openstack::FloatingIP>>(
          std::map<std::string, openstack::FloatingIP>{
              ip("mine", floating_ip_description(kCluster, "instance-uid")),
              ip("lost", floating_ip_description(kCluster, "uid-of-old")),
              ip("other", floating_ip_description("another1", "uid-of-old")),
              ip("plain", "of a person")});
  const auto found = find_orphans(snapshot, {shared(with_claim("Confirmed"))}, kCluster);
  EXPECT_EQ(ids(found), (std::vector<std::string>{"FloatingIP lost"}));
  EXPECT_EQ(found[0].name, "203.0.113.9");
}

TEST(Orphans, LastForTwoMinutesBeforeTheyAreShown) {
  Orphans orphans;
  const std::vector<Orphan> found{
      {.kind = "Server", .id = "a", .name = "", .belonged_to = "", .since = ""}};
  const SteadyTime begin{};
  EXPECT_TRUE(orphans.lasting(found, begin, at(0)).empty());
  EXPECT_TRUE(orphans.lasting(found, begin + seconds(119), at(119)).empty());
  const auto shown = orphans.lasting(found, begin + seconds(120), at(120));
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0].since, time_at(0));
  // One that was accounted for in between begins anew.
  orphans.lasting({}, begin + seconds(121), at(121));
  EXPECT_TRUE(orphans.lasting(found, begin + seconds(122), at(122)).empty());
}

TEST(FindOrphans, VolumesAreOfNoInstanceOfThisCluster) {
  const Instance mine = with_claim("Confirmed");
  Instance lost = mine;
  lost.metadata.uid = "lost-uid";
  openstack::CloudSnapshot snapshot;
  snapshot.volumes.emplace();
  const auto add = [&](const std::string& id, const Instance& of, const std::string& cluster,
                       const std::string& status) {
    openstack::Volume volume{.id = id, .name = id, .status = status};
    volume.metadata = volume_marks(of, cluster, PartKind::Volume, "data");
    snapshot.volumes->emplace(id, volume);
  };
  add("owned", mine, kCluster, "available");
  add("lost", lost, kCluster, "available");
  add("going", lost, kCluster, "deleting");
  add("others", lost, "another1", "available");
  snapshot.volumes->emplace("plain", openstack::Volume{.id = "plain", .status = "available"});
  const auto found = find_orphans(snapshot, {shared(mine)}, kCluster);
  EXPECT_EQ(ids(found), std::vector<std::string>{"Volume lost"});
  EXPECT_EQ(found.front().belonged_to, "shop/web-1");
}

}  // namespace
}  // namespace clickdeploy::reconcilers
