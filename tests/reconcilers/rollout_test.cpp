#include "controller/reconcilers/service/rollout.h"

#include "controller/reconcilers/service/history.h"
#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace clickdeploy::reconcilers {
namespace {

using api::ConditionStatus;
using api::v1alpha1::RolloutStatus;
using api::v1alpha1::Service;

constexpr ConditionStatus kYes = ConditionStatus::True;
constexpr ConditionStatus kNo = ConditionStatus::False;
constexpr ConditionStatus kUnknown = ConditionStatus::Unknown;

// A Service of two, its servers, and the time: everything that a rollout is judged by.
struct Fleet {
  Service service = sample_service();
  ServiceObserved observed;

  Fleet() {
    service.spec.replicas = 2;
    service.status.observed_generation = service.metadata.generation;
    observed.project_id = "project-1";
    observed.agents = sample_policy().spec.agents;
  }

  void add(const std::string& revision, ConditionStatus ready) {
    Instance instance = sample_instance();
    instance.metadata.name = "web-" + std::to_string(observed.instances.size() + 1);
    instance.metadata.labels[std::string(api::v1alpha1::kRevisionLabel)] = revision;
    make_ready(instance);
    put_condition(instance.status.conditions, "Ready", ready);
    observed.instances.push_back(std::move(instance));
  }
  void add_new(ConditionStatus ready) { add(service_revision(service, observed), ready); }
  void add_old(ConditionStatus ready) { add("00000000", ready); }

  // status.rollout is brought up to date, `idle` seconds after its last progress.
  RolloutStatus& advance(std::int64_t seconds, std::int64_t idle) {
    observed.ages[service.status.rollout.progressed_at] = std::chrono::seconds(idle);
    service.status.rollout = advance_rollout(service, observed, time_at(seconds));
    service.status.observed_generation = service.metadata.generation;
    return service.status.rollout;
  }
  void keep_completed() { observed.completed = std::make_shared<const Service>(service); }
};

// Two new servers, one of which does not get ready, beside an old one.
Fleet stuck_fleet() {
  Fleet fleet;
  fleet.service.status.rollout.completed = "good";
  fleet.add_old(kYes);
  fleet.add_new(kYes);
  fleet.add_new(kNo);
  fleet.advance(0, 0);
  return fleet;
}

TEST(Rollout, IsCompleteWhenEveryReplicaIsNewAndAvailable) {
  Fleet fleet;
  fleet.add_old(kYes);
  fleet.add_new(kYes);
  EXPECT_EQ(fleet.advance(0, 0).state, kRolloutProgressing);
  EXPECT_EQ(fleet.service.status.rollout.template_hash, template_hash(fleet.service));
  fleet.observed.instances.erase(fleet.observed.instances.begin());
  fleet.add_new(kNo);
  EXPECT_EQ(fleet.advance(1, 1).state, kRolloutProgressing);
  put_condition(fleet.observed.instances[1].status.conditions, "Ready", kYes);
  EXPECT_EQ(fleet.advance(2, 1).state, kRolloutComplete);
  EXPECT_EQ(fleet.service.status.rollout.completed, template_hash(fleet.service));
  // What happens to its servers later is no matter of the rollout.
  put_condition(fleet.observed.instances[1].status.conditions, "Ready", kNo);
  EXPECT_EQ(fleet.advance(9000, 9000).state, kRolloutComplete);
}

TEST(Rollout, FailsAfterItsDeadlineWithoutProgress) {
  Fleet fleet = stuck_fleet();
  EXPECT_EQ(fleet.advance(100, 1799).state, kRolloutProgressing);
  const RolloutStatus failed = fleet.advance(101, 1800);
  EXPECT_EQ(failed.state, kRolloutFailed);
  EXPECT_NE(failed.message.find("progressDeadlineSeconds"), std::string::npos);
  EXPECT_NE(failed.message.find("web-3"), std::string::npos) << failed.message;
  EXPECT_FALSE(rollout_hold(fleet.service, fleet.observed).empty());
}

TEST(Rollout, ProgressBeginsTheDeadlineAnewAndLiftsAFailure) {
  Fleet fleet = stuck_fleet();
  fleet.advance(101, 1800);
  put_condition(fleet.observed.instances[2].status.conditions, "Ready", kYes);
  const RolloutStatus next = fleet.advance(102, 1801);
  EXPECT_EQ(next.state, kRolloutProgressing);
  EXPECT_EQ(next.progressed_at, time_at(102));
  EXPECT_EQ(rollout_hold(fleet.service, fleet.observed), "");
}

TEST(Rollout, AnOldServerThatRecoversLiftsAFailure) {
  Fleet fleet;
  fleet.add_old(kYes);
  fleet.add_new(kYes);
  fleet.advance(0, 0);
  put_condition(fleet.observed.instances[0].status.conditions, "Ready", kNo);
  EXPECT_EQ(fleet.advance(100, 1800).state, kRolloutFailed);
  put_condition(fleet.observed.instances[0].status.conditions, "Ready", kYes);
  EXPECT_EQ(fleet.advance(101, 1801).state, kRolloutProgressing);
}

TEST(Rollout, TimeInWhichNobodyCanSeeTheFleetDoesNotCount) {
  Fleet unknown = stuck_fleet();
  put_condition(unknown.observed.instances[2].status.conditions, "Ready", kUnknown);
  EXPECT_EQ(unknown.advance(100, 5000).state, kRolloutProgressing);
  EXPECT_EQ(unknown.service.status.rollout.progressed_at, time_at(100));
  Fleet waiting = stuck_fleet();
  waiting.observed.waiting_for = "Cloud shop/prod is not verified yet";
  EXPECT_EQ(waiting.advance(100, 5000).state, kRolloutProgressing);
  EXPECT_EQ(waiting.service.status.rollout.progressed_at, time_at(100));
}

TEST(Rollout, GoesBackOnlyToWhatIsRecorded) {
  Fleet fleet = stuck_fleet();
  fleet.service.spec.rollout.on_failure = "Rollback";
  EXPECT_EQ(fleet.advance(101, 1800).state, kRolloutFailed) << "there is no record";
  Fleet other = stuck_fleet();
  other.service.spec.rollout.on_failure = "Rollback";
  other.keep_completed();
  EXPECT_EQ(other.advance(101, 1800).state, kRolloutRolledBack);
  // Neither time nor another number of replicas tries the bad template again; another template
  // does.
  ++other.service.metadata.generation;
  EXPECT_EQ(other.advance(200, 9000).state, kRolloutRolledBack);
  other.service.spec.template_spec.image.name = "better";
  ++other.service.metadata.generation;
  EXPECT_EQ(other.advance(201, 9001).state, kRolloutProgressing);
}

TEST(Rollout, PausedItDoesNotFailAndGoesOnAfterwards) {
  Fleet fleet = stuck_fleet();
  fleet.service.spec.rollout.paused = true;
  EXPECT_EQ(fleet.advance(101, 9000).state, kRolloutPaused);
  fleet.service.spec.rollout.paused = false;
  const RolloutStatus resumed = fleet.advance(102, 9001);
  EXPECT_EQ(resumed.state, kRolloutProgressing);
  EXPECT_EQ(resumed.progressed_at, time_at(102));
}

TEST(Rollout, AServiceThatIsPausedOrOnlyObservedDoesNotFail) {
  Fleet paused = stuck_fleet();
  paused.service.spec.paused = true;
  EXPECT_EQ(paused.advance(101, 9000).state, kRolloutPaused);
  Fleet observed = stuck_fleet();
  observed.service.spec.management_policy = "Observe";
  EXPECT_EQ(observed.advance(101, 9000).state, kRolloutPaused);
}

TEST(Rollout, CountsAServerOnlyAfterItsTimeAndItsGates) {
  Fleet fleet;
  fleet.add_new(kYes);
  const Instance& instance = fleet.observed.instances[0];
  EXPECT_TRUE(is_available(fleet.service, fleet.observed, instance));
  fleet.service.spec.rollout.min_ready_seconds = 60;
  fleet.observed.ages[time_at(0)] = std::chrono::seconds(59);
  EXPECT_FALSE(is_available(fleet.service, fleet.observed, instance));
  fleet.observed.ages[time_at(0)] = std::chrono::seconds(60);
  EXPECT_TRUE(is_available(fleet.service, fleet.observed, instance));
  fleet.service.spec.rollout.gates = {"AgentsHealthy"};
  EXPECT_TRUE(is_available(fleet.service, fleet.observed, instance));
  put_condition(fleet.observed.instances[0].status.conditions, "AgentsHealthy", kNo);
  EXPECT_FALSE(is_available(fleet.service, fleet.observed, instance));
}

TEST(Rollout, WaitsWhileAPageAlertFiresButNotOnItsWayBack) {
  Fleet fleet = stuck_fleet();
  fleet.observed.page_alert = "alert HighErrors fires";
  EXPECT_EQ(rollout_hold(fleet.service, fleet.observed), "") << "without the gate";
  fleet.service.spec.rollout.gates = {"NoPageAlert"};
  EXPECT_EQ(rollout_hold(fleet.service, fleet.observed),
            "gate NoPageAlert: alert HighErrors fires");
  fleet.service.status.rollout.state = kRolloutRolledBack;
  EXPECT_EQ(rollout_hold(fleet.service, fleet.observed), "");
}

std::vector<TemplateRecord> records(std::initializer_list<std::pair<std::string, int>> hashes) {
  std::vector<TemplateRecord> made;
  for (const auto& [hash, number] : hashes) {
    made.push_back({.name = "web.template-" + hash,
                    .uid = "",
                    .hash = hash,
                    .number = number,
                    .spec = Json()});
  }
  return made;
}

TEST(History, NumbersRiseAndAnOldTemplateGetsANewOne) {
  const Service service = sample_service();
  const HistoryPlan first = plan_history(service, "a", {});
  EXPECT_TRUE(first.create);
  EXPECT_EQ(first.number, 1);
  const HistoryPlan again = plan_history(service, "b", records({{"a", 1}, {"b", 2}}));
  EXPECT_EQ(again, (HistoryPlan{.number = 2}));
  const HistoryPlan back = plan_history(service, "a", records({{"a", 1}, {"b", 2}}));
  EXPECT_FALSE(back.create);
  EXPECT_EQ(back.number, 3);
  ASSERT_TRUE(back.renumber);
  EXPECT_EQ(back.renumber->hash, "a");
}

TEST(History, KeepsTheNewestAndTheLastCompleteOne) {
  Service service = sample_service();
  service.spec.rollout.revision_history_limit = 1;
  service.status.rollout.completed = "a";
  const HistoryPlan plan =
      plan_history(service, "e", records({{"d", 4}, {"a", 1}, {"b", 2}, {"c", 3}}));
  ASSERT_EQ(plan.remove.size(), 3U);
  EXPECT_EQ(plan.remove[0].hash, "b");
  EXPECT_EQ(plan.remove[2].hash, "d");
}

TEST(History, ARecordGivesTheTemplateBack) {
  Service service = sample_service();
  service.spec.template_labels = {{"app", "web"}};
  service.metadata.annotations[std::string(kChangeCauseAnnotation)] = "first try";
  const std::string hash = template_hash(service);
  const Json record = make_record(service, hash, 7);
  const std::optional<TemplateRecord> read = read_record(record, service);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->hash, hash);
  EXPECT_EQ(read->number, 7);
  Service other = service;
  other.spec.template_spec.image.name = "other";
  other.spec.replicas = 9;
  const std::optional<Service> back = with_template(other, *read);
  ASSERT_TRUE(back);
  EXPECT_EQ(template_hash(*back), hash);
  EXPECT_EQ(back->spec.template_spec, service.spec.template_spec);
  EXPECT_EQ(back->spec.replicas, 9) << "only the template goes back";
  // A ConfigMap of another Service of that name, which is gone, is none of ours.
  other.metadata.uid = "another-uid";
  EXPECT_FALSE(read_record(record, other));
}

}  // namespace
}  // namespace clickdeploy::reconcilers
