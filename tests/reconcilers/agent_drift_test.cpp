#include "controller/reconcilers/instance/agent_drift.h"

#include "controller/agents/version.h"
#include "controller/reconcilers/instance/agent_convert_internal.h"
#include "controller/reconcilers/instance/instance_status.h"
#include "controller/reconcilers/service/service_plan.h"
#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

using namespace std::chrono_literals;
using Probe = AgentObserved::Probe;

// A healthy server whose agent was asked and told this version.
InstanceObserved told(const std::string& version) {
  InstanceObserved observed = seen(100, "ACTIVE", TargetView::Up, Probe::Answers);
  observed.agents[0].version = version;
  observed.agents[0].reported_uid = "instance-uid";
  observed.may_restart_agents = true;
  return observed;
}

// The whole of one pass, but for what is performed.
api::v1alpha1::InstanceStatus report(const Instance& instance, InstanceObserved observed) {
  const InstanceAction action = plan_instance(instance, observed, kToken);
  const Rest* rest = std::get_if<Rest>(&action);
  return report_instance(instance, observed, rest == nullptr ? Rest{} : *rest);
}

struct Compared {
  std::string condition;
  std::string message;
  std::string action;
};

Compared compare(const Instance& instance, InstanceObserved observed, DriftBook* book = nullptr,
                 SteadyTime now = SteadyTime{} + 1h) {
  DriftBook fresh;
  observed.agent_drift = find_agent_drift(instance, observed);
  if (observed.agent_drift) {
    (book == nullptr ? fresh : *book).look(*observed.agent_drift, now);
    give_up_restarting(*observed.agent_drift, instance, observed);
  }
  const auto status = report(instance, observed);
  return {condition_text(status.conditions, kAgentsUpToDate),
          condition_message(status.conditions, kAgentsUpToDate),
          describe(plan_instance(instance, observed, kToken))};
}

// It ran 1.5.0, as the policy asks.
Instance was_right() {
  Instance instance = running_instance();
  instance.status.agents[0].installed_version = "1.5.0";
  return instance;
}

TEST(AgentDrift, TheRightVersionIsUpToDate) {
  const Compared right = compare(was_right(), told("1.5.0"));
  EXPECT_EQ(right.condition, "True Succeeded");
  EXPECT_EQ(right.action, "Rest");
}

TEST(AgentDrift, AnotherVersionThanWasInstalledIsRestartedWhereSshIsAllowed) {
  const Compared drifted = compare(was_right(), told("1.4.0"));
  EXPECT_EQ(drifted.condition, "False Progressing");
  EXPECT_EQ(drifted.message,
            "node-exporter version is 1.4.0 instead of 1.5.0: it is restarted over SSH");
  EXPECT_EQ(drifted.action, "CorrectAgent node-exporter version");
  // Nothing that is healthy is called unhealthy for it.
  EXPECT_EQ(unhealthy_reason(was_right(), told("1.4.0")), std::nullopt);
}

TEST(AgentDrift, WithoutSshItIsToldAndThePolicyDecides) {
  InstanceObserved observed = told("1.4.0");
  observed.may_restart_agents = false;
  const Compared reported = compare(was_right(), observed);
  EXPECT_EQ(reported.condition, "False Drifted");
  EXPECT_NE(reported.message.find("repair.onDrift: Replace"), std::string::npos)
      << reported.message;
  EXPECT_EQ(reported.action, "Rest");

  observed.replace_drifted = true;
  const Compared replaced = compare(was_right(), observed);
  EXPECT_EQ(replaced.condition, "False Drifted");
  EXPECT_NE(replaced.message.find("the Service replaces the server"), std::string::npos)
      << replaced.message;
}

// A machine is not replaced: its agents are installed anew.
TEST(AgentDrift, OfAMachineWhoseAgentsDifferTheyAreInstalledAnew) {
  Instance instance = was_right();
  instance.spec.server = {};
  InstanceObserved observed = told("1.4.0");
  observed.agents_mark = "1f2e3d4c";
  observed.server->agents_mark = "1f2e3d4c";
  observed.drift.emplace();
  EXPECT_EQ(compare(instance, observed).action, "CorrectAgent node-exporter version");
  observed.may_restart_agents = false;
  const Compared reported = compare(instance, observed);
  EXPECT_EQ(reported.condition, "False Drifted");
  EXPECT_NE(reported.message.find("clickdeploy.io/remediate: Reinstall"), std::string::npos)
      << reported.message;
  EXPECT_EQ(reported.action, "Rest");

  observed.replace_drifted = true;
  const Compared anew = compare(instance, observed);
  EXPECT_EQ(anew.condition, "False Progressing");
  EXPECT_EQ(anew.message,
            "node-exporter version is 1.4.0 instead of 1.5.0: the agents are installed anew "
            "(repair.onDrift of the policy is Replace)");
  EXPECT_EQ(anew.action, "CorrectAgent node-exporter version");

  // A restart comes first where it is allowed; what it did not mend is installed anew.
  observed.may_restart_agents = true;
  DriftBook book;
  const SteadyTime now = SteadyTime{} + 1h;
  compare(instance, observed, &book, now);
  book.corrected("node-exporter version", now, WallTime{});
  const Compared waits = compare(instance, observed, &book, now + 10s);
  EXPECT_EQ(waits.condition, "False Waiting");
  EXPECT_NE(waits.message.find("did not help (1 times); the agents are installed anew at"),
            std::string::npos)
      << waits.message;
  EXPECT_EQ(compare(instance, observed, &book, now + 2min).action,
            "CorrectAgent node-exporter version");

  // Another password: whether or not Prometheus still gets in.
  InstanceObserved refused = observed;
  refused.agents[0].probe = Probe::Refuses;
  refused.agents[0].probe_error = "401";
  for (const TargetView target : {TargetView::Up, TargetView::Down}) {
    refused.agents[0].target = target;
    EXPECT_EQ(compare(instance, refused).action, "CorrectAgent node-exporter access");
  }
  instance.spec.remediation.enabled = false;
  EXPECT_EQ(compare(instance, refused).condition, "False Drifted");
}

TEST(AgentDrift, WhoeverForbidsRepairsForbidsThisOneToo) {
  Instance off = was_right();
  off.spec.remediation.enabled = false;
  Instance skipped = was_right();
  skipped.metadata.annotations["clickdeploy.io/skip-remediation"] = "true";
  Instance no_step = was_right();
  no_step.spec.remediation.steps = {"Replace"};
  for (const Instance& instance : {off, skipped, no_step}) {
    EXPECT_EQ(compare(instance, told("1.4.0")).condition, "False Drifted");
  }
}

TEST(AgentDrift, AVersionThatWasNeverRightIsAMistakeOfThePolicy) {
  Instance instance = running_instance();  // 1.4.0 is the first that it tells
  instance.status.agents[0].version.clear();
  InstanceObserved observed = told("1.4.0");
  observed.replace_drifted = true;
  const Compared wrong = compare(instance, observed);
  EXPECT_EQ(wrong.condition, "False InvalidConfiguration");
  EXPECT_NE(wrong.message.find("another server would have it too"), std::string::npos)
      << wrong.message;
  EXPECT_EQ(wrong.action, "Rest");
}

// An image may bring an old version, which the first boot replaces.
TEST(AgentDrift, InstalledIsWhatWasRightOnce) {
  Instance instance = running_instance();
  AgentObserved agent = told("1.4.0").agents[0];
  instance.status.agents[0].installed_version = installed_version(instance, agent);
  EXPECT_EQ(instance.status.agents[0].installed_version, "1.4.0");
  agent.version = "1.5.0";
  instance.status.agents[0].installed_version = installed_version(instance, agent);
  EXPECT_EQ(instance.status.agents[0].installed_version, "1.5.0");
  agent.version = "1.4.0";
  EXPECT_EQ(installed_version(instance, agent), "1.5.0");
}

// The agent's version changes while no policy wants it.
TEST(AgentDrift, WhatWasInstalledStaysKnownWhileNoPolicyWantsTheAgent) {
  Instance instance = was_right();
  InstanceObserved unwanted = told("1.5.0");
  unwanted.agents.clear();
  instance.status = report(instance, unwanted);
  EXPECT_EQ(instance.status.agents_summary, "0/0");
  ASSERT_EQ(instance.status.agents.size(), 1U);
  EXPECT_EQ(instance.status.agents[0].state, "");
  const Compared again = compare(instance, told("1.4.0"));
  EXPECT_EQ(again.condition, "False Progressing");
  EXPECT_EQ(again.message,
            "node-exporter version is 1.4.0 instead of 1.5.0: it is restarted over SSH");
}

TEST(AgentDrift, ARestartThatDoesNotHelpIsMadeMoreAndMoreRarely) {
  const Instance instance = was_right();
  DriftBook book;
  SteadyTime now = SteadyTime{} + 1h;
  ASSERT_EQ(compare(instance, told("1.4.0"), &book, now).condition, "False Progressing");
  book.corrected("node-exporter version", now, at(100));
  const Compared waiting = compare(instance, told("1.4.0"), &book, now + 10s);
  EXPECT_EQ(waiting.condition, "False Waiting");
  EXPECT_EQ(waiting.action, "Rest");
  EXPECT_NE(waiting.message.find("did not help (1 times)"), std::string::npos) << waiting.message;
  EXPECT_EQ(compare(instance, told("1.4.0"), &book, now + 61s).action,
            "CorrectAgent node-exporter version");

  // With somebody who can replace the server it is tried once.
  InstanceObserved replacing = told("1.4.0");
  replacing.replace_drifted = true;
  EXPECT_EQ(compare(instance, replacing, &book, now + 10s).condition, "False Drifted");
}

TEST(AgentDrift, OtherSettingsAreTold) {
  const Instance instance = was_right();
  InstanceObserved observed = told("1.5.0");
  observed.agents[0].settings = agents::settings_mark(convert_agent(instance.spec.agents[0]));
  EXPECT_EQ(compare(instance, observed).condition, "True Succeeded");
  observed.agents[0].settings = "00000000";
  EXPECT_EQ(compare(instance, observed).condition, "False Drifted");
}

TEST(AgentDrift, WhoTellsNoVersionIsNamed) {
  const Compared untold = compare(running_instance(), told(""));
  EXPECT_EQ(untold.condition, "True Succeeded");
  EXPECT_NE(untold.message.find("node-exporter 1.5.0 that runs is not known"), std::string::npos)
      << untold.message;
}

TEST(AgentDrift, WhatCouldNotBeAskedStaysAsItWas) {
  Instance instance = was_right();
  put_condition(instance.status.conditions, kAgentsUpToDate, api::ConditionStatus::False);
  const InstanceObserved silent = seen(100, "ACTIVE", TargetView::Up, Probe::NotAsked);
  EXPECT_EQ(find_agent_drift(instance, silent), std::nullopt);
  const auto status = report(instance, silent);
  EXPECT_TRUE(condition_text(status.conditions, kAgentsUpToDate).starts_with("False"));
}

TEST(AgentDrift, TheServiceReplacesOnlyWhereThePolicySaysSo) {
  ServiceObserved observed;
  Instance instance = was_right();
  observed.agents = instance.spec.agents;
  instance.metadata.labels[std::string(api::v1alpha1::kRevisionLabel)] = "r";
  api::set_condition(instance.status.conditions,
                     {.type = kAgentsUpToDate,
                      .status = api::ConditionStatus::False,
                      .reason = std::string(kDriftedReason)},
                     time_at(0));
  EXPECT_TRUE(is_up_to_date(instance, observed, "r"));
  observed.replace_drifted = true;
  EXPECT_FALSE(is_up_to_date(instance, observed, "r"));
  // What another server would have too is no reason.
  instance.status.conditions.front().reason = std::string(api::kInvalidConfiguration);
  EXPECT_TRUE(is_up_to_date(instance, observed, "r"));
}

}  // namespace
}  // namespace clickdeploy::reconcilers
