// What dev tells a person about the fleet.

#include "controller/app/dev_progress_internal.h"
#include "controller/app/dev_screen_internal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Json condition(const char* type, const char* status, const char* message = "") {
  return Json::object(
      {{"type", type}, {"status", status}, {"message", message}, {"observedGeneration", 1}});
}

Json object(const char* kind, const char* name, JsonArray conditions) {
  return Json::object({{"kind", kind},
                       {"metadata", Json::object({{"name", name}, {"generation", 1}})},
                       {"spec", Json::object()},
                       {"status", Json::object({{"conditions", std::move(conditions)}})}});
}

Json instance(const char* phase, const char* scraped = "False") {
  Json made = object("Instance", "web-1", {condition("TargetScraped", scraped, "refused")});
  made.member("status").set("phase", phase);
  made.member("status").set("server", Json::object({{"id", "s-1"}}));
  made.member("status").set("address", "127.20.0.9");
  return made;
}

Json service(std::int64_t ready, std::int64_t monitored) {
  const char* all = ready == 3 ? "True" : "False";
  Json made = object("Service", "web", {condition("Ready", all), condition("RulesLoaded", "True")});
  made.member("spec").set("replicas", 3);
  made.member("status").set("readyReplicas", ready);
  made.member("status").set("monitoredReplicas", monitored);
  return made;
}

FleetView fleet_of(Json one_instance) {
  FleetView fleet;
  fleet.instances.push_back(std::move(one_instance));
  return fleet;
}

TEST(ChangesBetween, TellsEachPhaseOnce) {
  const FleetView creating = fleet_of(instance("Creating"));
  EXPECT_THAT(changes_between({}, creating), ElementsAre("Instance web-1: Creating"));
  EXPECT_THAT(changes_between(creating, creating), IsEmpty());
  EXPECT_THAT(changes_between(creating, fleet_of(instance("Booting"))),
              ElementsAre("Instance web-1: Creating → Booting, server s-1 at 127.20.0.9"));
  EXPECT_THAT(changes_between(creating, {}), ElementsAre("Instance web-1: deleted"));
}

TEST(ChangesBetween, TellsTheStepOfARepair) {
  Json repairing = instance("Repairing");
  repairing.member("status").set("remediation", Json::object({{"step", "SoftReboot"}}));
  Json further = instance("Repairing");
  further.member("status").set("remediation", Json::object({{"step", "HardReboot"}}));
  EXPECT_THAT(changes_between(fleet_of(instance("Running")), fleet_of(repairing)),
              ElementsAre("Instance web-1: Running → Repairing, SoftReboot"));
  EXPECT_THAT(changes_between(fleet_of(repairing), fleet_of(further)),
              ElementsAre("Instance web-1: the next step of the repair, HardReboot"));
}

TEST(ChangesBetween, TellsWhenScrapingBeginsAndEnds) {
  const FleetView before = fleet_of(instance("Running"));
  const FleetView now = fleet_of(instance("Running", "True"));
  EXPECT_THAT(changes_between(before, now), ElementsAre("Instance web-1: scraped by Prometheus"));
  EXPECT_THAT(changes_between(now, before), ElementsAre("Instance web-1: refused"));
}

TEST(ChangesBetween, TellsTheCountsOfAService) {
  FleetView before;
  before.services.push_back(service(1, 0));
  FleetView now;
  now.services.push_back(service(3, 2));
  EXPECT_THAT(changes_between(before, now), ElementsAre("Service web: READY 3/3 MONITORED 2/3"));
}

TEST(IsFleetReady, NeedsEveryServerMonitored) {
  FleetView fleet;
  EXPECT_FALSE(is_fleet_ready(fleet));
  fleet.services.push_back(service(3, 2));
  EXPECT_FALSE(is_fleet_ready(fleet));
  fleet.services.front() = service(3, 3);
  EXPECT_TRUE(is_fleet_ready(fleet));
}

TEST(IsFleetReady, DoesNotTrustConditionsOfAnOlderGeneration) {
  FleetView fleet;
  fleet.services.push_back(service(3, 3));
  fleet.services.front().member("metadata").set("generation", 2);
  EXPECT_FALSE(is_fleet_ready(fleet));
}

TEST(FirstProblem, IsTheFirstBrokenLink) {
  FleetView fleet;
  fleet.services.push_back(service(0, 0));
  EXPECT_EQ(first_problem(fleet).substr(0, 12), "Service web:");
  fleet.clouds.push_back(object("Cloud", "local", {}));
  EXPECT_EQ(first_problem(fleet), "Cloud local: nobody has looked at it yet");
  fleet.clouds.front() =
      object("Cloud", "local",
             {condition("Ready", "False", "no"), condition("IdentityVerified", "True"),
              condition("AuthenticationSucceeded", "False", "the password is wrong")});
  EXPECT_EQ(first_problem(fleet), "Cloud local: the password is wrong");
}

TEST(FormatTable, MakesColumnsAsWideAsTheirCells) {
  EXPECT_EQ(format_table({{"NAME", "UP"}, {"größer", "1"}}, "  "),
            "  NAME     UP\n"
            "  größer   1");
}

}  // namespace
}  // namespace clickdeploy::app
