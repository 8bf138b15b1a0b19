// What differs for machines that exist already: installation, repair, rollouts, numbers.

#include "controller/reconcilers/instance/repair_plan_internal.h"
#include "controller/reconcilers/service/quota_preflight.h"
#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace clickdeploy::reconcilers {
namespace {

using api::v1alpha1::Service;
using Probe = AgentObserved::Probe;

const std::string kWanted = "1f2e3d4c";

Instance on_machine(Instance instance) {
  instance.spec.server = {};
  return instance;
}

InstanceObserved on_machine(InstanceObserved observed, const std::string& installed = kWanted) {
  observed.agents_mark = kWanted;
  observed.may_restart_agents = true;
  if (observed.server) observed.server->agents_mark = installed;
  observed.drift.emplace();
  return observed;
}

std::string plan(const Instance& instance, const InstanceObserved& observed) {
  return describe(plan_instance(instance, observed, kToken));
}

TEST(PlanMachine, InstallsWhatIsNotInstalledAndWaitsMeanwhile) {
  const Instance instance = on_machine(running_instance());
  InstanceObserved observed =
      on_machine(seen(10, "ACTIVE", TargetView::NotKnown, Probe::Silent), "");
  EXPECT_EQ(plan(instance, observed), "InstallAgents");
  observed.server->task_state = "installing";
  EXPECT_EQ(plan(instance, observed), "Rest Progressing");
  observed.server->task_state = "";
  observed.server->agents_mark = "00000000";  // other agents
  EXPECT_EQ(plan(instance, observed), "InstallAgents");
  observed.server->agents_mark = kWanted;
  EXPECT_EQ(plan(instance, observed), "Rest Progressing");
  // Nobody knows what is on it.
  observed.server->agents_mark = "";
  observed.server->status = "UNKNOWN";
  EXPECT_EQ(plan(instance, observed), "Rest Waiting");
}

TEST(PlanMachine, OnAServerCloudInitInstalls) {
  InstanceObserved observed = seen(10, "ACTIVE", TargetView::NotKnown, Probe::Silent);
  EXPECT_EQ(plan(running_instance(), observed), "Rest Progressing");
}

TEST(PlanMachine, TheLadderRestartsAndInstallsAnewAndGoesNoFurther) {
  Instance instance = on_machine(running_instance());
  instance.status.bootstrap.state = "Succeeded";
  instance.status.remediation.unhealthy_since = time_at(1'000);
  const auto step_at = [&](std::int64_t seconds) {
    const InstanceObserved observed =
        on_machine(seen(seconds, "ACTIVE", TargetView::Down, Probe::Silent));
    return plan(instance, observed);
  };
  EXPECT_EQ(step_at(2'000), "BeginRepair RestartAgent");
  const auto after = [&](const std::string& step, std::int64_t retries) {
    instance.status.remediation.step = step;
    instance.status.remediation.started_at = time_at(2'000);
    instance.status.remediation.retries = retries;
    return step_at(3'000);
  };
  EXPECT_EQ(after("RestartAgent", 1), "BeginRepair Reinstall");
  EXPECT_EQ(after("Reinstall", 2), "BeginRepair RestartAgent");  // from the bottom again
  EXPECT_EQ(after("Reinstall", 4), "Rest Failed");
}

// Prometheus may have asked in vain before the installation could begin. No brake and no limit of
// repairs is in its way; what a person asks for comes first.
TEST(PlanMachine, WhatIsNotInstalledYetIsInstalledAndNotRepaired) {
  Instance instance = on_machine(running_instance());
  instance.status.bootstrap = {};
  instance.status.booted_at = time_at(0);
  InstanceObserved observed = on_machine(seen(10, "ACTIVE", TargetView::Down, Probe::Silent), "");
  EXPECT_EQ(plan(instance, observed), "InstallAgents");
  observed = on_machine(seen(3'000, "ACTIVE", TargetView::Down, Probe::Silent), "");
  EXPECT_EQ(plan(instance, observed), "InstallAgents");
  EXPECT_TRUE(unhealthy_reason(instance, observed));
  instance.status.remediation.retries = 10;
  instance.spec.remediation.enabled = false;
  EXPECT_EQ(plan(instance, observed), "InstallAgents");
  observed.server->task_state = "installing";
  EXPECT_EQ(plan(instance, observed), "Rest Progressing");
  instance.metadata.annotations["clickdeploy.io/remediate"] = "Replace";
  EXPECT_EQ(plan(instance, observed), "BeginRepair Replace");
}

TEST(PlanMachine, AServerIsNotReinstalled) {
  Instance instance = running_instance();
  instance.status.remediation.unhealthy_since = time_at(1'000);
  instance.status.remediation.step = "RestartAgent";
  instance.status.remediation.started_at = time_at(1'000);
  const InstanceObserved observed = seen(3'000, "ACTIVE", TargetView::Down, Probe::Silent);
  EXPECT_EQ(plan(instance, observed), "BeginRepair SoftReboot");
}

TEST(PlanMachine, OneThatHasLostItsMarkIsReplacedByAnother) {
  Instance instance = on_machine(running_instance());
  instance.status.remediation.unhealthy_since = time_at(1'000);
  InstanceObserved observed = on_machine(trusted(2'000));
  observed.server_missing = true;
  observed.server_gone = true;
  EXPECT_EQ(plan(instance, observed), "BeginRepair Replace");
}

TEST(PlanMachine, WhereNoneIsFreeItWaitsAndSaysSo) {
  Instance instance = on_machine(with_claim("Intended"));
  InstanceObserved observed = trusted(10);
  observed.agents_mark = kWanted;
  observed.look_up.emplace();
  observed.resolved = fail(ErrorCode::ResourceExhausted, "no machine of Cloud a/b is free: …");
  EXPECT_EQ(plan(instance, observed), "Rest QuotaExceeded");
  ResolvedServer chosen;
  chosen.host = "a/b/web-1/01234567";
  observed.resolved = chosen;
  EXPECT_EQ(plan(instance, observed), "SaveClaim Uncertain");
}

TEST(MachineRoom, TellsNumbers) {
  const MachineCount machines{.all = 5, .free = 2, .taken = 1, .foreign = 1, .unreachable = 1};
  const QuotaRoom some = plan_machines(machines, 0, 3);
  EXPECT_EQ(some.servers, 2);
  EXPECT_EQ(some.message.substr(0, some.message.find('.')),
            "3 more machines are wanted; of 5 machines that match 1 are taken, 1 belong to another "
            "Click Deploy, 1 cannot be reached, 2 are free");
  EXPECT_EQ(plan_machines(machines, 1, 3).servers, 1);
  EXPECT_EQ(plan_machines(machines, 4, 3).servers, 0);
  EXPECT_EQ(plan_machines(machines, 0, 2).servers, 2);
}

class MachineFleet : public ::testing::Test {
 protected:
  MachineFleet() {
    service_.spec.template_spec = {};
    service_.spec.replicas = 1;
    observed_.agents = sample_policy().spec.agents;
    observed_.project_id = "lab";
  }

  Instance one() {
    Instance instance = on_machine(running_instance());
    instance.metadata.labels[std::string(api::v1alpha1::kRevisionLabel)] =
        service_revision(service_, observed_);
    instance.spec.remediation = service_.spec.remediation;
    instance.spec.agents = observed_.agents;
    make_ready(instance);
    return instance;
  }

  std::vector<std::string> plan() {
    std::vector<std::string> steps;
    for (const ServiceStep& step : plan_service(service_, observed_)) {
      steps.push_back(describe_step(step).substr(0, describe_step(step).find(' ')));
    }
    return steps;
  }

  Service service_ = sample_service();
  ServiceObserved observed_;
};

TEST_F(MachineFleet, OtherAgentsReachTheMachineInPlace) {
  observed_.instances = {one()};
  EXPECT_EQ(plan(), std::vector<std::string>{});
  observed_.agents.front().extra_args = {"--collector.systemd"};
  EXPECT_EQ(plan(), std::vector<std::string>{"update"});
  EXPECT_EQ(updated_in_place(observed_.instances.front(), service_, observed_,
                             service_revision(service_, observed_))
                .spec.agents,
            observed_.agents);
  observed_.agents.clear();  // a policy that is gone takes no agents away
  EXPECT_EQ(plan(), std::vector<std::string>{});
}

TEST_F(MachineFleet, ARetiredMachineIsReplacedByTheRulesOfTheRollout) {
  observed_.instances = {one()};
  observed_.retired = {observed_.instances.front().status.server.id};
  EXPECT_EQ(plan(), std::vector<std::string>{"create"});
  Instance next = one();
  next.metadata.name = "web-2";
  next.status.server.id = "server-2";
  observed_.instances.push_back(next);
  EXPECT_EQ(plan(), std::vector<std::string>{"delete"});
}

}  // namespace
}  // namespace clickdeploy::reconcilers
