#include "controller/reconcilers/instance/expected_down.h"

#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

using api::v1alpha1::Instance;

std::string reason(void (*change)(Instance&)) {
  Instance instance = running_instance();
  change(instance);
  const auto down = expected_down(instance);
  return down ? down->reason : "";
}

TEST(ExpectedDown, IsWhatTheControllerTakesDownItself) {
  EXPECT_EQ(reason([](Instance&) {}), "");
  EXPECT_EQ(reason([](Instance& i) { i.status.phase = "Unhealthy"; }), "");
  EXPECT_EQ(reason([](Instance& i) { i.status.phase = "Stopped"; }), "");
  EXPECT_EQ(reason([](Instance& i) { i.status.phase = "Booting"; }), "Booting");
  EXPECT_EQ(reason([](Instance& i) { i.status.remediation.step = "SoftReboot"; }), "Repairing");
  EXPECT_EQ(reason([](Instance& i) { i.metadata.deletion_timestamp = "2026-11-22T10:00:00Z"; }),
            "Deleting");
  EXPECT_EQ(reason([](Instance& i) {
              i.status.phase = "Creating";
              i.status.server.id.clear();
            }),
            "");
}

TEST(ExpectedDown, CarriesTheLabelsOfTheTargets) {
  Instance instance = running_instance();
  instance.status.phase = "Booting";
  const auto down = expected_down(instance);
  ASSERT_TRUE(down);
  EXPECT_EQ(down->instance_id, instance.status.server.id);
  EXPECT_EQ(down->service_id, instance.metadata.owner_references.front().uid);
  EXPECT_EQ(down->service, instance.spec.service_name);
  EXPECT_EQ(down->instance_name, instance.metadata.name);
  EXPECT_EQ(down->namespace_name, instance.metadata.namespace_name);
}

}  // namespace
}  // namespace clickdeploy::reconcilers
