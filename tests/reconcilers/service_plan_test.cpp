#include "controller/reconcilers/service/service_plan.h"

#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace clickdeploy::reconcilers {
namespace {

using api::ConditionStatus;
using api::v1alpha1::Service;

constexpr ConditionStatus kNo = ConditionStatus::False;
constexpr ConditionStatus kUnknown = ConditionStatus::Unknown;

ServiceObserved observed_with(std::vector<Instance> instances) {
  ServiceObserved observed;
  observed.instances = std::move(instances);
  observed.agents = sample_policy().spec.agents;
  observed.project_id = "project-1";
  return observed;
}

std::string revision_now() {
  return service_revision(sample_service(), observed_with({}));
}

Instance updated(Instance instance, const Service& service, const ServiceObserved& observed) {
  return updated_in_place(std::move(instance), service, observed,
                          service_revision(service, observed));
}

// Of the Service's revision now; older numbers are older.
Instance fresh(int number, ConditionStatus ready = ConditionStatus::True) {
  Instance instance = sample_instance();
  instance.metadata.name = "web-" + std::to_string(number);
  instance.metadata.uid = "uid-" + std::to_string(number);
  instance.metadata.creation_timestamp = time_at(number);
  instance.metadata.labels[std::string(api::v1alpha1::kRevisionLabel)] = revision_now();
  put_condition(instance.status.conditions, "Ready", ready);
  return instance;
}

Instance old(int number, ConditionStatus ready = ConditionStatus::True) {
  Instance instance = fresh(number, ready);
  instance.metadata.labels[std::string(api::v1alpha1::kRevisionLabel)] = "00000000";
  return instance;
}

Instance going(Instance instance) {
  instance.metadata.deletion_timestamp = time_at(0);
  return instance;
}

std::vector<std::string> plan(const Service& service, const ServiceObserved& observed) {
  std::vector<std::string> steps;
  for (const ServiceStep& step : plan_service(service, observed)) {
    if (const auto* create = std::get_if<CreateInstances>(&step)) {
      steps.push_back("create " + std::to_string(create->count));
    } else if (const auto* gone = std::get_if<DeleteInstance>(&step)) {
      steps.push_back("delete " + gone->name);
    } else if (const auto* update = std::get_if<UpdateInstance>(&step)) {
      steps.push_back("update " + update->name);
    } else {
      steps.push_back("drop finalizers");
    }
  }
  return steps;
}

// By a person, to go first.
Instance marked(Instance instance) {
  instance.metadata.annotations[std::string(api::v1alpha1::kDeleteFirstAnnotation)] = "true";
  return instance;
}

Service service_of(std::int64_t replicas, std::int64_t surge = 1, std::int64_t unavailable = 0) {
  Service service = sample_service();
  service.spec.replicas = replicas;
  service.spec.rollout = {surge, unavailable};
  return service;
}

struct PlanCase {
  std::string name;
  Service service;
  std::vector<Instance> instances;
  std::vector<std::string> want;
};

void expect(const std::vector<PlanCase>& cases) {
  for (const PlanCase& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(plan(c.service, observed_with(c.instances)), c.want);
  }
}

TEST(PlanService, ScalesToTheReplicas) {
  expect({
      {"FromNothing", service_of(3), {}, {"create 3"}},
      {"InSync", service_of(2), {fresh(1), fresh(2)}, {}},
      {"InSyncThoughNotReady", service_of(2), {fresh(1, kNo), fresh(2, kNo)}, {}},
      {"Up", service_of(3), {fresh(1)}, {"create 2"}},
      {"ThoseThatGoDoNotCount", service_of(2), {fresh(1), going(fresh(2))}, {"create 1"}},
      {"DownTheOldestFirst",
       service_of(1),
       {fresh(2), fresh(1), fresh(3)},
       {"delete web-1", "delete web-2"}},
      {"DownTheUnreadyFirst", service_of(2), {fresh(1), fresh(2), fresh(3, kNo)}, {"delete web-3"}},
      {"ToZero", service_of(0), {fresh(1), fresh(2)}, {"delete web-1", "delete web-2"}},
  });
}

TEST(PlanService, ChoosesWhoGoes) {
  Service newest = service_of(2);
  newest.spec.deletion.order = "Newest";
  expect({
      {"TheOldest", service_of(2), {fresh(2), fresh(1), fresh(3)}, {"delete web-1"}},
      {"TheNewest", newest, {fresh(2), fresh(1), fresh(3)}, {"delete web-3"}},
      {"TheUnreadyBeforeThat", newest, {fresh(1, kNo), fresh(2), fresh(3)}, {"delete web-1"}},
      {"TheUnknownAfterTheUnready",
       service_of(1),
       {fresh(1), fresh(2, kUnknown), fresh(3, kNo)},
       {"delete web-3", "delete web-2"}},
      {"TheMarkedBeforeAll",
       service_of(2),
       {fresh(1), fresh(2, kNo), marked(fresh(3))},
       {"delete web-3"}},
      {"InARolloutToo", service_of(2), {old(1), marked(old(2)), fresh(3)}, {"delete web-2"}},
  });
}

Service paused_rollout(std::int64_t replicas) {
  Service service = service_of(replicas);
  service.spec.rollout.paused = true;
  return service;
}

TEST(PlanService, AHeldRolloutReplacesNobodyAndKeepsTheSize) {
  Service failed = service_of(2);
  failed.status.rollout.state = "Failed";
  expect({
      {"NoNewOne", paused_rollout(2), {old(1), old(2)}, {}},
      {"NoOldOneGoes", paused_rollout(2), {old(1), old(2), fresh(3)}, {}},
      {"NorWhenItHasFailed", failed, {old(1), old(2), fresh(3)}, {}},
      {"ScaledUp", paused_rollout(4), {old(1), old(2), fresh(3)}, {"create 1"}},
      {"ScaledDown", paused_rollout(1), {old(1), old(2), fresh(3, kNo)}, {"delete web-3"}},
      {"ToZero", paused_rollout(0), {old(1), fresh(3)}, {"delete web-1", "delete web-3"}},
      {"TheFirstOnesAreNoRollout", paused_rollout(2), {}, {"create 2"}},
  });
}

TEST(PlanService, AHeldRolloutGrowsByWhatWasCompleteLast) {
  const Service service = paused_rollout(3);
  ServiceObserved observed = observed_with({old(1), old(2)});
  Service completed = service;
  completed.spec.template_spec.image.name = "the-one-before";
  observed.completed = std::make_shared<const Service>(completed);
  const std::vector<ServiceStep> steps = plan_service(service, observed);
  ASSERT_EQ(steps.size(), 1U);
  const auto* create = std::get_if<CreateInstances>(&steps[0]);
  ASSERT_NE(create, nullptr);
  EXPECT_TRUE(create->of_completed);
  EXPECT_EQ(create->revision, service_revision(completed, observed));
}

TEST(PlanService, LabelsAndScrapingChangeInPlace) {
  Service service = service_of(1);
  service.spec.template_labels["app"] = "web";
  EXPECT_EQ(plan(service, observed_with({fresh(1)})), (std::vector<std::string>{"update web-1"}));
  Instance labelled = fresh(1);
  labelled.metadata.labels["app"] = "web";
  labelled.metadata.labels["somebody"] = "else";
  EXPECT_TRUE(plan(service, observed_with({labelled})).empty());
  service.spec.template_spec.networks[0].scrape = true;
  EXPECT_EQ(plan(service, observed_with({labelled})), (std::vector<std::string>{"update web-1"}));
  EXPECT_TRUE(updated(labelled, service, observed_with({})).spec.server.networks[0].scrape);
}

TEST(PlanService, MetadataAndGroupsOfPortsChangeInPlace) {
  Service service = service_of(1);
  const std::string before = service_revision(service, observed_with({}));
  service.spec.template_spec.metadata = {{"owner", "shop"}};
  api::v1alpha1::NetworkAttachment& network = service.spec.template_spec.networks[0];
  network.security_groups = {{"", "web"}};
  network.allowed_address_pairs = {{"10.0.0.100", ""}};
  EXPECT_EQ(service_revision(service, observed_with({})), before);
  const Instance running = fresh(1);
  EXPECT_EQ(plan(service, observed_with({running})), (std::vector<std::string>{"update web-1"}));
  const Instance now = updated(running, service, observed_with({running}));
  EXPECT_EQ(now.spec.server, service.spec.template_spec);
  EXPECT_TRUE(plan(service, observed_with({now})).empty());
  // A server of an older revision is left to the rollout.
  const Instance replaced = old(2);
  const Instance kept = updated(replaced, service, observed_with({replaced}));
  EXPECT_EQ(kept.spec.server, replaced.spec.server);
}

TEST(PlanService, WhatBecomesOfAVolumeChangesInPlaceItsSizeDoesNot) {
  Service service = service_of(1);
  service.spec.template_spec.root_volume = {.size_gib = 10};
  service.spec.template_spec.volumes = {{.name = "data", .size_gib = 20}};
  const std::string before = service_revision(service, observed_with({}));
  Instance running = fresh(1);
  running.spec.server = service.spec.template_spec;
  running.metadata.labels[std::string(api::v1alpha1::kRevisionLabel)] = before;
  service.spec.template_spec.root_volume->deletion_policy = "Keep";
  service.spec.template_spec.volumes[0].deletion_policy = "Keep";
  EXPECT_EQ(service_revision(service, observed_with({})), before);
  EXPECT_EQ(plan(service, observed_with({running})), (std::vector<std::string>{"update web-1"}));
  const Instance now = updated(running, service, observed_with({running}));
  EXPECT_EQ(now.spec.server, service.spec.template_spec);
  service.spec.template_spec.volumes[0].size_gib = 21;
  EXPECT_NE(service_revision(service, observed_with({})), before);
}

// What locks an agent goes along with its policy.
TEST(PlanService, AnAgentThatNoPolicyWantsIsNotPutOnAServerThatIsStillToBeMade) {
  const Service service = service_of(1);
  const api::v1alpha1::AgentSpec agent{.name = "node-exporter"};
  const auto agents_after = [&](const std::string& claim,
                                std::vector<api::v1alpha1::AgentSpec> wanted,
                                const std::string& waiting_for = "") {
    Instance instance = fresh(1, kNo);
    instance.spec.agents = {agent};
    instance.status.claim.state = claim;
    instance.status.server.id = claim == "Confirmed" ? "server-1" : "";
    ServiceObserved observed = observed_with({instance});
    observed.agents = std::move(wanted);
    observed.waiting_for = waiting_for;
    return updated(instance, service, observed).spec.agents.size();
  };
  EXPECT_EQ(agents_after("", {}), 0U);
  EXPECT_EQ(agents_after("Intended", {}), 0U);
  EXPECT_EQ(agents_after("Intended", {agent}), 1U);
  EXPECT_EQ(agents_after("Uncertain", {}), 1U);
  EXPECT_EQ(agents_after("Confirmed", {}), 1U);
  EXPECT_EQ(agents_after("Intended", {}, "the policies are not observed yet"), 1U);
}

TEST(PlanService, RollsOutWithinSurgeAndUnavailable) {
  expect({
      {"SurgeFirst", service_of(2), {old(1), old(2)}, {"create 1"}},
      {"WaitsForTheNewOne", service_of(2), {old(1), old(2), fresh(3, kNo)}, {}},
      {"ThenOneOldGoes", service_of(2), {old(1), old(2), fresh(3)}, {"delete web-1"}},
      {"ThenTheNext", service_of(2), {old(2), fresh(3)}, {"create 1"}},
      {"TheLast", service_of(2), {old(2), fresh(3), fresh(4)}, {"delete web-2"}},
      {"UnavailableInsteadOfSurge", service_of(2, 0, 1), {old(1), old(2)}, {"delete web-1"}},
      {"OneUnavailableIsEnough", service_of(2, 0, 1), {old(2), fresh(3, kNo)}, {}},
      {"BothTogether",
       service_of(4, 2, 1),
       {old(1), old(2), old(3), old(4)},
       {"create 2", "delete web-1"}},
      {"UnreadyOldOnesGoFirst",
       service_of(3),
       {old(1), old(2, kNo), old(3), fresh(4)},
       {"delete web-2"}},
      {"ButNotBeforeTheNewOneIsReady",
       service_of(3),
       {old(1), old(2, kNo), old(3), fresh(4, kNo)},
       {}},
      // All may serve, and only their monitoring be broken: the fleet is not thrown away.
      {"AnUnmonitoredFleetGoesOneByOne",
       service_of(4),
       {old(1, kNo), old(2, kNo), old(3, kNo), old(4, kNo), fresh(5, kNo)},
       {}},
      {"EvenWithUnavailable",
       service_of(4, 1, 1),
       {old(1, kNo), old(2, kNo), old(3, kNo), old(4, kNo), fresh(5, kNo)},
       {"delete web-1"}},
      {"TheUnreadyStayWhileNothingIsThere",
       service_of(2),
       {old(1, kNo), old(2, kNo)},
       {"create 1"}},
      {"ScaledDownInARollout", service_of(1), {old(1), fresh(2)}, {"delete web-1"}},
  });
}

// When Prometheus or the cloud cannot be observed, nobody knows who serves: nothing old is deleted.
TEST(PlanService, ARolloutWaitsWhileReadinessIsUnknown) {
  expect({
      {"OldOnesMayServe",
       service_of(2),
       {old(1, kUnknown), old(2, kUnknown), fresh(3, kUnknown)},
       {}},
      {"EvenIfOneMayBeUnavailable", service_of(2, 0, 1), {old(1, kUnknown), old(2, kUnknown)}, {}},
      {"NorAnUnreadyOneBeforeANewOneIsReady",
       service_of(2),
       {old(1, kUnknown), old(2, kNo), fresh(3, kUnknown)},
       {}},
      {"TheUnreadyGoesWhenOneIs",
       service_of(2),
       {old(1, kUnknown), old(2, kNo), fresh(3)},
       {"delete web-2"}},
      {"ScaledToZeroIsScaledToZero", service_of(0), {old(1, kUnknown)}, {"delete web-1"}},
  });
}

TEST(PlanService, AWholeRolloutNeverHasTooFewOrTooMany) {
  for (auto [surge, unavailable] :
       std::vector<std::pair<int, int>>{{1, 0}, {0, 1}, {2, 1}, {4, 0}}) {
    SCOPED_TRACE(std::to_string(surge) + "/" + std::to_string(unavailable));
    const Service service = service_of(4, surge, unavailable);
    std::vector<Instance> instances{old(1), old(2), old(3), old(4)};
    int number = 10;
    int rounds = 0;
    for (; rounds < 30; ++rounds) {
      const auto steps = plan_service(service, observed_with(instances));
      if (steps.empty()) break;
      for (Instance& instance : instances) {  // what was made a round ago is ready now
        put_condition(instance.status.conditions, "Ready", ConditionStatus::True);
      }
      for (const ServiceStep& step : steps) {
        if (const auto* create = std::get_if<CreateInstances>(&step)) {
          for (int i = 0; i < create->count; ++i) instances.push_back(fresh(++number, kNo));
        } else if (const auto* gone = std::get_if<DeleteInstance>(&step)) {
          std::erase_if(instances,
                        [&](const auto& one) { return one.metadata.name == gone->name; });
        }
      }
      const auto ready =
          std::ranges::count_if(instances, [](const auto& i) { return is_ready(i); });
      EXPECT_GE(ready, 4 - unavailable);
      EXPECT_LE(instances.size(), static_cast<std::size_t>(4 + surge));
      for (Instance& instance : instances) {
        put_condition(instance.status.conditions, "Ready", ConditionStatus::True);
      }
    }
    EXPECT_LT(rounds, 30);
    EXPECT_EQ(instances.size(), 4u);
    for (const Instance& instance : instances) {
      EXPECT_TRUE(is_up_to_date(instance, observed_with({}), revision_now()));
    }
  }
}

TEST(PlanService, AgentsAddedReplaceAndAgentsRemovedDoNot) {
  ServiceObserved more = observed_with({fresh(1)});
  more.agents.push_back({.name = "cadvisor", .version = "0.44", .port = 8080});
  EXPECT_EQ(plan(service_of(1), more), (std::vector<std::string>{"create 1"}));
  Instance running = fresh(1);
  running.status.claim.state = "Confirmed";
  running.status.server.id = "server-1";
  ServiceObserved none = observed_with({running});
  none.agents.clear();
  EXPECT_EQ(plan(service_of(1), none), (std::vector<std::string>{}));
  ServiceObserved newer = observed_with({fresh(1)});
  newer.agents[0].version = "1.6.0";
  EXPECT_EQ(plan(service_of(1), newer), (std::vector<std::string>{"create 1"}));
}

TEST(PlanService, TheRevisionIsWhatAServerIsMadeFrom) {
  const ServiceObserved observed = observed_with({});
  const Service base = sample_service();
  const std::string revision = service_revision(base, observed);
  EXPECT_EQ(revision.size(), 8u);
  auto changed = [&](auto change) {
    Service service = base;
    change(service);
    return service_revision(service, observed) != revision;
  };
  EXPECT_TRUE(changed([](Service& s) { s.spec.template_spec.image.name = "debian"; }));
  EXPECT_TRUE(changed([](Service& s) { s.spec.cloud_ref.name = "other"; }));
  EXPECT_TRUE(changed([](Service& s) { s.spec.template_spec.user_data.inline_text = "#x"; }));
  EXPECT_TRUE(changed([](Service& s) { s.spec.template_annotations["restartedAt"] = "now"; }));
  EXPECT_FALSE(changed([](Service& s) { s.spec.template_labels["app"] = "web"; }));
  EXPECT_FALSE(changed([](Service& s) { s.spec.template_spec.networks[0].scrape = true; }));
  EXPECT_FALSE(changed([](Service& s) { s.spec.replicas = 9; }));
  EXPECT_FALSE(changed([](Service& s) { s.spec.remediation.enabled = false; }));
  EXPECT_FALSE(changed([](Service& s) { s.spec.rollout.max_surge = 3; }));
  EXPECT_FALSE(changed([](Service& s) { s.metadata.labels["a"] = "b"; }));
  // A newer Click Deploy must not replace a fleet for nothing: this stays as it is.
  EXPECT_EQ(revision, "ab52e329");
  ServiceObserved other = observed;
  other.project_id = "project-2";
  EXPECT_NE(service_revision(base, other), revision);
}

TEST(PlanService, PausedDoesNothing) {
  Service service = service_of(4);
  service.spec.paused = true;
  EXPECT_TRUE(plan(service, observed_with({old(1)})).empty());
}

TEST(PlanService, WithoutACloudNothingIsCreatedNorReplaced) {
  ServiceObserved waiting = observed_with({old(1), old(2)});
  waiting.waiting_for = "Cloud shop/prod does not exist";
  EXPECT_TRUE(plan(service_of(2, 1, 0), waiting).empty());
  EXPECT_TRUE(plan(service_of(2, 0, 1), waiting).empty());
  EXPECT_EQ(plan(service_of(0), waiting),
            (std::vector<std::string>{"delete web-1", "delete web-2"}));
}

TEST(PlanService, RemediationSettingsReachTheInstancesInPlace) {
  Service service = service_of(1);
  service.spec.remediation.max_retries = 9;
  EXPECT_EQ(plan(service, observed_with({fresh(1)})), (std::vector<std::string>{"update web-1"}));
}

TEST(PlanService, DeletionEndsWhenNothingIsLeft) {
  Service service = service_of(2);
  service.metadata.deletion_timestamp = time_at(0);
  Service released = service;
  released.metadata.finalizers.clear();
  ServiceObserved known = observed_with({});
  known.targets_left = "Prometheus still knows http://10.0.0.5:9100/metrics";
  EXPECT_EQ(plan(service, observed_with({fresh(1), going(old(2))})),
            (std::vector<std::string>{"delete web-1"}));
  EXPECT_TRUE(plan(service, observed_with({going(fresh(1))})).empty());
  EXPECT_TRUE(plan(service, known).empty());
  EXPECT_EQ(plan(service, observed_with({})), (std::vector<std::string>{"drop finalizers"}));
  EXPECT_TRUE(plan(released, observed_with({})).empty());
}

TEST(MakeInstance, CarriesEverythingOfItsService) {
  Service service = sample_service();
  service.metadata.name = std::string(63, 'a');
  service.spec.template_labels = {{"app", "web"}};
  const Instance instance = make_instance(service, observed_with({}), "12345678", "x2x9");
  EXPECT_EQ(instance.metadata.name, std::string(48, 'a') + "-1234-x2x9");
  EXPECT_LE(instance.metadata.name.size(), 63u);
  EXPECT_EQ(instance.metadata.labels.at("app"), "web");
  EXPECT_EQ(instance.metadata.labels.at("clickdeploy.io/revision"), "12345678");
  EXPECT_TRUE(instance.metadata.has_finalizer(api::v1alpha1::kCloudFinalizer));
  ASSERT_EQ(instance.metadata.owner_references.size(), 1u);
  EXPECT_EQ(instance.metadata.owner_references[0].uid, "service-uid");
  EXPECT_TRUE(instance.metadata.owner_references[0].controller);
  EXPECT_EQ(instance.spec.project_id, "project-1");
  EXPECT_EQ(instance.spec.server, service.spec.template_spec);
  EXPECT_EQ(instance.spec.agents, sample_policy().spec.agents);
}

// A name may end in a dash where it is cut; the one made from it must still be a host's name.
TEST(MakeInstance, ACutNameStaysAName) {
  Service service = sample_service();
  service.metadata.name = std::string(47, 'a') + "-b" + std::string(10, 'c');
  const Instance instance = make_instance(service, observed_with({}), "12345678", "x2x9");
  EXPECT_EQ(instance.metadata.name, std::string(47, 'a') + "--1234-x2x9");
}

TEST(IsMonitored, NeedsTheWholeChain) {
  Instance instance = sample_instance();
  make_ready(instance);
  EXPECT_TRUE(is_monitored(instance));
  for (const char* type : {"Ready", "AgentsHealthy", "TargetPublished", "TargetScraped"}) {
    SCOPED_TRACE(type);
    Instance broken = instance;
    put_condition(broken.status.conditions, type, ConditionStatus::Unknown);
    EXPECT_FALSE(is_monitored(broken));
  }
  Instance bare = instance;
  bare.spec.agents.clear();
  EXPECT_FALSE(is_monitored(bare));
}

}  // namespace
}  // namespace clickdeploy::reconcilers
