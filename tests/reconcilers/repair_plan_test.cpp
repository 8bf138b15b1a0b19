#include "controller/reconcilers/instance/repair_plan_internal.h"
#include "controller/reconcilers/service/repair_budget.h"
#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

#include <vector>

namespace clickdeploy::reconcilers {
namespace {

using Probe = AgentObserved::Probe;

std::string plan(const Instance& instance, const InstanceObserved& observed) {
  const std::optional<InstanceAction> action = plan_repair(instance, observed);
  return action ? describe(*action) : "healthy";
}

std::string message(const Instance& instance, const InstanceObserved& observed) {
  const std::optional<InstanceAction> action = plan_repair(instance, observed);
  return action ? rest_message(*action) : "";
}

InstanceObserved silent(std::int64_t seconds) {
  return seen(seconds, "ACTIVE", TargetView::Down, Probe::Silent);
}

// Silent since 1,000 seconds.
Instance unhealthy_instance(const std::string& step = "", std::int64_t started = 0,
                            std::int64_t retries = 0) {
  Instance instance = running_instance();
  instance.status.remediation.unhealthy_since = time_at(1'000);
  instance.status.remediation.step = step;
  if (!step.empty()) instance.status.remediation.started_at = time_at(started);
  instance.status.remediation.retries = retries;
  return instance;
}

TEST(PlanRepair, OnlySilenceToEverybodyIsUnhealthy) {
  struct Row {
    TargetView target;
    Probe probe;
    bool unhealthy;
  };
  for (const Row& row : {
           Row{TargetView::Up, Probe::NotAsked, false},
           Row{TargetView::Up, Probe::Answers, false},
           Row{TargetView::Up, Probe::Silent, false},
           Row{TargetView::Down, Probe::NotAsked, false},
           Row{TargetView::Down, Probe::Answers, false},  // Prometheus is cut off, not the agent
           Row{TargetView::Down, Probe::OtherIdentity, false},
           Row{TargetView::Down, Probe::Silent, true},
           Row{TargetView::Pending, Probe::Answers, false},
           // A Prometheus that has not scraped it, or does not list it, is no witness.
           Row{TargetView::Pending, Probe::Silent, false},
           Row{TargetView::NotKnown, Probe::Silent, false},
           Row{TargetView::Unknown, Probe::Silent, false},  // half of the evidence is missing
           Row{TargetView::Unknown, Probe::NotAsked, false},
           Row{TargetView::NotPublished, Probe::Silent, false},
       }) {
    SCOPED_TRACE(std::to_string(static_cast<int>(row.target)) + "/" +
                 std::to_string(static_cast<int>(row.probe)));
    const InstanceObserved observed = seen(9'000, "ACTIVE", row.target, row.probe);
    EXPECT_EQ(unhealthy_reason(running_instance(), observed).has_value(), row.unhealthy);
    EXPECT_EQ(plan(unhealthy_instance(), observed),
              row.unhealthy ? "BeginRepair SoftReboot" : "healthy");
  }
}

TEST(PlanRepair, GraceIsBorneFirst) {
  EXPECT_EQ(plan(running_instance(), silent(1'000)), "Rest Progressing");
  EXPECT_EQ(plan(unhealthy_instance(), silent(1'299)), "Rest Progressing");
  EXPECT_NE(message(unhealthy_instance(), silent(1'299)).find(time_at(1'300)), std::string::npos);
  EXPECT_EQ(message(unhealthy_instance(), silent(1'100)),
            message(unhealthy_instance(), silent(1'101)));
  EXPECT_EQ(plan(unhealthy_instance(), silent(1'300)), "BeginRepair SoftReboot");
}

// Its port is gone: no agent will ever answer, and no reboot helps.
TEST(PlanRepair, AServerWithoutAnAddressIsReplaced) {
  Instance bare = running_instance();
  bare.status.address.clear();
  const InstanceObserved observed =
      seen(1'000, "ACTIVE", TargetView::NotPublished, Probe::NotAsked);
  EXPECT_EQ(plan(bare, observed), "Rest Progressing");
  bare.status.remediation.unhealthy_since = time_at(700);
  EXPECT_EQ(plan(bare, observed), "BeginRepair Replace");
  bare.status.bootstrap = {"Pending", 0};  // the cloud may tell of addresses late
  EXPECT_EQ(plan(bare, seen(899, "ACTIVE", TargetView::NotPublished, Probe::NotAsked)),
            "Rest Progressing");
  InstanceObserved without_agents = observed;
  without_agents.agents.clear();
  EXPECT_EQ(plan(bare, without_agents), "healthy");
}

TEST(PlanRepair, AgentsMayTakeTheirTimeToStart) {
  Instance booting = running_instance();
  booting.status.bootstrap = {"Pending", 0};
  EXPECT_EQ(unhealthy_reason(booting, silent(899)), std::nullopt);
  EXPECT_EQ(plan(booting, silent(899)), "Rest Progressing");
  EXPECT_TRUE(unhealthy_reason(booting, silent(900)).has_value());
  EXPECT_EQ(plan(booting, silent(900)), "BeginRepair SoftReboot");
  booting.status.remediation.step = kRecreate;  // the one made in its place starts slowly too
  booting.status.remediation.started_at = time_at(0);
  EXPECT_EQ(plan(booting, silent(899)), "Rest Progressing");
}

TEST(PlanRepair, TheLadderIsClimbedStepByStep) {
  struct Row {
    std::string step;
    std::string server;
    std::string want;
  };
  for (const Row& row : {
           Row{"", "ACTIVE", "BeginRepair SoftReboot"},
           Row{"SoftReboot", "ACTIVE", "BeginRepair HardReboot"},
           Row{"HardReboot", "ACTIVE", "BeginRepair Replace"},
           Row{kRecreate, "ACTIVE", "BeginRepair SoftReboot"},  // from the bottom once more
           Row{"", "ERROR", "BeginRepair HardReboot"},          // nothing to ask politely
           Row{"HardReboot", "ERROR", "BeginRepair Replace"},
       }) {
    SCOPED_TRACE(row.step + " " + row.server);
    const Instance instance = unhealthy_instance(row.step, 2'000, 1);
    const InstanceObserved later = seen(2'300, row.server, TargetView::Down, Probe::Silent);
    EXPECT_EQ(plan(instance, later), row.want);
    if (row.step.empty()) continue;
    const InstanceObserved early = seen(2'299, row.server, TargetView::Down, Probe::Silent);
    EXPECT_EQ(plan(instance, early), "Rest Progressing");
  }
}

InstanceObserved with_ssh(InstanceObserved observed) {
  observed.may_restart_agents = true;
  return observed;
}

TEST(PlanRepair, AgentsAreRestartedFirstWhereThePolicyLetsUsIn) {
  EXPECT_EQ(plan(unhealthy_instance(), with_ssh(silent(1'300))), "BeginRepair RestartAgent");
  EXPECT_EQ(plan(unhealthy_instance(), silent(1'300)), "BeginRepair SoftReboot");
  // It helps within a minute or not at all.
  const Instance restarted = unhealthy_instance("RestartAgent", 2'000, 1);
  EXPECT_EQ(plan(restarted, with_ssh(silent(2'059))), "Rest Progressing");
  EXPECT_EQ(plan(restarted, with_ssh(silent(2'060))), "BeginRepair SoftReboot");
  // A server in ERROR has no agent to restart.
  EXPECT_EQ(
      plan(unhealthy_instance(), with_ssh(seen(2'000, "ERROR", TargetView::Down, Probe::Silent))),
      "BeginRepair HardReboot");
  // Whoever leaves it out of the steps does not want it.
  Instance without = unhealthy_instance();
  without.spec.remediation.steps = {"SoftReboot"};
  EXPECT_EQ(plan(without, with_ssh(silent(1'300))), "BeginRepair SoftReboot");
  // The brake holds it as it holds the others.
  InstanceObserved braked = with_ssh(silent(1'300));
  braked.budget.blocked = true;
  EXPECT_EQ(plan(unhealthy_instance(), braked), "Rest Blocked");
}

TEST(PlanRepair, ALadderThatEndsBeginsAnew) {
  Instance instance = unhealthy_instance("HardReboot", 2'000, 1);
  instance.spec.remediation.steps = {"SoftReboot", "HardReboot"};
  EXPECT_EQ(plan(instance, silent(2'300)), "BeginRepair SoftReboot");
}

TEST(PlanRepair, WithoutAStepThatHelpsItIsBlocked) {
  Instance instance = unhealthy_instance();
  instance.spec.remediation.steps = {"SoftReboot"};
  const InstanceObserved broken = seen(2'000, "ERROR", TargetView::Down, Probe::Silent);
  EXPECT_EQ(plan(instance, broken), "Rest Blocked");
  EXPECT_NE(message(instance, broken).find("remediation.steps"), std::string::npos);
}

TEST(PlanRepair, RetriesHaveAnEnd) {
  EXPECT_EQ(plan(unhealthy_instance("Replace", 0, 3), silent(2'000)), "BeginRepair SoftReboot");
  EXPECT_EQ(plan(unhealthy_instance("Replace", 0, 4), silent(2'000)), "Rest Failed");
}

TEST(PlanRepair, TheBudgetHoldsItBack) {
  InstanceObserved braked = silent(2'000);
  braked.budget.blocked = true;
  braked.budget.unhealthy = 3;
  braked.budget.unhealthy_max = 1;
  EXPECT_EQ(plan(unhealthy_instance(), braked), "Rest Blocked");
  EXPECT_NE(message(unhealthy_instance(), braked)
                .find("3 Instances of the Service are unhealthy, 1 may be"),
            std::string::npos);
  InstanceObserved waiting = silent(2'000);
  waiting.budget.slot_free = false;
  EXPECT_EQ(plan(unhealthy_instance(), waiting), "Rest Waiting");
  Instance disabled = unhealthy_instance();
  disabled.spec.remediation.enabled = false;
  EXPECT_EQ(plan(disabled, silent(2'000)), "Rest Blocked");
}

TEST(PlanRepair, AServerStoppedOnPurposeIsRespected) {
  for (const char* state : {"SHUTOFF", "PAUSED", "SUSPENDED", "SHELVED", "SHELVED_OFFLOADED",
                            "RESCUE", "RESIZE", "VERIFY_RESIZE", "MIGRATING", "REBOOT"}) {
    SCOPED_TRACE(state);
    const InstanceObserved observed = seen(9'000, state, TargetView::NotPublished, Probe::NotAsked);
    EXPECT_EQ(plan(unhealthy_instance(), observed), "healthy");
    EXPECT_EQ(unhealthy_reason(running_instance(), observed), std::nullopt);
  }
}

TEST(PlanRepair, AServerInErrorHasTheSameGrace) {
  EXPECT_EQ(plan(unhealthy_instance(), seen(1'299, "ERROR", TargetView::Down, Probe::NotAsked)),
            "Rest Progressing");
  EXPECT_EQ(plan(unhealthy_instance(), seen(1'300, "ERROR", TargetView::Down, Probe::NotAsked)),
            "BeginRepair HardReboot");
}

TEST(PlanRepair, AServerThatIsSeenGoneTwiceIsReplacedWithinTheBudget) {
  InstanceObserved gone = trusted(1'000);
  gone.server_gone = true;
  EXPECT_EQ(plan(running_instance(), gone), "Rest Progressing");  // one 404 may be a lie
  gone.now = at(1'014);
  EXPECT_EQ(plan(unhealthy_instance(), gone), "Rest Progressing");
  gone.now = at(1'015);
  EXPECT_EQ(plan(unhealthy_instance(), gone), "BeginRepair Replace");
  gone.budget.blocked = true;
  EXPECT_EQ(plan(unhealthy_instance(), gone), "Rest Blocked");
}

// A create that was slow to be answered may come twice, and lists show late what that made.
TEST(PlanRepair, AServerThatIsGoneSoonAfterItsCreationIsNotReplacedAtOnce) {
  Instance young = running_instance();
  young.status.claim.since = time_at(1'000);
  young.status.remediation.unhealthy_since = time_at(1'060);
  InstanceObserved gone = trusted(1'119);
  gone.server_missing = true;
  gone.server_gone = true;
  const auto next = [&] { return describe(plan_instance(young, gone, "token")); };
  EXPECT_EQ(next(), "Rest Progressing");
  gone.now = at(1'120);
  EXPECT_EQ(next(), "BeginRepair Replace");
}

// Between the record of the step and the deletion it may have recovered, or been stopped.
TEST(PlanRepair, AReplacementThatIsNoLongerNeededIsNotMade) {
  const Instance replaced = unhealthy_instance("Replace", 1'000, 1);
  const auto next = [&](const InstanceObserved& observed) {
    return describe(plan_instance(replaced, observed, "token"));
  };
  EXPECT_EQ(next(seen(9'000, "ACTIVE", TargetView::Up, Probe::Answers)), "EndRepair");
  EXPECT_EQ(next(seen(9'000, "SHUTOFF", TargetView::NotPublished, Probe::NotAsked)), "EndRepair");
  EXPECT_EQ(next(seen(9'000, "REBOOT", TargetView::Down, Probe::NotAsked)), "Rest Progressing");
  EXPECT_EQ(next(silent(9'000)), "LookUpToken");
  Instance disabled = replaced;
  disabled.spec.remediation.enabled = false;
  EXPECT_EQ(describe(plan_instance(disabled, silent(9'000), "token")), "Rest Blocked");
}

TEST(PlanRepair, AServerThatNeverWasBuiltIsTriedAgainAfterGrowingWaits) {
  const auto broken = [](std::int64_t second) {
    InstanceObserved observed = seen(second, "ERROR", TargetView::NotPublished, Probe::NotAsked);
    observed.server->fault = openstack::Fault{500, "No valid host was found"};
    observed.budget.blocked = true;  // a failed create is no failed server
    observed.budget.slot_free = false;
    return observed;
  };
  Instance instance = with_claim("Confirmed");
  EXPECT_EQ(plan(instance, broken(2)), "Rest Progressing");
  EXPECT_NE(message(instance, broken(2)).find("No valid host"), std::string::npos);
  EXPECT_EQ(plan(instance, broken(5)), "BeginRepair Replace");
  instance.status.remediation.retries = 2;
  EXPECT_EQ(plan(instance, broken(9)), "Rest Progressing");
  EXPECT_EQ(plan(instance, broken(20)), "BeginRepair Replace");
  instance.status.remediation.retries = 100;  // for ever, but ten minutes apart
  EXPECT_EQ(plan(instance, broken(299)), "Rest Progressing");
  EXPECT_EQ(plan(instance, broken(600)), "BeginRepair Replace");
}

// It counts against the quota as long as it is there.
TEST(PlanRepair, AServerThatTheQuotaRefusedLateGoesAtOnce) {
  InstanceObserved observed = seen(0, "ERROR", TargetView::NotPublished, Probe::NotAsked);
  observed.server->fault = openstack::Fault{
      413, "Quota exceeded for instances: Requested 1, but already used 5 of 5 instances"};
  Instance instance = with_claim("Confirmed");
  instance.status.remediation.retries = 7;
  EXPECT_EQ(plan(instance, observed), "BeginRepair Replace");
  // One that had run is no failed create.
  EXPECT_NE(plan(running_instance(), observed), "BeginRepair Replace");
}

TEST(PlanRepair, BuildForEverIsReplaced) {
  const Instance instance = with_claim("Confirmed");
  EXPECT_EQ(plan(instance, seen(899, "BUILD", TargetView::NotPublished, Probe::NotAsked)),
            "healthy");
  EXPECT_EQ(plan(instance, seen(900, "BUILD", TargetView::NotPublished, Probe::NotAsked)),
            "BeginRepair Replace");
}

TEST(PlanRepair, ARepairEndsWhenTheAgentsAreBack) {
  const Instance repairing = unhealthy_instance("SoftReboot", 2'000, 1);
  struct Row {
    std::string server;
    TargetView target;
    Probe probe;
    std::string want;
  };
  for (const Row& row : {
           Row{"ACTIVE", TargetView::Up, Probe::NotAsked, "EndRepair"},
           Row{"ACTIVE", TargetView::Down, Probe::Answers, "EndRepair"},
           Row{"ACTIVE", TargetView::Pending, Probe::NotAsked, "healthy"},
           Row{"ACTIVE", TargetView::Unknown, Probe::Silent, "healthy"},
           Row{"REBOOT", TargetView::Up, Probe::NotAsked, "healthy"},
       }) {
    SCOPED_TRACE(row.server + " " + std::to_string(static_cast<int>(row.target)));
    EXPECT_EQ(plan(repairing, seen(2'100, row.server, row.target, row.probe)), row.want);
  }
}

// Nobody else may be repaired while a repair runs; a server that somebody stopped must not hold the
// place for ever.
TEST(PlanRepair, ARepairEndsWhenTheServerIsStoppedOnPurpose) {
  for (const char* state : {"SHUTOFF", "PAUSED", "SUSPENDED", "SHELVED_OFFLOADED"}) {
    SCOPED_TRACE(state);
    EXPECT_EQ(plan(unhealthy_instance("SoftReboot", 2'000, 1),
                   seen(2'400, state, TargetView::NotPublished, Probe::NotAsked)),
              "EndRepair");
  }
}

// The Service's brake.

std::shared_ptr<const Instance> sibling(int number, const std::string& step, bool unhealthy,
                                        bool booted = true) {
  Instance instance = running_instance();
  instance.metadata.name = "web-" + std::to_string(number);
  instance.status.remediation.step = step;
  if (unhealthy) instance.status.remediation.unhealthy_since = time_at(0);
  if (!booted) instance.status.booted_at.clear();
  return shared(std::move(instance));
}

std::vector<std::shared_ptr<const Instance>> fleet(int healthy) {
  std::vector<std::shared_ptr<const Instance>> all;
  for (int i = 0; i < healthy; ++i) all.push_back(sibling(100 + i, "", false));
  return all;
}

TEST(RepairBudget, CountsPercentAndNumbers) {
  EXPECT_EQ(count_of("20%", 10), 2);
  EXPECT_EQ(count_of("20%", 4), 1);  // at least one
  EXPECT_EQ(count_of("0%", 100), 1);
  EXPECT_EQ(count_of("100%", 7), 7);
  EXPECT_EQ(count_of("3", 100), 3);
  EXPECT_EQ(count_of("0", 100), 0);
  EXPECT_EQ(count_of("", 100), 1);
  EXPECT_EQ(count_of("many", 100), 1);
}

TEST(RepairBudget, TheBrakeComesOnAboveTheShare) {
  std::vector<std::shared_ptr<const Instance>> siblings = fleet(8);
  siblings.push_back(sibling(1, "", true));
  RepairBudget budget = plan_repair_budget(unhealthy_instance(), siblings, {});
  EXPECT_EQ(budget.unhealthy, 2);
  EXPECT_EQ(budget.unhealthy_max, 2);
  EXPECT_FALSE(budget.blocked);
  siblings.back() = sibling(2, "", true);
  siblings.push_back(sibling(1, "", true));
  siblings.erase(siblings.begin());
  budget = plan_repair_budget(unhealthy_instance(), siblings, {});
  EXPECT_EQ(budget.unhealthy, 3);
  EXPECT_TRUE(budget.blocked);
}

TEST(RepairBudget, OneOfOneMayBeRepaired) {
  const RepairBudget budget = plan_repair_budget(unhealthy_instance(), {}, {});
  EXPECT_FALSE(budget.blocked);
  EXPECT_TRUE(budget.slot_free);
}

TEST(RepairBudget, RepairsInFlightTakeThePlaces) {
  struct Row {
    std::string name;
    std::shared_ptr<const Instance> other;
    bool slot_free;
  };
  Instance deleted = *sibling(1, "SoftReboot", true);
  deleted.metadata.deletion_timestamp = time_at(0);
  for (const Row& row : {
           Row{"Healthy", sibling(1, "", false), true},
           Row{"UnhealthyOnly", sibling(1, "", true), true},
           Row{"Rebooting", sibling(1, "SoftReboot", true), false},
           Row{"MadeAnew", sibling(1, kRecreate, true, false), false},
           Row{"NeverBuilt", sibling(1, "Replace", true, false), true},
       }) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(plan_repair_budget(unhealthy_instance(), {row.other}, {}).slot_free, row.slot_free);
  }
}

TEST(RepairBudget, ARepairThatTheCopiesDoNotShowYetCounts) {
  const RepairBudget budget =
      plan_repair_budget(unhealthy_instance(), {sibling(7, "", false)}, {{"shop", "web-7"}});
  EXPECT_FALSE(budget.slot_free);
  EXPECT_EQ(budget.unhealthy, 2);
}

TEST(RepairBudget, ARepairThatRunsGoesOn) {
  const Instance mine = unhealthy_instance("SoftReboot", 2'000, 1);
  const RepairBudget budget = plan_repair_budget(
      mine, {sibling(1, "HardReboot", true), sibling(2, "", true), sibling(3, "", true)}, {});
  EXPECT_FALSE(budget.blocked);
  EXPECT_TRUE(budget.slot_free);
}

// Two hundred Services of one server each do not get two hundred repairs.
TEST(PlanRepairBudget, TheBrakeHoldsForTheWholeCloud) {
  std::vector<std::shared_ptr<const Instance>> others;
  for (int i = 0; i < 19; ++i) {
    Instance other = i < 4 ? unhealthy_instance() : running_instance();
    other.metadata.name = "one-" + std::to_string(i);
    other.spec.service_name = "service-" + std::to_string(i);
    others.push_back(shared(std::move(other)));
  }
  const RepairBudget over =
      plan_repair_budget(unhealthy_instance(), others, {});  // 5 of 20: 4 may be
  EXPECT_TRUE(over.blocked);
  EXPECT_EQ(over.scope, "Cloud");
  EXPECT_EQ(over.unhealthy, 5);
  EXPECT_EQ(over.unhealthy_max, 4);
  others.erase(others.begin());
  const RepairBudget fewer = plan_repair_budget(unhealthy_instance(), others, {});  // 4 of 19: 3
  EXPECT_TRUE(fewer.blocked);
  others.erase(others.begin());
  EXPECT_FALSE(plan_repair_budget(unhealthy_instance(), others, {}).blocked);  // 3 of 18
}

}  // namespace
}  // namespace clickdeploy::reconcilers
