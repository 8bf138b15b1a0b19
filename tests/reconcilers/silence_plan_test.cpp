#include "controller/reconcilers/metrics_backend/silence_plan.h"

#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

using api::v1alpha1::MonitoringPolicy;
using api::v1alpha1::Service;
using prometheus::Silence;

constexpr const char* kOwner = "01234567/shop/main";
const api::ObjectKey kMain{"shop", "main"};

const std::vector<WantedSilence> kWanted = {{"shop", "web", "web-1", "Repairing"}};

// The one that a plan makes for `kWanted`, as Alertmanager has it afterwards.
Silence placed(std::int64_t seconds) {
  const auto steps = plan_silences(kOwner, kWanted, {}, at(seconds));
  Silence silence = std::get<PutSilence>(steps.at(0)).silence;
  silence.id = "abc";
  silence.state = "active";
  return silence;
}

std::vector<SilenceStep> plan(const std::vector<WantedSilence>& wanted,
                              const std::vector<Silence>& existing, std::int64_t seconds) {
  return plan_silences(kOwner, wanted, existing, at(seconds));
}

using Steps = std::vector<SilenceStep>;

TEST(PlanSilences, ANewOneIsOfOneInstanceSaysWhyAndEndsByItself) {
  const Steps steps = plan(kWanted, {}, 0);
  ASSERT_EQ(steps.size(), 1u);
  const Silence& silence = std::get<PutSilence>(steps[0]).silence;
  EXPECT_EQ(silence.id, "");
  EXPECT_EQ(silence.matchers,
            (std::vector<prometheus::Matcher>{
                {"instance_name", "web-1"}, {"namespace", "shop"}, {"service", "web"}}));
  EXPECT_EQ(silence.created_by, "click-deploy");
  EXPECT_EQ(silence.comment,
            "Instance shop/web-1: Repairing, by the controller itself. [click-deploy "
            "01234567/shop/main]");
  EXPECT_EQ(silence.starts_at, at(0));
  EXPECT_EQ(silence.ends_at, at(600));
}

TEST(PlanSilences, OneThatLastsIsLeftAloneAndExtendedInTime) {
  EXPECT_EQ(plan(kWanted, {placed(0)}, 300), Steps());
  const Steps steps = plan(kWanted, {placed(0)}, 301);
  ASSERT_EQ(steps.size(), 1u);
  const Silence& silence = std::get<PutSilence>(steps[0]).silence;
  EXPECT_EQ(silence.id, "abc");
  EXPECT_EQ(silence.starts_at, at(0));  // with another one Alertmanager would make a new silence
  EXPECT_EQ(silence.ends_at, at(901));
}

TEST(PlanSilences, WhatIsDoneOrLeftFromACrashIsRemoved) {
  EXPECT_EQ(plan({}, {placed(0)}, 10), Steps{ExpireSilence{"abc"}});
}

TEST(PlanSilences, OneThatHasEndedIsNotThere) {
  Silence ended = placed(0);
  ended.state = "expired";
  EXPECT_EQ(plan({}, {ended}, 700), Steps());
  EXPECT_EQ(plan(kWanted, {ended}, 700).size(), 1u);
}

TEST(PlanSilences, SurplusOnesGoAndTheLongestStays) {
  Silence later = placed(60);
  later.id = "later";
  EXPECT_EQ(plan(kWanted, {placed(0), later}, 70), Steps{ExpireSilence{"abc"}});
  EXPECT_EQ(plan(kWanted, {later, placed(0)}, 70), Steps{ExpireSilence{"abc"}});
  Silence equal = placed(0);
  equal.id = "equal";
  EXPECT_EQ(plan(kWanted, {placed(0), equal}, 70), Steps{ExpireSilence{"equal"}});
}

struct Foreign {
  std::string name;
  void (*change)(Silence&);
};

TEST(PlanSilences, ThoseOfOthersAreNeverTouched) {
  for (const Foreign& foreign : {
           Foreign{"APerson", [](Silence& s) { s.created_by = "anna"; }},
           Foreign{"NoMark", [](Silence& s) { s.comment = "planned work"; }},
           Foreign{"AnotherDatabase",
                   [](Silence& s) { s.comment = "x [click-deploy 89abcdef/shop/main]"; }},
           Foreign{"AnotherBackend",
                   [](Silence& s) { s.comment = "x [click-deploy 01234567/shop/second]"; }},
       }) {
    SCOPED_TRACE(foreign.name);
    Silence silence = placed(0);
    foreign.change(silence);
    EXPECT_EQ(plan({}, {silence}, 10), Steps());
    // Nor do they stand for ours.
    EXPECT_EQ(plan(kWanted, {silence}, 10).size(), 1u);
    EXPECT_TRUE(std::holds_alternative<PutSilence>(plan(kWanted, {silence}, 10)[0]));
  }
}

// One Service with one Instance that is being repaired.
struct World {
  MonitoringPolicy policy = sample_policy();
  Instance instance = running_instance();

  World() {
    policy.spec.silence_during_actions = true;
    instance.status.remediation.step = "SoftReboot";
  }

  std::vector<WantedSilence> wanted() const {
    MonitoringInput input;
    Service service = sample_service();
    Instance owned = instance;
    owned.spec.service_name = "web";
    api::OwnerReference owner;
    owner.uid = service.metadata.uid;
    owned.metadata.owner_references = {owner};
    input.policies = {std::make_shared<const MonitoringPolicy>(policy)};
    input.services = {std::make_shared<const Service>(service)};
    input.instances = {std::make_shared<const Instance>(owned)};
    input.backends = {std::make_shared<const api::v1alpha1::MetricsBackend>(sample_backend())};
    return wanted_silences(kMain, input);
  }
};

TEST(WantedSilences, AreOfInstancesThatWeTakeDownOurselves) {
  World world;
  EXPECT_EQ(world.wanted(), (std::vector<WantedSilence>{{"shop", "web", "web-1", "Repairing"}}));
  world.instance.status.remediation.step.clear();
  EXPECT_EQ(world.wanted(), std::vector<WantedSilence>());
}

TEST(WantedSilences, OnlyWhereThePolicyAsksForThem) {
  World world;
  world.policy.spec.silence_during_actions = false;
  EXPECT_EQ(world.wanted(), std::vector<WantedSilence>());
}

TEST(WantedSilences, OnlyAtThePolicysBackend) {
  World world;
  world.policy.spec.backend_ref.name = "second";
  EXPECT_EQ(world.wanted(), std::vector<WantedSilence>());
}

}  // namespace
}  // namespace clickdeploy::reconcilers
