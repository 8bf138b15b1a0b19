#include "controller/reconcilers/metrics_backend/backend_connections.h"
#include "controller/reconcilers/metrics_backend/backend_status_internal.h"
#include "controller/reconcilers/metrics_backend/rule_delivery.h"
#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

#include <vector>

namespace clickdeploy::reconcilers {
namespace {

using api::v1alpha1::MetricsBackend;
using api::v1alpha1::MetricsBackendStatus;
using prometheus::PrometheusSnapshot;

constexpr const char* kRuleFile = "clickdeploy-shop_base.yml";
constexpr const char* kOwner = "01234567/shop/main";

prometheus::RuleGroupStatus info_group(const std::string& file, const std::string& hash,
                                       const std::string& owner = kOwner) {
  prometheus::RuleStatus info;
  info.name = prometheus::kRulesInfoMetric;
  info.labels = {{"file", file}, {"owner", owner}, {"spec_hash", hash}};
  info.health = "ok";
  return {"click_deploy_info", "/prometheus/rules/" + file, 30, {info}};
}

// One target that is up and one rule that is loaded.
struct World {
  MetricsBackend backend = sample_backend();
  BackendPlan plan;
  BackendOutcome outcome;
  std::optional<PrometheusSnapshot> snapshot = PrometheusSnapshot();

  World() {
    prometheus::Target target;
    target.address = "10.0.0.5:9100";
    target.labels = {{"instance_id", "server-1"}, {"agent", "node-exporter"}};
    plan.targets = {target};
    plan.target_files = {{"clickdeploy-shop_web.json", "[]\n"}};
    prometheus::RuleGroup group;
    group.name = "shop/base/node";
    group.rules = {{.alert = "Down", .expr = "up == 0"}};
    PolicyRules rules;
    rules.policy = {"shop", "base"};
    rules.file_name = kRuleFile;
    rules.file = prometheus::render_rule_file(kRuleFile, kOwner, {group});
    rules.entries = {{"node/0", "Down", "shop/base/node"}};
    plan.policy_rules = {std::make_shared<const PolicyRules>(rules)};
    plan.rules_owner = kOwner;
    outcome.delivered = 1;
    prometheus::ActiveTarget known;
    known.labels = target.labels;
    known.labels["managed_by"] = "click-deploy";
    known.health = "up";
    snapshot->targets = {known};
    snapshot->index_targets();
    prometheus::RuleStatus rule;
    rule.name = "Down";
    rule.health = "ok";
    snapshot->groups = {
        {"shop/base/node", std::string("/prometheus/rules/") + kRuleFile, 30, {rule}},
        info_group(kRuleFile, rules.file.spec_hash)};
    snapshot->runtime.version = "2.42.0";
    snapshot->runtime.reload_config_success = true;
  }

  MetricsBackendStatus report(std::int64_t seconds = 0) const {
    return report_backend(backend, plan, outcome, snapshot ? &*snapshot : nullptr,
                          "connect: refused", at(seconds));
  }
};

struct Situation {
  std::string name;
  void (*change)(World&);
  std::string ready;
  std::string targets;
  std::string rules;
  std::string reload;
};

std::vector<Situation> situations() {
  const std::string fine = "True Succeeded";
  const std::string unknown = "Unknown ObservationFailed";
  return {
      {"Good", [](World&) {}, fine, fine, fine, fine},
      {"NoAnswer", [](World& w) { w.snapshot.reset(); }, unknown, unknown, unknown, fine},
      {"TargetNotKnownYet",
       [](World& w) {
         w.snapshot->targets.clear();
         w.snapshot->index_targets();
       },
       "False Progressing", "False Progressing", fine, fine},
      {"TargetDownIsStillDelivered", [](World& w) { w.snapshot->targets[0].health = "down"; }, fine,
       fine, fine, fine},
      {"DirectoryOfSomebodyElse",
       [](World& w) { w.outcome.targets_error = Error(ErrorCode::AlreadyExists, "stamp"); },
       "False Blocked", "False Blocked", fine, fine},
      {"ReadOnlyDirectory",
       [](World& w) {
         w.outcome.targets_error = Error(ErrorCode::PermissionDenied, "write: read-only");
       },
       "False InvalidConfiguration", "False InvalidConfiguration", fine, fine},
      {"WrongPassword",
       [](World& w) {
         w.snapshot.reset();
         w.outcome.observation_error = Error(ErrorCode::Unauthenticated, "401");
       },
       "Unknown Unauthorized", unknown, unknown, fine},
      {"SecretMissing",
       [](World& w) {
         w.snapshot.reset();
         w.outcome.observation_error = Error(ErrorCode::InvalidArgument, "Secret");
       },
       "Unknown InvalidConfiguration", unknown, unknown, fine},
      {"DiskFull",
       [](World& w) { w.outcome.targets_error = Error(ErrorCode::Unavailable, "no space"); },
       "False TransientError", "False TransientError", fine, fine},
      {"OldRulesLoaded", [](World& w) { w.snapshot->groups[1] = info_group(kRuleFile, "0000"); },
       "False Progressing", fine, "False Progressing", fine},
      {"RuleRejected",
       [](World& w) {
         w.outcome.rejected_files = {kRuleFile};
         w.outcome.rejection = "parse error";
       },
       "False InvalidConfiguration", fine, "False InvalidConfiguration", fine},
      {"RuleFails",
       [](World& w) {
         w.snapshot->groups[0].rules[0].health = "err";
         w.snapshot->groups[0].rules[0].last_error = "many-to-many";
       },
       "False Failed", fine, "False Failed", fine},
      {"RulesOfAnotherBackendInTheSamePrometheus",
       [](World& w) {
         prometheus::RuleStatus rule;
         rule.health = "err";
         const std::string theirs = "/other/" + std::string(kRuleFile);
         w.snapshot->groups.push_back({"shop/base/node", theirs, 30, {rule}});
         w.snapshot->groups.push_back(info_group(kRuleFile, "1111", "01234567/shop/second"));
         w.snapshot->groups.back().file = theirs;
       },
       fine, fine, fine, fine},
      {"OwnConfigurationBroken",
       [](World& w) {
         w.snapshot->groups[1] = info_group(kRuleFile, "0000");
         w.outcome.broken = "yaml: line 3";
         w.outcome.reload_pending = true;
       },
       "False InvalidConfiguration", fine, "False InvalidConfiguration", "False Failed"},
      {"ReloadFollows", [](World& w) { w.outcome.reload_pending = true; }, fine, fine, fine,
       "Unknown Progressing"},
      {"ReloadFailed",
       [](World& w) {
         w.backend.status.last_reload = api::v1alpha1::LastReload{time_at(0), false, "bad"};
       },
       fine, fine, fine, "False Failed"},
      {"ReloadOfSomebodyElseFailed",
       [](World& w) { w.snapshot->runtime.reload_config_success = false; }, fine, fine, fine,
       "False Failed"},
  };
}

TEST(ReportBackend, SaysWhatIsSoInEachSituation) {
  for (const Situation& s : situations()) {
    SCOPED_TRACE(s.name);
    World world;
    s.change(world);
    const MetricsBackendStatus status = world.report();
    EXPECT_EQ(condition_text(status.conditions, "Ready"), s.ready);
    EXPECT_EQ(condition_text(status.conditions, "TargetsDelivered"), s.targets);
    EXPECT_EQ(condition_text(status.conditions, "RulesLoaded"), s.rules);
    EXPECT_EQ(condition_text(status.conditions, "ReloadSucceeded"), s.reload);
  }
}

TEST(ReportBackend, ASecondLaterOnlyTheTimeOfTheLookIsDifferent) {
  for (const Situation& s : situations()) {
    SCOPED_TRACE(s.name);
    World world;
    s.change(world);
    world.backend.status = world.report(0);
    MetricsBackend later = world.backend;
    later.status = world.report(1);
    EXPECT_FALSE(is_worth_writing(world.backend, later, at(1)));
    EXPECT_TRUE(is_worth_writing(world.backend, later, at(60)));
    later.status.last_sync_time = world.backend.status.last_sync_time;
    EXPECT_EQ(later.status, world.backend.status);
  }
}

TEST(ReportBackend, CountsStayWhileNothingIsObserved) {
  World world;
  world.backend.status = world.report();
  EXPECT_EQ(world.backend.status.targets, (api::v1alpha1::TargetCounts{1, 1, 1, 1}));
  EXPECT_EQ(world.backend.status.rules, (api::v1alpha1::RuleCounts{1, 1, 0, 0}));
  world.snapshot.reset();
  EXPECT_EQ(world.report().targets, (api::v1alpha1::TargetCounts{1, 1, 1, 1}));
  EXPECT_EQ(world.report().rules, (api::v1alpha1::RuleCounts{1, 1, 0, 0}));
}

TEST(ReportBackend, CountsTheRulesThatAreNotAsTheyAreWanted) {
  World world;
  const std::string hash = world.plan.policy_rules[0]->file.spec_hash;
  world.outcome.rules[kRuleFile] = {hash, "other", "", {{RuleVersion::LastGood, "bad", 0}}};
  EXPECT_EQ(world.report().rules.rejected, 1);
  world.outcome.rules[kRuleFile] = {hash, hash, "", {{RuleVersion::Wanted, "", 0}}};
  EXPECT_EQ(world.report().rules.rejected, 0);
  world.outcome.rules[kRuleFile].refusal = "Prometheus refused it";
  EXPECT_EQ(world.report().rules.rejected, 1);
  // What counts as loaded is the text that was chosen, not the one that is wanted.
  world.outcome.rules[kRuleFile] = {hash, "other", "", {{RuleVersion::LastGood, "bad", 0}}};
  EXPECT_FALSE(api::is_true(world.report().conditions, "RulesLoaded"));
  world.snapshot->groups[1] = info_group(kRuleFile, "other");
  EXPECT_TRUE(api::is_true(world.report().conditions, "RulesLoaded"));
}

TEST(RulesDiffer, ComparesTheHashesOfTheFilesWithThoseThatAreLoaded) {
  World world;
  const std::string text = world.plan.policy_rules[0]->file.text;
  EXPECT_FALSE(rules_differ({{kRuleFile, text}}, kOwner, *world.snapshot));
  EXPECT_TRUE(rules_differ({}, kOwner, *world.snapshot));  // gone, but still loaded
  EXPECT_TRUE(rules_differ({{kRuleFile, text}, {"clickdeploy-mapping.yml", text}}, kOwner,
                           *world.snapshot));
  world.snapshot->groups[1] = info_group(kRuleFile, "0000");
  EXPECT_TRUE(rules_differ({{kRuleFile, text}}, kOwner, *world.snapshot));
  EXPECT_FALSE(rules_differ({}, "01234567/shop/second", *world.snapshot));
  world.snapshot->groups = {{"theirs", "/prometheus/rules/theirs.yml", 30, {}}};
  EXPECT_FALSE(rules_differ({}, kOwner, *world.snapshot));
}

TEST(SnapshotLasts, LongerThanAFewPollsWhateverTheirInterval) {
  using std::chrono::seconds;
  EXPECT_EQ(snapshot_lasts(seconds(5)), seconds(45));
  EXPECT_EQ(snapshot_lasts(seconds(60)), seconds(240));
  EXPECT_EQ(snapshot_lasts(seconds(3'600)), seconds(4 * 3'600));
}

TEST(ReportBackend, AnAlertmanagerThatDoesNotAnswerIsToldAndHoldsUpNothing) {
  World world;
  EXPECT_EQ(condition_text(world.report().conditions, "AlertmanagerReachable"), "");
  world.backend.spec.alertmanager.emplace().url = "http://alertmanager.example:9093";
  EXPECT_EQ(condition_text(world.report().conditions, "AlertmanagerReachable"),
            "Unknown ObservationFailed");
  world.outcome.alertmanager_error = Error(ErrorCode::Unauthenticated, "401");
  EXPECT_EQ(condition_text(world.report().conditions, "AlertmanagerReachable"),
            "Unknown Unauthorized");
  EXPECT_EQ(condition_text(world.report().conditions, "Ready"), "True Succeeded");
  world.outcome.alertmanager_seen = true;
  world.outcome.silence_error = Error(ErrorCode::Unavailable, "500");
  EXPECT_EQ(condition_text(world.report().conditions, "SilencesPlaced"), "False TransientError");
  EXPECT_EQ(condition_text(world.report().conditions, "Ready"), "True Succeeded");
  world.outcome.silence_error.reset();
  world.backend.status = world.report();
  EXPECT_EQ(condition_text(world.backend.status.conditions, "SilencesPlaced"), "True Succeeded");
  EXPECT_EQ(condition_text(world.backend.status.conditions, "AlertmanagerReachable"),
            "True Succeeded");
  world.backend.spec.alertmanager.reset();
  EXPECT_EQ(condition_text(world.report().conditions, "AlertmanagerReachable"), "");
}

}  // namespace
}  // namespace clickdeploy::reconcilers
