#include "controller/reconcilers/cloud/leaks.h"

#include "controller/reconcilers/instance/marks.h"
#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

using namespace std::chrono_literals;

constexpr const char* kCluster = "cluster-1";

// A server with its port, and another port of the same claim and network.
class LeaksTest : public ::testing::Test {
 protected:
  LeaksTest() {
    own.device_id = "server-1";
    show();
  }
  void show() { snapshot.ports = {{own.id, own}, {port.id, port}}; }
  bool is_leaked_now() {
    show();
    return is_leaked(port, snapshot, {shared(instance)}, kCluster);
  }

  Instance instance = running_instance();
  openstack::Port own = sample_cloud_port("port-1");
  openstack::Port port = sample_cloud_port("port-2");
  openstack::CloudSnapshot snapshot;
};

TEST_F(LeaksTest, AreOfAClaimThatNoInstanceHas) {
  EXPECT_TRUE(is_leaked(port, snapshot, {}, kCluster));
  instance.status.claim.token = "another";
  EXPECT_TRUE(is_leaked_now());
}

TEST_F(LeaksTest, AreOfAServerThatHasItsOwnPortForThatNetwork) {
  EXPECT_TRUE(is_leaked_now());
  own.device_id = "";
  EXPECT_FALSE(is_leaked_now());
  own.device_id = "server-2";
  EXPECT_FALSE(is_leaked_now());
  own.device_id = "server-1";
  own.description = port_description(kCluster, kToken, "other");
  EXPECT_FALSE(is_leaked_now());
}

TEST_F(LeaksTest, AreAttachedToNothing) {
  port.device_id = "server-9";
  EXPECT_FALSE(is_leaked_now());
  EXPECT_FALSE(is_leaked(port, snapshot, {}, kCluster));
}

TEST_F(LeaksTest, CarryTheMarkOfThisCluster) {
  EXPECT_FALSE(is_leaked(port, snapshot, {}, "clusterX1"));
  for (const char* description : {"", "somebody's", "clickdeploy cluster=cluster- claim="}) {
    port.description = description;
    EXPECT_FALSE(is_leaked(port, snapshot, {}, kCluster)) << description;
  }
}

TEST_F(LeaksTest, AreNotSoughtWhileTheInstanceDecidesItself) {
  const Instance running = instance;
  instance.status.claim.state = "Uncertain";
  EXPECT_FALSE(is_leaked_now());
  instance = running;
  instance.status.server.id = "";
  EXPECT_FALSE(is_leaked_now());
  instance = running;
  instance.status.remediation.step = "Replace";
  EXPECT_FALSE(is_leaked_now());
  instance = running;
  instance.metadata.deletion_timestamp = time_at(0);
  EXPECT_FALSE(is_leaked_now());
}

TEST_F(LeaksTest, AreDueWhenTheyWereSeenAllTheTime) {
  Leaks leaked;
  const SteadyTime start{};
  const auto due = [&](std::chrono::seconds after) {
    return leaked.due(snapshot, {shared(instance)}, kCluster, start + after).size();
  };
  EXPECT_FALSE(leaked.any());
  EXPECT_EQ(due(0s), 0U);
  EXPECT_TRUE(leaked.any());
  EXPECT_EQ(due(kLeakGrace - 1s), 0U);
  EXPECT_EQ(due(kLeakGrace), 1U);
  leaked.postpone(port.id, start + kLeakGrace);
  EXPECT_EQ(due(2 * kLeakGrace - 1s), 0U);
  EXPECT_EQ(due(2 * kLeakGrace), 1U);
  snapshot.ports.erase(port.id);
  EXPECT_EQ(due(2 * kLeakGrace), 0U);
  EXPECT_FALSE(leaked.any());
  show();
  EXPECT_EQ(due(3 * kLeakGrace), 0U);
}

// A floating IP of the running Instance, and another one that a late request made.
TEST_F(LeaksTest, AFloatingIPIsLeakedWhenItsInstanceIsGoneOrHasAnother) {
  openstack::FloatingIP own_ip{.id = "ip-1", .port_id = "port-1"};
  openstack::FloatingIP late{.id = "ip-2"};
  own_ip.description = late.description = floating_ip_description(kCluster, instance.metadata.uid);
  instance.status.resources.push_back({"FloatingIP", "ip-1", "203.0.113.5", "ACTIVE"});
  snapshot.floating_ips = {{"ip-1", own_ip}, {"ip-2", late}};
  const auto leaked = [&](const openstack::FloatingIP& ip) {
    return is_leaked(ip, snapshot, {shared(instance)}, kCluster);
  };
  EXPECT_TRUE(leaked(late));
  EXPECT_FALSE(leaked(own_ip));
  EXPECT_TRUE(is_leaked(late, snapshot, {}, kCluster));
  EXPECT_FALSE(is_leaked(own_ip, snapshot, {}, kCluster)) << "somebody uses it";
  EXPECT_FALSE(is_leaked(late, snapshot, {}, "clusterX1"));
  late.port_id = "port-9";
  EXPECT_FALSE(leaked(late));
  late.port_id = "";
  own_ip.port_id = "";
  EXPECT_FALSE(leaked(own_ip)) << "it waits for the next server";
  instance.status.claim.state = "Intended";
  EXPECT_FALSE(leaked(late)) << "the Instance itself decides";
}

openstack::Volume sample_volume(const Instance& instance) {
  return {.id = "volume-2",
          .name = "web-1-volume-data",
          .status = "available",
          .metadata = volume_marks(instance, kCluster, PartKind::Volume, "data")};
}

TEST_F(LeaksTest, AVolumeIsOneOnlyWhereItsMarkSaysThatItNeverHeldData) {
  openstack::Volume volume = sample_volume(instance);
  snapshot.servers.emplace("server-1", sample_server("server-1"));
  EXPECT_TRUE(is_leaked(volume, snapshot, {}, kCluster));
  EXPECT_TRUE(is_leaked(volume, snapshot, {shared(instance)}, kCluster));
  EXPECT_FALSE(is_leaked(volume, snapshot, {}, "clusterX1"));
  Instance making = instance;
  making.status.claim.state = "Intended";
  EXPECT_FALSE(is_leaked(volume, snapshot, {shared(making)}, kCluster));
  for (const char* state : {"creating", "in-use", "deleting"}) {
    volume.status = state;
    EXPECT_FALSE(is_leaked(volume, snapshot, {}, kCluster)) << state;
  }
  volume.status = "available";
  volume.metadata.erase(std::string(kUnusedMetadata));
  EXPECT_FALSE(is_leaked(volume, snapshot, {}, kCluster));
  EXPECT_FALSE(is_leaked(volume, snapshot, {shared(instance)}, kCluster));
}

}  // namespace
}  // namespace clickdeploy::reconcilers
