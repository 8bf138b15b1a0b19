#include "controller/reconcilers/metrics_backend/backend_status_internal.h"
#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

#include <vector>

namespace clickdeploy::reconcilers {
namespace {

using api::v1alpha1::MetricsBackend;
using api::v1alpha1::MetricsBackendStatus;
using prometheus::PrometheusSnapshot;

constexpr const char* kRuleFile = "clickdeploy-shop_base.yml";

prometheus::RuleGroupStatus info_group(const std::string& file, const std::string& hash) {
  prometheus::RuleStatus info;
  info.name = prometheus::kRulesInfoMetric;
  info.labels = {{"file", file}, {"spec_hash", hash}};
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
    rules.file = prometheus::render_rule_file(kRuleFile, {group});
    rules.rules = 1;
    plan.policy_rules = {rules};
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
       [](World& w) { w.outcome.targets_error = Error(ErrorCode::PermissionDenied, "stamp"); },
       "False Blocked", "False InvalidConfiguration", fine, fine},
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

TEST(RulesDiffer, ComparesTheHashesOfTheFilesWithThoseThatAreLoaded) {
  World world;
  const std::string text = world.plan.policy_rules[0].file.text;
  EXPECT_FALSE(rules_differ({{kRuleFile, text}}, *world.snapshot));
  EXPECT_TRUE(rules_differ({}, *world.snapshot));  // gone, but still loaded
  EXPECT_TRUE(
      rules_differ({{kRuleFile, text}, {"clickdeploy-mapping.yml", text}}, *world.snapshot));
  world.snapshot->groups[1] = info_group(kRuleFile, "0000");
  EXPECT_TRUE(rules_differ({{kRuleFile, text}}, *world.snapshot));
  world.snapshot->groups = {{"theirs", "/prometheus/rules/theirs.yml", 30, {}}};
  EXPECT_FALSE(rules_differ({}, *world.snapshot));
}

}  // namespace
}  // namespace clickdeploy::reconcilers
