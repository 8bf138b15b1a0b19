#include "controller/reconcilers/service/service_status.h"

#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

#include <vector>

namespace clickdeploy::reconcilers {
namespace {

using api::ConditionStatus;
using api::v1alpha1::MetricsBackend;
using api::v1alpha1::MonitoringPolicy;
using api::v1alpha1::Service;
using api::v1alpha1::ServiceStatus;

struct World {
  Service service = sample_service();
  ServiceObserved observed;
  std::optional<MonitoringPolicy> policy = sample_policy();
  std::optional<MetricsBackend> backend = sample_backend();
  std::optional<Error> failure;
  std::optional<QuotaRoom> quota;
  std::optional<prometheus::PrometheusSnapshot> snapshot = prometheus::PrometheusSnapshot();

  World() {
    service.spec.replicas = 2;
    observed.agents = sample_policy().spec.agents;
    observed.project_id = "project-1";
    put_condition(policy->status.conditions, "RulesLoaded", ConditionStatus::True);
    observed.instances = {instance(1), instance(2)};
  }

  Instance instance(int number) const {
    Instance made = running_instance();
    make_ready(made);
    made.metadata.name = "web-" + std::to_string(number);
    made.metadata.labels[std::string(api::v1alpha1::kRevisionLabel)] =
        service_revision(service, observed);
    return made;
  }

  ServiceStatus report(std::int64_t seconds = 0) const {
    const std::vector<ServiceStep> plan = plan_service(service, observed);
    return report_service({.service = service,
                           .observed = observed,
                           .plan = plan,
                           .policy = policy ? &*policy : nullptr,
                           .backend = backend ? &*backend : nullptr,
                           .failure = failure,
                           .quota = quota,
                           .alerts = {snapshot ? &*snapshot : nullptr, "connect: refused"},
                           .now = time_at(seconds)});
  }
};

std::string text(const ServiceStatus& status, std::string_view type) {
  return condition_text(status.conditions, type);
}

// Each is named for what it changes; the wanted conditions follow.
struct Situation {
  std::string name;
  void (*change)(World&);
  std::string ready;
  std::string progressing;
  std::string instances;
  std::string scraped;
};

std::vector<Situation> situations() {
  const std::string good = "True Succeeded";
  const std::string waiting = "False Progressing";
  return {
      {"Complete", [](World&) {}, good, good, good, good},
      {"NothingYet", [](World& w) { w.observed.instances.clear(); }, waiting, "True Progressing",
       waiting, waiting},
      {"OneNotReady",
       [](World& w) {
         put_condition(w.observed.instances[1].status.conditions, "Ready", ConditionStatus::False);
       },
       waiting, good, waiting, good},
      {"PrometheusUnknown",
       [](World& w) {
         for (Instance& instance : w.observed.instances) {
           put_condition(instance.status.conditions, "Ready", ConditionStatus::Unknown);
           put_condition(instance.status.conditions, "TargetScraped", ConditionStatus::Unknown);
         }
       },
       "Unknown ObservationFailed", good, "Unknown ObservationFailed", "Unknown ObservationFailed"},
      {"OneUnknownOneDown",
       [](World& w) {
         w.service.spec.replicas = 3;
         put_condition(w.observed.instances[0].status.conditions, "Ready",
                       ConditionStatus::Unknown);
         put_condition(w.observed.instances[1].status.conditions, "Ready", ConditionStatus::False);
       },
       waiting, good, waiting, waiting},
      {"NoPolicy", [](World& w) { w.policy.reset(); }, good, good, good, "False NoPolicy"},
      {"NoCloud",
       [](World& w) {
         w.observed.instances.clear();
         w.observed.waiting_for = "Cloud shop/prod does not exist";
       },
       waiting, "True Waiting", waiting, waiting},
      {"Paused", [](World& w) { w.service.spec.paused = true; }, good, "False Paused", good, good},
      {"RefusedByTheApi",
       [](World& w) { w.failure = Error(ErrorCode::InvalidArgument, "too long a name"); }, good,
       "False InvalidConfiguration", good, good},
      {"ApiDown", [](World& w) { w.failure = Error(ErrorCode::Unavailable, "down"); }, good,
       "True TransientError", good, good},
      {"Deleting", [](World& w) { w.service.metadata.deletion_timestamp = time_at(0); }, good,
       "True Deleting", good, good},
      {"OneStopped",
       [](World& w) {
         auto& conditions = w.observed.instances[0].status.conditions;
         put_condition(conditions, "Ready", ConditionStatus::False);
         put_condition(conditions, "Progressing", ConditionStatus::False);
       },
       waiting, waiting, waiting, good},
  };
}

TEST(ReportService, SaysWhatIsSoInEachSituation) {
  for (const Situation& s : situations()) {
    SCOPED_TRACE(s.name);
    World world;
    s.change(world);
    const ServiceStatus status = world.report();
    EXPECT_EQ(text(status, "Ready"), s.ready);
    EXPECT_EQ(text(status, "Progressing"), s.progressing);
    EXPECT_EQ(text(status, "InstancesReady"), s.instances);
    EXPECT_EQ(text(status, "TargetsScraped"), s.scraped);
    for (const api::Condition& condition : status.conditions) {
      EXPECT_FALSE(condition.message.empty()) << condition.type;
    }
  }
}

TEST(ReportService, ASecondLaterOnlyTheTimeOfTheLookIsDifferent) {
  for (const Situation& s : situations()) {
    SCOPED_TRACE(s.name);
    World world;
    s.change(world);
    world.service.status = world.report(0);
    ServiceStatus later = world.report(1);
    EXPECT_EQ(later.last_sync_time, time_at(1));
    later.last_sync_time = world.service.status.last_sync_time;
    EXPECT_EQ(later, world.service.status);
  }
}

TEST(ReportService, CountsTheChain) {
  World world;
  world.service.spec.replicas = 3;
  put_condition(world.observed.instances[1].status.conditions, "TargetScraped",
                ConditionStatus::False);
  Instance going = world.instance(3);
  going.metadata.deletion_timestamp = time_at(0);
  world.observed.instances.push_back(going);
  const ServiceStatus status = world.report();
  EXPECT_EQ(status.replicas, 2);
  EXPECT_EQ(status.updated_replicas, 2);
  EXPECT_EQ(status.ready_replicas, 2);
  EXPECT_EQ(status.monitored_replicas, 1);
  EXPECT_EQ(status.selector, "clickdeploy.io/service=web");
  EXPECT_EQ(status.policies, (std::vector<api::v1alpha1::AppliedPolicy>{{"shop/base", 1}}));
  EXPECT_EQ(condition_message(status.conditions, "InstancesReady"), "2 of 3 ready");
  EXPECT_EQ(text(status, "UpToDate"), "False Progressing");
}

// What there is no room for has no Instance that could say so.
TEST(ReportService, WhatThereIsNoRoomForIsToldAlsoWhereReadyIs) {
  World world;
  world.observed.instances.clear();
  world.quota = QuotaRoom{.servers = 0, .wanted = 2, .message = "no machine is free"};
  const ServiceStatus status = world.report();
  EXPECT_EQ(text(status, "Progressing"), "True QuotaExceeded");
  EXPECT_EQ(condition_message(status.conditions, "Ready"),
            "0 of 2 ready, 0 monitored; no machine is free");
  world.quota->servers = 2;
  EXPECT_EQ(condition_message(world.report().conditions, "Ready"), "0 of 2 ready, 0 monitored");
}

TEST(ReportService, TheBrakeIsTold) {
  World world;
  for (Instance& instance : world.observed.instances) {
    instance.status.remediation.unhealthy_since = time_at(0);
  }
  ServiceStatus status = world.report();
  EXPECT_TRUE(status.remediation.blocked);
  EXPECT_EQ(status.remediation.allowed, 0);
  EXPECT_EQ(text(status, "RemediationAllowed"), "False Blocked");
  world.observed.instances[0].status.remediation = {};
  world.observed.instances[1].status.remediation.step = "SoftReboot";
  status = world.report();
  EXPECT_EQ(status.remediation, (api::v1alpha1::FleetRemediation{0, 1, false}));
  world.service.spec.remediation.enabled = false;
  EXPECT_EQ(text(world.report(), "RemediationAllowed"), "False Paused");
}

// A server that was never built is no repair: it takes nobody's place.
TEST(ReportService, AFailedCreateIsNoRepairInFlight) {
  World world;
  world.observed.instances[0].status.booted_at.clear();
  world.observed.instances[0].status.remediation.step = "Replace";
  EXPECT_EQ(world.report().remediation, (api::v1alpha1::FleetRemediation{1, 0, false}));
}

TEST(ReportService, RulesAreThePolicysWord) {
  World world;
  put_condition(world.policy->status.conditions, "RulesLoaded", ConditionStatus::Unknown);
  EXPECT_EQ(text(world.report(), "RulesLoaded"), "Unknown Progressing");
  world.policy->status.conditions.clear();
  EXPECT_EQ(text(world.report(), "RulesLoaded"), "Unknown Progressing");
  world.backend.reset();
  EXPECT_EQ(text(world.report(), "RulesLoaded"), "False InvalidConfiguration");
}

TEST(ReportService, DeletionSaysWhatItWaitsFor) {
  World world;
  world.service.metadata.deletion_timestamp = time_at(0);
  EXPECT_NE(condition_message(world.report().conditions, "Progressing").find("2 Instances"),
            std::string::npos);
  world.observed.instances.clear();
  world.observed.targets_left = "Prometheus still knows http://10.0.0.5:9100/metrics";
  EXPECT_NE(condition_message(world.report().conditions, "Progressing").find("still knows"),
            std::string::npos);
}

prometheus::Alert down_alert(const World& world) {
  return {.labels = {{"alertname", "InstanceDown"}, {"service_id", world.service.metadata.uid}},
          .state = "firing",
          .since = time_at(0),
          .summary = ""};
}

TEST(ReportService, AlertsThatCannotBeObservedAreNotGone) {
  World world;
  world.snapshot->alerts[world.service.metadata.uid] = {down_alert(world)};
  world.service.status = world.report();
  EXPECT_EQ(world.service.status.alerts.firing, 1);
  EXPECT_EQ(text(world.service.status, "AlertsObserved"), "True Succeeded");
  world.snapshot.reset();
  const ServiceStatus blind = world.report();
  EXPECT_EQ(blind.alerts, world.service.status.alerts);
  EXPECT_EQ(text(blind, "AlertsObserved"), "Unknown ObservationFailed");
  EXPECT_EQ(condition_message(blind.conditions, "AlertsObserved"), "connect: refused");
  world.snapshot.emplace();
  EXPECT_EQ(world.report().alerts, api::v1alpha1::ServiceAlerts());
}

TEST(ReportService, WithoutAPolicyThereAreNoAlerts) {
  World world;
  world.snapshot->alerts[world.service.metadata.uid] = {down_alert(world)};
  world.service.status = world.report();
  world.policy.reset();
  EXPECT_EQ(world.report().alerts, api::v1alpha1::ServiceAlerts());
  EXPECT_EQ(text(world.report(), "AlertsObserved"), "False NoPolicy");
}

}  // namespace
}  // namespace clickdeploy::reconcilers
