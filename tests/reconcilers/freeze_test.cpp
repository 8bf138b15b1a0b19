#include "controller/reconcilers/cloud/cloud_reconciler.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

using api::v1alpha1::Cloud;

openstack::Identity project(const std::string& id) {
  openstack::Identity identity;
  identity.project_id = id;
  return identity;
}

TEST(PlanFreeze, TheProjectMustBeTheOneThatIsPinned) {
  Cloud fresh;
  EXPECT_EQ(plan_freeze(fresh, project("a"), {}), "");
  Cloud seen_before;
  seen_before.status.identity.project_id = "a";
  EXPECT_EQ(plan_freeze(seen_before, project("a"), {}), "");
  EXPECT_NE(plan_freeze(seen_before, project("b"), {}).find("project b"), std::string::npos);
  Cloud pinned = seen_before;
  pinned.spec.identity_project_id = "b";  // the spec's word is above what was seen
  EXPECT_EQ(plan_freeze(pinned, project("b"), {}), "");
  EXPECT_NE(plan_freeze(pinned, project("a"), {}), "");
}

TEST(PlanFreeze, AFleetThatIsSuddenlyMissingIsNotBelieved) {
  struct Row {
    std::string threshold;
    FleetCount fleet;
    bool frozen;
  };
  for (const Row& row : {
           Row{"20%", {0, 0}, false},
           Row{"20%", {1, 1}, false},  // one is always believed
           Row{"20%", {2, 2}, true},
           Row{"20%", {10, 2}, false},
           Row{"20%", {10, 3}, true},
           Row{"20%", {1'000, 200}, false},
           Row{"20%", {1'000, 201}, true},
           Row{"100%", {10, 10}, false},
           Row{"0%", {10, 1}, false},
       }) {
    SCOPED_TRACE(row.threshold + " " + std::to_string(row.fleet.missing));
    Cloud cloud;
    cloud.spec.missing_fleet_threshold = row.threshold;
    EXPECT_EQ(!plan_freeze(cloud, project("a"), row.fleet).empty(), row.frozen);
  }
}

}  // namespace
}  // namespace clickdeploy::reconcilers
