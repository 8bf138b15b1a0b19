#include "controller/reconcilers/instance/placement.h"

#include "controller/reconcilers/instance/scrape_address.h"
#include "controller/reconcilers/service/zones.h"
#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

// Two flavors, two zones; the Instance belongs to the second.
Instance placed_instance() {
  Instance instance = sample_instance();
  instance.spec.server.flavors = {{.id = "", .name = "big"}, {.id = "", .name = "small"}};
  instance.spec.server.availability_zones = {"az1", "az2"};
  instance.spec.availability_zone = "az2";
  return instance;
}

const std::vector<openstack::Flavor>& two_flavors() {
  static const std::vector<openstack::Flavor> flavors = {{.id = "f1", .name = "big"},
                                                         {.id = "f2", .name = "small"}};
  return flavors;
}

TEST(Placement, TriesEachFlavorInEachZoneOnceARound) {
  Instance instance = placed_instance();
  std::vector<std::string> tried;
  for (int i = 0; i < 6; ++i) {
    const Placement placement = choose_placement(instance, two_flavors());
    tried.push_back(placement.availability_zone + "/" + placement.flavor);
    EXPECT_EQ(has_untried_placement(instance), i % 4 != 3) << i;
    instance.status.resolved.flavor_id = placement.flavor_id;
    instance.status.resolved.availability_zone = placement.availability_zone;
    note_failed_placement(instance, "No valid host was found.", time_at(i));
    note_failed_placement(instance, "No valid host was found.", time_at(i));
  }
  EXPECT_EQ(tried, (std::vector<std::string>{"az2/big", "az2/small", "az1/big", "az1/small",
                                             "az2/big", "az2/small"}));
  EXPECT_EQ(instance.status.resolved.failed_placements.size(), 2U);
}

TEST(Placement, WithoutZonesTheCloudChooses) {
  Instance instance = sample_instance();
  EXPECT_EQ(choose_placement(instance, {two_flavors().front()}), (Placement{"f1", "big", ""}));
  EXPECT_EQ(count_placements(instance.spec.server), 1U);
  EXPECT_FALSE(has_untried_placement(instance));
}

TEST(Placement, OnlyNoValidHostIsAMatterOfPlacement) {
  EXPECT_TRUE(is_no_valid_host("No valid host was found. There are not enough hosts available."));
  EXPECT_FALSE(is_no_valid_host("Exceeded maximum number of retries."));
  EXPECT_FALSE(is_no_valid_host(""));
}

TEST(Zones, TheOneWithTheFewestOfTheRevisionIsNext) {
  api::v1alpha1::Service service = sample_service();
  EXPECT_EQ(choose_zone(service, {}, "r1"), "");
  service.spec.template_spec.availability_zones = {"az1", "az2", "az3"};
  EXPECT_EQ(choose_zone(service, {}, "r1"), "az1");
  auto in_zone = [](const std::string& zone, const std::string& revision) {
    Instance instance = sample_instance();
    instance.spec.availability_zone = zone;
    instance.metadata.labels[std::string(api::v1alpha1::kRevisionLabel)] = revision;
    return instance;
  };
  std::vector<Instance> there = {in_zone("az1", "r1"), in_zone("az2", "r0")};
  EXPECT_EQ(choose_zone(service, there, "r1"), "az2") << "those of another revision are leaving";
  there.push_back(in_zone("az2", "r1"));
  EXPECT_EQ(choose_zone(service, there, "r1"), "az3");
  there.back().status.resolved.availability_zone = "az3";
  EXPECT_EQ(choose_zone(service, there, "r1"), "az2") << "it ended up elsewhere";
  there.front().metadata.deletion_timestamp = time_at(0);
  EXPECT_EQ(choose_zone(service, there, "r1"), "az1");
}

}  // namespace
}  // namespace clickdeploy::reconcilers
