#include "controller/reconcilers/service/quota_preflight.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

// Flavor of 2 cores and 4096 MiB; one port each.
QuotaView view_of(openstack::Quota compute) {
  QuotaView view;
  view.compute = compute;
  view.flavor = {.id = "f", .name = "m1.medium", .vcpus = 2, .ram_mib = 4096};
  return view;
}

TEST(QuotaPreflight, SaysHowManyServersFit) {
  struct Case {
    const char* name;
    QuotaView view;
    std::int64_t servers;
    const char* message;
  };
  QuotaView network = view_of({{10, 0}, {-1, 0}, {-1, 0}});
  network.network = openstack::NetworkQuota{.ports = {20, 10}, .floating_ips = {5, 3}};
  network.floating_ips = 1;
  QuotaView volumes = view_of({{10, 0}, {-1, 0}, {-1, 0}});
  volumes.volume = openstack::VolumeQuota{.volumes = {10, 1}, .gib = {100, 40}};
  volumes.volumes = 2;
  volumes.volume_gib = 30;
  QuotaView coming = view_of({{10, 5}, {-1, 0}, {-1, 0}});
  coming.coming = 3;
  const std::vector<Case> cases = {
      {"Unlimited", view_of({}), 4, "the quota has room"},
      {"Enough", view_of({{10, 6}, {8, 0}, {16384, 0}}), 4, "need 4 instances, 8 cores, 16384 MiB"},
      {"TooFewInstances", view_of({{10, 9}, {-1, 0}, {-1, 0}}), 1,
       "but 1 instances are left (9 of 10 used)"},
      {"TooFewCores", view_of({{10, 0}, {7, 0}, {-1, 0}}), 3, "but 7 cores are left (0 of 7 used)"},
      {"TooLittleMemory", view_of({{10, 0}, {-1, 0}, {9000, 4500}}), 1,
       "4500 MiB of memory are left"},
      {"OverTheQuotaAlready", view_of({{10, 12}, {-1, 0}, {-1, 0}}), 0, "0 instances are left"},
      {"OthersAreComing", coming, 2, "2 instances are left (5 of 10 used, 3 for those to come)"},
      {"GiBOfVolumes", volumes, 2, "but 60 GiB of volumes are left (40 of 100 used)"},
      {"FloatingIPs", network, 2, "but 2 floating IPs are left (3 of 5 used)"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const QuotaRoom room = plan_quota(c.view, 4);
    EXPECT_EQ(room.servers, c.servers);
    EXPECT_EQ(room.wanted, 4);
    EXPECT_TRUE(room.message.contains(c.message)) << room.message;
    EXPECT_TRUE(room.message.contains("m1.medium")) << room.message;
  }
}

TEST(QuotaPreflight, ThePlanMakesNoMoreThanThereIsRoomFor) {
  const std::vector<ServiceStep> plan = {CreateInstances{4, "r"}, DeleteInstance{"a", "u", "why"}};
  EXPECT_EQ(count_creates(plan), 4);
  EXPECT_EQ(within_quota(plan, {.servers = 4, .wanted = 4, .message = ""}), plan);
  EXPECT_EQ(within_quota(plan, {.servers = 1, .wanted = 4, .message = ""}),
            (std::vector<ServiceStep>{CreateInstances{1, "r"}, DeleteInstance{"a", "u", "why"}}));
  EXPECT_EQ(within_quota(plan, {.servers = 0, .wanted = 4, .message = ""}),
            (std::vector<ServiceStep>{DeleteInstance{"a", "u", "why"}}));
}

}  // namespace
}  // namespace clickdeploy::reconcilers
