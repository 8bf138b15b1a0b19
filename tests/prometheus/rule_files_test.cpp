#include "controller/prometheus/rule_files.h"

#include "controller/async/memory_disk.h"
#include "controller/base/json.h"
#include "controller/base/yaml.h"
#include "tests/testing/golden.h"
#include "tests/testing/temporary_folder.h"

#include <gtest/gtest.h>

namespace clickdeploy::prometheus {
namespace {

Rule alert(std::string name, std::string expr) {
  Rule rule;
  rule.alert = std::move(name);
  rule.expr = std::move(expr);
  return rule;
}

std::vector<RuleGroup> one_group(Rule rule) {
  return {RuleGroup{.name = "node", .interval = "30s", .rules = {std::move(rule)}}};
}

// The real promtool on a real folder.
class Promtool : public ::testing::Test {
 protected:
  Result<void> check(const std::string& text) { return checker_.check(text); }

  testing::TemporaryFolder folder_;
  SystemProcessRunner processes_;
  PosixDisk disk_;
  SeededRandom random_{1};
  PromtoolRuleChecker checker_{processes_, disk_, random_, folder_ / "checks"};
};

TEST(RuleFile, RendersGroupsAndTheInfoRule) {
  Rule high = alert("HighCPU", "click_deploy_service_cpu_usage_percent > 90");
  high.for_duration = "5m";
  high.labels = {{"severity", "page"}, {"runbook", "12"}, {"enabled", "no"}};
  high.annotations = {{"summary", "CPU of {{ $labels.service_id }} is {{ $value }}"}};
  Rule total;
  total.record = "job:up:sum";
  total.expr = "sum by (job) (\n  up\n)";
  const RuleFile file =
      render_rule_file("clickdeploy-shop.yml", "c1/shop/main",
                       {RuleGroup{.name = "node", .interval = "30s", .rules = {high}},
                        RuleGroup{.name = "totals", .interval = "", .rules = {total}}});
  testing::expect_golden("prometheus/rules.yml", file.text);
}

TEST(RuleFile, HashSpeaksOfTheGroupsAlone) {
  const std::vector<RuleGroup> groups = one_group(alert("A", "up == 0"));
  const RuleFile first = render_rule_file("clickdeploy-a.yml", "c1/shop/main", groups);
  EXPECT_EQ(first.spec_hash.size(), 16u);
  EXPECT_EQ(first.spec_hash,
            render_rule_file("clickdeploy-b.yml", "c1/shop/main", groups).spec_hash);
  EXPECT_NE(first.spec_hash,
            render_rule_file("clickdeploy-a.yml", "c1/shop/main", one_group(alert("A", "up == 1")))
                .spec_hash);
  const Result<Json> read = parse_single_yaml(first.text);
  ASSERT_TRUE(read);
  const Json& info = (*read)["groups"][1]["rules"][0];
  EXPECT_EQ(info["record"], Json(kRulesInfoMetric));
  EXPECT_EQ(info["labels"]["spec_hash"], Json(first.spec_hash));
  EXPECT_EQ(info["labels"]["file"], Json("clickdeploy-a.yml"));
  EXPECT_EQ(info["labels"]["owner"], Json("c1/shop/main"));
  EXPECT_EQ(hash_in(first.text), first.spec_hash);
  EXPECT_EQ(hash_in("groups: []\n"), "");
}

TEST_F(Promtool, AcceptsARuleFileWithoutGroups) {
  EXPECT_TRUE(check(render_rule_file("clickdeploy-empty.yml", "c1/shop/main", {}).text));
}

TEST_F(Promtool, AnyTextInLabelsAndAnnotationsStaysText) {
  const std::string values[] = {"\"quoted\" 'single' `back`",
                                "back\\slash \\n",
                                "new\nline\n\n  indented\n",
                                "tab\tand trailing space ",
                                "- a list\n- of rules: {x: 1}",
                                "Größe \u2028 \U0001F600 \u202E",
                                "#comment",
                                "no",
                                "0x10",
                                "1:20",
                                "2001-12-14",
                                "~",
                                "<<",
                                "!!binary x",
                                "&anchor",
                                "*alias",
                                "",
                                std::string("bell\a nul\0", 9)};
  for (const std::string& value : values) {
    SCOPED_TRACE(value);
    Rule rule = alert("Alert " + value, "up == 0");
    rule.labels = {{"text", value}};
    rule.annotations = {{"summary", value}};
    const RuleFile file = render_rule_file("clickdeploy-x.yml", "c1/shop/main", one_group(rule));
    const Result<void> checked = check(file.text);
    EXPECT_TRUE(checked) << checked.error().message();
    const Result<Json> read = parse_single_yaml(file.text);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ((*read)["groups"][0]["rules"][0]["labels"]["text"], Json(value));
    EXPECT_EQ((*read)["groups"][0]["rules"][0]["annotations"]["summary"], Json(value));
  }
}

struct BadRule {
  Rule rule;
  std::string complaint;
};

TEST_F(Promtool, SaysWhichRuleIsBadAndWhy) {
  Rule bad_template = alert("T", "up == 0");
  bad_template.annotations = {{"summary", "{{ $labels.x"}};
  Rule bad_duration = alert("D", "up == 0");
  bad_duration.for_duration = "10";
  Rule bad_label = alert("L", "up == 0");
  bad_label.labels = {{"bad-label", "x"}};
  Rule bad_record;
  bad_record.record = "bad-name";
  bad_record.expr = "up";
  const BadRule table[] = {
      {alert("Ok", "sum(up"),
       "group \"node\", rule 1, \"Ok\": could not parse expression: 1:7: parse error: unclosed"},
      {bad_template, "annotation \"summary\": template:"},
      {bad_duration, "not a valid duration string: \"10\""},
      {bad_label, "invalid label name: bad-label"},
      {bad_record, "invalid recording rule name: bad-name"}};
  for (const BadRule& row : table) {
    const Result<void> checked =
        check(render_rule_file("clickdeploy-x.yml", "c1/shop/main", one_group(row.rule)).text);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code(), ErrorCode::InvalidArgument);
    const std::string& message = checked.error().message();
    EXPECT_NE(message.find(row.complaint), std::string::npos) << message;
    EXPECT_EQ(message.find(folder_.path()), std::string::npos) << message;
  }
}

TEST_F(Promtool, LeavesNoFileBehind) {
  EXPECT_FALSE(check("groups: 5\n"));
  EXPECT_TRUE(disk_.list(folder_ / "checks")->empty());
}

TEST_F(Promtool, MissingProgramIsNoVerdict) {
  PromtoolRuleChecker absent(processes_, disk_, random_, folder_.path(), "no-such-promtool");
  const Result<void> checked =
      absent.check(render_rule_file("clickdeploy-x.yml", "c1/shop/main", {}).text);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code(), ErrorCode::NotFound);
}

}  // namespace
}  // namespace clickdeploy::prometheus
