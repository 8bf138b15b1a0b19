// The chain logic alone: from objects to the first broken link.

#include "controller/cli/why_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace clickdeploy::cli {
namespace {

using api::Condition;
using api::ConditionStatus;
using ::testing::HasSubstr;

void set(api::Conditions& conditions, const std::string& type, ConditionStatus status,
         const std::string& message = "m", std::int64_t generation = 1) {
  Condition condition;
  condition.type = type;
  condition.status = status;
  condition.reason = "Reason";
  condition.message = message;
  condition.observed_generation = generation;
  api::set_condition(conditions, std::move(condition), "2026-11-22T12:00:00Z");
}

api::v1alpha1::Instance good_instance(const std::string& name) {
  api::v1alpha1::Instance instance;
  instance.metadata.name = name;
  instance.metadata.namespace_name = "shop";
  instance.metadata.generation = 1;
  instance.spec.cloud_ref = {"prod", ""};
  instance.spec.service_name = "web";
  instance.status.claim.state = "Confirmed";
  for (const char* type : {"Ready", "InfrastructureReady", "BootstrapSucceeded", "AgentsHealthy",
                           "TargetPublished", "TargetScraped"}) {
    set(instance.status.conditions, type, ConditionStatus::True);
  }
  return instance;
}

ServiceFacts good_service() {
  ServiceFacts facts;
  facts.service.metadata.name = "web";
  facts.service.metadata.namespace_name = "shop";
  facts.service.metadata.generation = 1;
  facts.service.spec.cloud_ref = {"prod", ""};
  facts.service.status.policies = {{"shop/base", 1}};
  for (const char* type : {"InstancesReady", "AgentsHealthy", "TargetsScraped", "RulesLoaded"}) {
    set(facts.service.status.conditions, type, ConditionStatus::True);
  }
  facts.cloud.emplace();
  set(facts.cloud->status.conditions, "Ready", ConditionStatus::True);
  facts.policy.emplace();
  facts.policy->metadata.name = "base";
  facts.policy->metadata.namespace_name = "shop";
  set(facts.policy->status.conditions, "Accepted", ConditionStatus::True);
  set(facts.policy->status.conditions, "RulesLoaded", ConditionStatus::True);
  facts.backend.emplace();
  set(facts.backend->status.conditions, "TargetsDelivered", ConditionStatus::True);
  facts.instances = {good_instance("web-a")};
  return facts;
}

struct ServiceCase {
  std::string name;
  std::function<void(ServiceFacts&)> change;
  std::string first;  // the first broken link; "" if all hold
  LinkState state = LinkState::Broken;
  std::string evidence;  // a part of it
};

TEST(WhyChain, NamesTheFirstBrokenLinkOfAService) {
  const std::vector<ServiceCase> cases = {
      {"AllHold", [](ServiceFacts&) {}, "", LinkState::Holds, ""},
      {"NotLookedAtYet",
       [](ServiceFacts& f) {
         f.service.status = {};
         f.policy.reset();
       },
       "policy selected", LinkState::Unknown, "no controller has looked"},
      {"NoPolicy",
       [](ServiceFacts& f) {
         f.service.status.policies.clear();
         f.policy.reset();
         f.backend.reset();
       },
       "policy selected", LinkState::Broken, "no MonitoringPolicy selects"},
      {"PolicyGone", [](ServiceFacts& f) { f.policy.reset(); }, "policy selected",
       LinkState::Broken, "shop/base is gone"},
      {"PolicyRefused",
       [](ServiceFacts& f) {
         set(f.policy->status.conditions, "Accepted", ConditionStatus::False, "bad rule");
       },
       "policy selected", LinkState::Broken, "bad rule"},
      {"CloudMissing", [](ServiceFacts& f) { f.cloud.reset(); }, "cloud ready", LinkState::Broken,
       "Cloud shop/prod does not exist"},
      {"CloudBeforeInstances",
       [](ServiceFacts& f) {
         set(f.cloud->status.conditions, "Ready", ConditionStatus::Unknown, "no answer");
         set(f.service.status.conditions, "InstancesReady", ConditionStatus::False);
       },
       "cloud ready", LinkState::Unknown, "no answer"},
      {"Instances",
       [](ServiceFacts& f) {
         set(f.service.status.conditions, "InstancesReady", ConditionStatus::False, "0/1 ready");
       },
       "instances", LinkState::Broken, "0/1 ready"},
      {"AlertFires",
       [](ServiceFacts& f) {
         set(f.service.status.conditions, "AlertsObserved", ConditionStatus::True, "1 alerts fire");
         f.service.status.alerts = {1,
                                    0,
                                    {{.name = "DiskFull",
                                      .severity = "page",
                                      .instance = "web-a",
                                      .state = "Firing",
                                      .summary = "/ is full"}}};
       },
       "alerts", LinkState::Broken, "DiskFull of Instance web-a: / is full"},
      {"AlertIsOnlyPending",
       [](ServiceFacts& f) {
         set(f.service.status.conditions, "AlertsObserved", ConditionStatus::True, "0 alerts fire");
         f.service.status.alerts = {0, 1, {{.name = "DiskFull", .state = "Pending"}}};
       },
       "", LinkState::Holds, ""},
      {"AlertsNotKnown",
       [](ServiceFacts& f) {
         set(f.service.status.conditions, "AlertsObserved", ConditionStatus::Unknown, "no answer");
         f.service.status.alerts = {1, 0, {{.name = "DiskFull", .state = "Firing"}}};
       },
       "alerts", LinkState::Unknown, "no answer"},
      {"BackendMissing", [](ServiceFacts& f) { f.backend.reset(); }, "targets delivered",
       LinkState::Broken, "does not exist"},
      {"OldGeneration", [](ServiceFacts& f) { f.service.metadata.generation = 2; }, "instances",
       LinkState::Unknown, "of generation 1; the spec is at 2"},
      {"Rules",
       [](ServiceFacts& f) {
         set(f.service.status.conditions, "RulesLoaded", ConditionStatus::False, "parse error");
       },
       "rules loaded", LinkState::Broken, "parse error"}};
  for (const ServiceCase& c : cases) {
    SCOPED_TRACE(c.name);
    ServiceFacts facts = good_service();
    c.change(facts);
    const Chain chain = explain_service(facts);
    const Link* broken = chain.first_broken();
    EXPECT_EQ(broken == nullptr ? "" : broken->name, c.first);
    if (broken == nullptr) continue;
    EXPECT_EQ(broken->state, c.state);
    EXPECT_THAT(broken->evidence, HasSubstr(c.evidence));
    EXPECT_NE(broken->next, "");
  }
}

TEST(WhyChain, ListsTheBrokenInstancesAndAtMostFive) {
  ServiceFacts facts = good_service();
  set(facts.service.status.conditions, "InstancesReady", ConditionStatus::False, "1/8 ready");
  for (int i = 0; i < 7; ++i) {
    api::v1alpha1::Instance broken = good_instance("web-" + std::to_string(i));
    set(broken.status.conditions, "Ready", ConditionStatus::False);
    set(broken.status.conditions, "BootstrapSucceeded", ConditionStatus::False);
    facts.instances.push_back(broken);
  }
  const Chain chain = explain_service(facts);
  const Link* link = chain.first_broken();
  ASSERT_NE(link, nullptr);
  ASSERT_EQ(link->details.size(), 5u);
  EXPECT_EQ(link->details.front().first_broken()->name, "boot");
  EXPECT_EQ(link->evidence, "1/8 ready; 2 more are not shown");
  EXPECT_EQ(link->next, "clickctl why instance/web-0 -n shop");
}

struct InstanceCase {
  std::string name;
  std::function<void(InstanceFacts&)> change;
  std::string first;
  LinkState state = LinkState::Broken;
};

TEST(WhyChain, NamesTheFirstBrokenLinkOfAnInstance) {
  const std::vector<InstanceCase> cases = {
      {"AllHold", [](InstanceFacts&) {}, "", LinkState::Holds},
      {"Going",
       [](InstanceFacts& f) { f.instance.metadata.deletion_timestamp = "2026-11-22T12:00:00Z"; },
       "wanted"},
      {"NotBegun", [](InstanceFacts& f) { f.instance.status.claim = {}; }, "claim"},
      {"Intended", [](InstanceFacts& f) { f.instance.status.claim.state = "Intended"; }, "claim"},
      {"Uncertain", [](InstanceFacts& f) { f.instance.status.claim.state = "Uncertain"; }, "claim",
       LinkState::Unknown},
      {"Server",
       [](InstanceFacts& f) {
         set(f.instance.status.conditions, "InfrastructureReady", ConditionStatus::False);
       },
       "server"},
      {"Agent",
       [](InstanceFacts& f) {
         set(f.instance.status.conditions, "AgentsHealthy", ConditionStatus::False);
         set(f.instance.status.conditions, "TargetScraped", ConditionStatus::False);
       },
       "agent"},
      {"NotPublished",
       [](InstanceFacts& f) {
         set(f.instance.status.conditions, "TargetPublished", ConditionStatus::False);
       },
       "target in file"},
      {"NotScraped",
       [](InstanceFacts& f) {
         set(f.instance.status.conditions, "TargetScraped", ConditionStatus::Unknown);
       },
       "scraped", LinkState::Unknown},
      {"Rules",
       [](InstanceFacts& f) {
         set(f.policy->status.conditions, "RulesLoaded", ConditionStatus::False);
       },
       "rules loaded"},
      {"Drifted",
       [](InstanceFacts& f) {
         set(f.instance.status.conditions, "UpToDate", ConditionStatus::False);
       },
       "as specified"},
      {"ServesAllTheSame",
       [](InstanceFacts& f) {
         set(f.instance.status.conditions, "UpToDate", ConditionStatus::False);
         set(f.instance.status.conditions, "AgentsHealthy", ConditionStatus::False);
       },
       "agent"}};
  for (const InstanceCase& c : cases) {
    SCOPED_TRACE(c.name);
    const ServiceFacts around = good_service();
    InstanceFacts facts{around.instances.front(), around.cloud, around.policy, around.backend, {}};
    c.change(facts);
    const Chain chain = explain_instance(facts);
    const Link* broken = chain.first_broken();
    EXPECT_EQ(broken == nullptr ? "" : broken->name, c.first);
    if (broken != nullptr) EXPECT_EQ(broken->state, c.state);
  }
}

TEST(WhyChain, SaysFirstWhatADeletionWaitsFor) {
  api::v1alpha1::Cloud cloud;
  cloud.metadata.name = "local";
  cloud.metadata.namespace_name = "demo";
  cloud.metadata.generation = 2;
  set(cloud.status.conditions, "Progressing", ConditionStatus::True);
  cloud.status.conditions.back().message = "finalizer x waits for 3 Instances";
  cloud.status.conditions.back().observed_generation = 1;
  EXPECT_NE(explain_cloud(cloud).links.front().name, "wanted");
  cloud.metadata.deletion_timestamp = "2026-11-22T12:00:00Z";
  EXPECT_EQ(explain_cloud(cloud).links.front().evidence, "it is being deleted");
  cloud.status.conditions.back().observed_generation = 2;
  const Link first = explain_cloud(cloud).links.front();
  EXPECT_EQ(first.name, "wanted");
  EXPECT_EQ(first.state, LinkState::Broken);
  EXPECT_EQ(first.evidence, "it is being deleted: finalizer x waits for 3 Instances");
  EXPECT_TRUE(first.next.contains("--for=delete cloud/local -n demo")) << first.next;
}

TEST(WhyChain, TellsTheAgeOfTheLastSample) {
  const ServiceFacts around = good_service();
  InstanceFacts facts{around.instances.front(), around.cloud, around.policy, around.backend, {}};
  facts.instance.status.scraped = "2026-11-22T12:00:00Z";
  facts.now = *parse_time("2026-11-22T12:00:12Z");
  const Chain chain = explain_instance(facts);
  EXPECT_EQ(chain.links[6].name, "scraped");
  EXPECT_EQ(chain.links[6].evidence, "the last sample is 12s old");
}

}  // namespace
}  // namespace clickdeploy::cli
