#include "controller/reconcilers/instance/instance_status.h"

#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

#include <vector>

namespace clickdeploy::reconcilers {
namespace {

using Probe = AgentObserved::Probe;
using api::v1alpha1::InstanceStatus;

Rest rest_of(const Instance& instance, const InstanceObserved& observed) {
  const InstanceAction action = plan_instance(instance, observed, kToken);
  const Rest* rest = std::get_if<Rest>(&action);
  return rest == nullptr ? Rest{} : *rest;
}

InstanceStatus report(const Instance& instance, const InstanceObserved& observed) {
  return report_instance(instance, observed, rest_of(instance, observed));
}

InstanceObserved untrusted(std::int64_t seconds) {
  InstanceObserved observed;
  observed.now = at(seconds);
  observed.cloud = InstanceObserved::Cloud::Untrusted;
  observed.cloud_message = "the cloud cannot be observed";
  return observed;
}

Instance booting() {
  Instance instance = with_claim("Confirmed");
  instance.status.address = "10.0.0.5";
  return instance;
}

Instance without_agents() {
  Instance instance = running_instance();
  instance.spec.agents.clear();
  instance.status.agents.clear();
  return instance;
}

InstanceObserved no_agents(InstanceObserved observed) {
  observed.agents.clear();
  return observed;
}

Instance repairing() {
  Instance instance = running_instance();
  instance.status.remediation = {.step = "SoftReboot",
                                 .retries = 1,
                                 .last_reason = "agent down",
                                 .started_at = time_at(90),
                                 .unhealthy_since = time_at(0)};
  return instance;
}

struct Situation {
  std::string name;
  Instance instance;
  InstanceObserved observed;
  std::string phase;
  std::string ready;
  std::string progressing;
  std::string infrastructure;
  std::string agents;
  std::string scraped;
};

std::vector<Situation> situations() {
  InstanceObserved paused = seen(100, "ACTIVE", TargetView::Up, Probe::NotAsked);
  paused.paused = true;
  InstanceObserved invalid = trusted(100);
  invalid.look_up.emplace();
  invalid.resolved = fail(ErrorCode::InvalidArgument, "no image with name \"x\"");
  InstanceObserved braked = seen(1'400, "ACTIVE", TargetView::Down, Probe::Silent);
  braked.budget.blocked = true;
  Instance silent = running_instance();
  silent.status.remediation.unhealthy_since = time_at(1'000);
  Instance spent = silent;
  spent.status.remediation.retries = 4;
  Instance deleted = running_instance();
  deleted.metadata.deletion_timestamp = time_at(0);
  InstanceObserved uncertain = trusted(10);
  uncertain.look_up.emplace();
  const std::string waiting = "False Progressing";
  const std::string none = "False NoAgents";
  return {
      {"Nothing", sample_instance(), untrusted(100), "Pending", waiting, "True ObservationFailed",
       "False ObservationFailed", none, none},
      {"Uncertain", with_claim("Uncertain"), uncertain, "Creating", waiting, "True Progressing",
       waiting, none, none},
      {"InvalidConfiguration", with_claim("Intended"), invalid, "Failed", waiting,
       "False InvalidConfiguration", "False InvalidConfiguration", none, none},
      {"Building", booting(), seen(5, "BUILD", TargetView::NotPublished, Probe::NotAsked),
       "Creating", waiting, "True Progressing", waiting, waiting, waiting},
      {"Booting", booting(), seen(60, "ACTIVE", TargetView::Down, Probe::Silent), "Booting",
       waiting, "True Progressing", "True Succeeded", waiting, waiting},
      {"AgentAnswersFirst", booting(), seen(60, "ACTIVE", TargetView::NotKnown, Probe::Answers),
       "Running", waiting, "True Progressing", "True Succeeded", "True Succeeded", waiting},
      {"Running", running_instance(), seen(100, "ACTIVE", TargetView::Up, Probe::NotAsked),
       "Running", "True Succeeded", "True Succeeded", "True Succeeded", "True Succeeded",
       "True Succeeded"},
      {"WithoutAgents", without_agents(),
       no_agents(seen(100, "ACTIVE", TargetView::Up, Probe::NotAsked)), "Running", "True Succeeded",
       "True Succeeded", "True Succeeded", none, none},
      {"PrometheusUnknown", running_instance(),
       seen(100, "ACTIVE", TargetView::Unknown, Probe::Answers), "Running",
       "Unknown ObservationFailed", "True Progressing", "True Succeeded", "True Succeeded",
       "Unknown ObservationFailed"},
      {"CloudUntrusted", running_instance(), untrusted(100), "Running", "Unknown ObservationFailed",
       "True ObservationFailed", "Unknown ObservationFailed", none, none},
      {"Partition", running_instance(), seen(100, "ACTIVE", TargetView::Down, Probe::Answers),
       "Running", waiting, "True Progressing", "True Succeeded", "True Succeeded", waiting},
      {"AnotherServerHasTheAddress", running_instance(),
       seen(100, "ACTIVE", TargetView::Down, Probe::OtherIdentity), "Running", waiting,
       "True Progressing", "True Succeeded", waiting, waiting},
      {"AgentSilent", silent, seen(1'100, "ACTIVE", TargetView::Down, Probe::Silent), "Unhealthy",
       waiting, "True Progressing", "True Succeeded", waiting, waiting},
      {"Repairing", repairing(), seen(100, "ACTIVE", TargetView::Down, Probe::Silent), "Repairing",
       waiting, "True Progressing", "True Succeeded", waiting, waiting},
      {"Braked", silent, braked, "Unhealthy", waiting, "False Blocked", "True Succeeded", waiting,
       waiting},
      {"RetriesSpent", spent, seen(1'400, "ACTIVE", TargetView::Down, Probe::Silent), "Failed",
       waiting, "False Failed", "True Succeeded", waiting, waiting},
      {"Stopped", running_instance(),
       seen(100, "SHUTOFF", TargetView::NotPublished, Probe::NotAsked), "Stopped", waiting,
       "True Waiting", "False Stopped", waiting, waiting},
      {"Paused", running_instance(), paused, "Running", "True Succeeded", "False Paused",
       "True Succeeded", "True Succeeded", "True Succeeded"},
      {"Deleting", deleted, seen(100, "ACTIVE", TargetView::NotPublished, Probe::NotAsked),
       "Deleting", waiting, "True Progressing", "True Succeeded", waiting, waiting},
  };
}

TEST(ReportInstance, SaysWhatIsSoInEachSituation) {
  for (const Situation& s : situations()) {
    SCOPED_TRACE(s.name);
    const InstanceStatus status = report(s.instance, s.observed);
    EXPECT_EQ(status.phase, s.phase);
    EXPECT_EQ(condition_text(status.conditions, "Ready"), s.ready);
    EXPECT_EQ(condition_text(status.conditions, "Progressing"), s.progressing);
    EXPECT_EQ(condition_text(status.conditions, "InfrastructureReady"), s.infrastructure);
    EXPECT_EQ(condition_text(status.conditions, "AgentsHealthy"), s.agents);
    EXPECT_EQ(condition_text(status.conditions, "TargetScraped"), s.scraped);
    for (const api::Condition& condition : status.conditions) {
      EXPECT_FALSE(condition.message.empty()) << condition.type;
      EXPECT_EQ(condition.observed_generation, 1) << condition.type;
    }
    EXPECT_EQ(status.claim, s.instance.status.claim);
    EXPECT_EQ(status.resources.size(), s.instance.status.resources.size());
  }
}

// Else each look would be a write, and each write a look.
TEST(ReportInstance, ASecondLaterNothingIsDifferentButTheTimeOfTheLook) {
  for (const Situation& s : situations()) {
    SCOPED_TRACE(s.name);
    Instance instance = s.instance;
    instance.status = report(s.instance, s.observed);
    // What is derived from the first look (the boot) is there from the second on.
    instance.status = report(instance, s.observed);
    InstanceObserved later = s.observed;
    later.now += std::chrono::seconds(1);
    InstanceStatus next = report(instance, later);
    EXPECT_FALSE(is_worth_writing(instance.status, next, later.now));
    next.last_sync_time = instance.status.last_sync_time;
    EXPECT_EQ(next, instance.status);
  }
}

TEST(ReportInstance, TransitionTimesMoveOnlyWithTheStatus) {
  Instance instance = running_instance();
  instance.status = report(instance, seen(100, "ACTIVE", TargetView::Up, Probe::NotAsked));
  instance.status = report(instance, seen(200, "ACTIVE", TargetView::Up, Probe::NotAsked));
  EXPECT_EQ(api::find_condition(instance.status.conditions, "Ready")->last_transition_time,
            time_at(100));
  instance.status = report(instance, seen(300, "ACTIVE", TargetView::Down, Probe::Silent));
  EXPECT_EQ(api::find_condition(instance.status.conditions, "Ready")->last_transition_time,
            time_at(300));
  EXPECT_EQ(instance.status.remediation.unhealthy_since, time_at(300));
}

TEST(ReportInstance, BootstrapIsMeasuredFromTheFirstBoot) {
  Instance instance = booting();
  instance.status = report(instance, seen(10, "ACTIVE", TargetView::NotKnown, Probe::Silent));
  EXPECT_EQ(instance.status.booted_at, time_at(10));
  EXPECT_EQ(instance.status.bootstrap.state, "Pending");
  instance.status = report(instance, seen(75, "ACTIVE", TargetView::NotKnown, Probe::Answers));
  EXPECT_EQ(instance.status.bootstrap.state, "Succeeded");
  EXPECT_EQ(instance.status.bootstrap.duration_seconds, 65);
  instance.status = report(instance, seen(90, "ACTIVE", TargetView::Down, Probe::Silent));
  EXPECT_EQ(instance.status.bootstrap.state, "Succeeded");
}

TEST(ReportInstance, BootstrapTimesOut) {
  Instance instance = booting();
  instance.status = report(instance, seen(0, "ACTIVE", TargetView::NotKnown, Probe::Silent));
  instance.status = report(instance, seen(901, "ACTIVE", TargetView::Down, Probe::Silent));
  EXPECT_EQ(instance.status.bootstrap.state, "TimedOut");
  EXPECT_EQ(condition_text(instance.status.conditions, "BootstrapSucceeded"), "False Failed");
  // It is not too late for it.
  instance.status = report(instance, seen(950, "ACTIVE", TargetView::Up, Probe::Answers));
  EXPECT_EQ(instance.status.bootstrap.state, "Succeeded");
}

TEST(ReportInstance, TheStepOfTheFirstBootThatFailedIsNamed) {
  Instance instance = booting();
  InstanceObserved told = seen(60, "ACTIVE", TargetView::Up, Probe::Answers);
  AgentObserved other;
  other.name = "cadvisor";
  other.address = "10.0.0.5:8080";
  other.target = TargetView::Down;
  other.probe = Probe::Silent;
  told.agents[0].failed_step = "cadvisor: start (exit status 125)";
  told.agents.push_back(other);
  instance.status = report(instance, told);
  EXPECT_EQ(instance.status.bootstrap.state, "Failed");
  EXPECT_EQ(instance.status.bootstrap.step, "cadvisor: start (exit status 125)");
  EXPECT_EQ(condition_text(instance.status.conditions, "BootstrapSucceeded"), "False Failed");
  EXPECT_NE(api::find_condition(instance.status.conditions, "BootstrapSucceeded")
                ->message.find("cadvisor: start (exit status 125)"),
            std::string::npos);
  // Nobody tells it any more; it stays true.
  told.agents[0].failed_step.clear();
  instance.status = report(instance, told);
  EXPECT_EQ(instance.status.bootstrap.state, "Failed");
  // Somebody has put it right.
  told.agents[1].probe = Probe::Answers;
  instance.status = report(instance, told);
  EXPECT_EQ(instance.status.bootstrap.state, "Succeeded");
  EXPECT_EQ(instance.status.bootstrap.step, "");
}

TEST(ReportInstance, WhereNoAgentCameUpTheConsoleTellsTheStep) {
  Instance instance = booting();
  instance.status = report(instance, seen(0, "ACTIVE", TargetView::NotKnown, Probe::Silent));
  InstanceObserved late = seen(901, "ACTIVE", TargetView::Down, Probe::Silent);
  late.console_failed_step = "node-exporter: download (exit status 22)";
  instance.status = report(instance, late);
  EXPECT_EQ(instance.status.bootstrap.state, "Failed");
  EXPECT_EQ(instance.status.bootstrap.step, "node-exporter: download (exit status 22)");
}

TEST(ReportInstance, LongHealthForgetsEarlierRepairs) {
  Instance instance = running_instance();
  instance.status.remediation.retries = 2;
  instance.status.remediation.last_reason = "once";
  for (std::int64_t second : {0, 300, 600}) {
    instance.status = report(instance, seen(second, "ACTIVE", TargetView::Up, Probe::NotAsked));
    EXPECT_EQ(instance.status.remediation.retries, 2);
  }
  instance.status = report(instance, seen(601, "ACTIVE", TargetView::Up, Probe::NotAsked));
  EXPECT_EQ(instance.status.remediation, api::v1alpha1::InstanceRemediation{});
}

TEST(ReportInstance, AnUntrustedCloudKeepsWhatWasKnownOfTheServer) {
  Instance instance = running_instance();
  instance.status = report(instance, seen(10, "ACTIVE", TargetView::Up, Probe::NotAsked));
  instance.status.remediation.unhealthy_since = time_at(5);
  const InstanceStatus status = report(instance, untrusted(20));
  EXPECT_EQ(status.server.state, "ACTIVE");
  EXPECT_EQ(status.address, "10.0.0.5");
  EXPECT_EQ(status.remediation.unhealthy_since, time_at(5));
}

TEST(IsWorthWriting, TimesAloneAreWrittenOnceAMinute) {
  Instance instance = running_instance();
  instance.status = report(instance, seen(0, "ACTIVE", TargetView::Up, Probe::NotAsked));
  const InstanceStatus before = instance.status;
  for (std::int64_t second : {1, 30, 59}) {
    const InstanceStatus next =
        report(instance, seen(second, "ACTIVE", TargetView::Up, Probe::NotAsked));
    EXPECT_NE(next, before);
    EXPECT_FALSE(is_worth_writing(before, next, at(second))) << second;
  }
  const InstanceStatus next = report(instance, seen(60, "ACTIVE", TargetView::Up, Probe::NotAsked));
  EXPECT_TRUE(is_worth_writing(before, next, at(60)));
}

TEST(IsWorthWriting, AnythingElseIsNews) {
  Instance instance = running_instance();
  instance.status = report(instance, seen(0, "ACTIVE", TargetView::Up, Probe::NotAsked));
  for (auto change : std::vector<void (*)(InstanceStatus&)>{
           [](InstanceStatus& s) { s.phase = "Unhealthy"; },
           [](InstanceStatus& s) { s.claim.attempts = 1; },
           [](InstanceStatus& s) { s.server.task = "rebooting"; },
           [](InstanceStatus& s) { s.agents[0].state = "Down"; },
           [](InstanceStatus& s) { s.conditions[0].message += "."; },
           [](InstanceStatus& s) { s.observed_generation = 2; },
       }) {
    InstanceStatus next = instance.status;
    change(next);
    EXPECT_TRUE(is_worth_writing(instance.status, next, at(0)));
  }
  EXPECT_FALSE(is_worth_writing(instance.status, instance.status, at(500)));
}

}  // namespace
}  // namespace clickdeploy::reconcilers
