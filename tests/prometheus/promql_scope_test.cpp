// A scoped rule sees the series of its policy's Services alone, as the real promtool evaluates it.

#include "controller/prometheus/promql_scope.h"

#include "controller/async/disk.h"
#include "controller/async/process.h"
#include "controller/base/json.h"
#include "controller/base/yaml.h"
#include "controller/prometheus/promql_lint.h"
#include "tests/prometheus/promql_cases.h"
#include "tests/testing/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace clickdeploy::prometheus {
namespace {

const Scope kScope{.policy = "web/base", .service_ids = {"s-1", "s.2"}, .records = {"own"}};

Rule alert(std::string expr) {
  Rule rule;
  rule.alert = "A";
  rule.expr = std::move(expr);
  return rule;
}

TEST(PromqlScope, BindsEverySelectorAndChangesNothingElse) {
  const promql::Matcher bound{"service_id", promql::MatchOp::Regex, "s-1|s\\.2"};
  for (const PromqlCase& row : promql_cases()) {
    if (!row.parses) continue;
    const Result<Rule> scoped = scope_rule(alert(std::string(row.text)), kScope);
    ASSERT_TRUE(scoped) << row.text << ": " << scoped.error().message();
    Result<promql::Expression> tree = promql::parse_promql(scoped->expr);
    ASSERT_TRUE(tree) << scoped->expr << ": " << tree.error().message();
    promql::for_each_selector(*tree, [&](promql::Expression& selector) {
      ASSERT_FALSE(selector.matchers.empty()) << scoped->expr;
      EXPECT_EQ(selector.matchers.back(), bound) << scoped->expr;
      selector.matchers.pop_back();
    });
    EXPECT_EQ(*tree, *promql::parse_promql(row.text)) << row.text;
  }
}

TEST(PromqlScope, MatcherFitsTheNumberOfServices) {
  const auto scoped = [](std::vector<std::string> ids) {
    return scope_rule(alert("up"), {.policy = "w/b", .service_ids = std::move(ids), .records = {}})
        ->expr;
  };
  EXPECT_EQ(scoped({"s-1"}), R"(up{service_id="s-1"})");
  EXPECT_EQ(scoped({"s-1", "s-2"}), R"(up{service_id=~"s-1|s-2"})");
  EXPECT_EQ(scoped({}), R"(up{service_id="none"})");
}

TEST(PromqlScope, OwnRecordsAreTheirPolicys) {
  EXPECT_EQ(scope_rule(alert("own > 1"), kScope)->expr,
            R"(own{click_deploy_policy="web/base"} > 1)");
  EXPECT_EQ(scope_rule(alert(R"({__name__="own"} > 1)"), kScope)->expr,
            R"({__name__="own",click_deploy_policy="web/base"} > 1)");
  Rule rule;
  rule.record = "own";
  rule.expr = "sum(up)";
  EXPECT_EQ(scope_rule(rule, kScope)->labels, (Labels{{"click_deploy_policy", "web/base"}}));
  EXPECT_TRUE(scope_rule(alert("up"), kScope)->labels.empty());
}

// What tenants have tried elsewhere. Each is evaluated over series of a foreign Service, and must
// give nothing.
const char* const kAttacks[] = {
    "up",
    "secret",
    R"(up{service_id="other"})",
    R"(up{service_id=~".*"})",
    R"(up{service_id!=""})",
    R"(up{service_id="other",service_id=~".+"})",
    R"(up{job=""} or secret{job!=""})",
    "up or secret",
    "up unless on (nothing) missing or secret",
    R"({__name__=~".+"})",
    R"({__name__!=""})",
    R"({__name__="secret"})",
    R"({job="a"} or {instance=~".+"})",
    "-secret",
    "(((secret)))",
    "secret offset 1m",
    "secret offset -1m",
    "secret @ 60",
    "secret @ end()",
    "secret @ start() offset -2m",
    "rate(secret[3m])",
    "max_over_time(secret[3m:1m])",
    "max_over_time((missing or secret)[3m:1m] @ 240)",
    "sum(max_over_time(sum by (job) (secret)[3m:1m]))",
    "topk(5, secret)",
    R"(count_values("v", secret))",
    "quantile(0.5, secret)",
    "sum without (service_id) (secret)",
    R"~(label_replace(secret, "a", "$1", "service_id", "(.*)"))~",
    R"(label_join(secret, "a", ",", "service_id", "job"))",
    "secret * on () group_left up",
    "up * ignoring (service_id) group_right () secret",
    "secret and on () up",
    "histogram_quantile(0.5, secret)",
    "absent_over_time(secret[1m]) * 0 + on (job) secret",
    R"(own)",
    R"({__name__="own"})",
    "sort_desc(secret)",
    "timestamp(secret)",
    "# comment\nsecret # {service_id=\"s-1\"}",
    R"(secret{a="} or secret{"})",
    R"(secret{a!="\"} or secret{b=\""})",
    R"(secret{a!='" or secret{b="'})",
    "secret{a!=`\" or secret{b=\"`}",
    "SUM(secret)",
    "sum_over_time(secret[2m]) > bool 0",
};

TEST(PromqlScope, NothingOfOthersIsSeen) {
  Json wanted = Json::array();
  Json proofs = Json::array();
  for (const char* attack : kAttacks) {
    const Result<Rule> scoped = scope_rule(alert(attack), kScope);
    ASSERT_TRUE(scoped) << attack << ": " << scoped.error().message();
    wanted.push_back(Json::object({{"expr", scoped->expr}, {"eval_time", "4m"}}));
  }
  const Json foreign = Json::array(
      {Json::object(
           {{"series", R"(up{job="a",instance="x",service_id="other"})"}, {"values", "1x10"}}),
       Json::object({{"series", R"(up{job="a",instance="y"})"}, {"values", "1x10"}}),
       Json::object({{"series", R"(secret{job="a",instance="x",service_id="other",le="1"})"},
                     {"values", "1+1x10"}}),
       Json::object(
           {{"series", R"(secret{job="b",service_id="s-12",le="+Inf"})"}, {"values", "1+1x10"}}),
       Json::object({{"series", R"(secret{job="c",service_id="sx2"})"}, {"values", "1+1x10"}}),
       Json::object({{"series", R"(own{service_id="other"})"}, {"values", "1x10"}}),
       Json::object({{"series", R"(own{click_deploy_policy="web/bases"})"}, {"values", "1x10"}})});
  const Json test = Json::object(
      {{"interval", "30s"}, {"input_series", foreign}, {"promql_expr_test", std::move(wanted)}});
  testing::TemporaryFolder folder;
  PosixDisk disk;
  ASSERT_TRUE(disk.write_atomic(folder / "test.yml",
                                to_yaml(Json::object({{"tests", Json::array({test})}})), 0644));
  SystemProcessRunner processes;
  const Result<ProcessResult> result =
      processes.run({"promtool", "test", "rules", folder / "test.yml"}, std::chrono::seconds(60));
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->exit_code, 0) << result->out << result->err;
}

TEST(PromqlScope, ForgedLabelsAreRefused) {
  for (const char* text : {R"(label_replace(up, "service_id", "s-1", "", ""))",
                           R"(label_replace(up, ("project_id"), "s-1", "", ""))",
                           R"(label_replace(up, 'service\x5fid', "s-1", "", ""))",
                           R"(sum(max_over_time(label_join(up, "instance_id", "", "a")[5m:1m])))",
                           R"(1 + count_values("managed_by", up))",
                           R"(label_replace(own, "click_deploy_policy", "a/b", "", ""))"}) {
    const Result<Rule> scoped = scope_rule(alert(text), kScope);
    ASSERT_FALSE(scoped) << text;
    EXPECT_EQ(scoped.error().code(), ErrorCode::InvalidArgument);
    EXPECT_NE(scoped.error().message().find("says whose a series is"), std::string::npos);
  }
  Rule rule = alert("up");
  rule.labels = {{"service_id", "s-1"}};
  EXPECT_FALSE(scope_rule(rule, kScope));
}

TEST(PromqlScope, TemplatesCannotAsk) {
  for (const char* text :
       {R"({{ query "up" }})", R"({{query "up"}})", R"({{- query "up" -}})",
        R"({{ with query "up" }}{{ . }}{{ end }})",
        R"(a {{ "x" }} {{ range query `up` }}{{ end }})",
        R"({{/* ' */}}{{ query "up" }}{{/* ' */}})",
        R"({{- /* " */ -}}{{ query "up" }}{{- /* " */ -}})", R"({{ printf "\"" }}{{ query "up" }})",
        R"({{ "up" | query | first | value }})", R"({{ $x := query "up" }})",
        R"({{ (query "up") }})", "{{\nquery\n\"up\" }}"}) {
    Rule rule = alert("up");
    rule.annotations = {{"summary", text}};
    EXPECT_FALSE(scope_rule(rule, kScope)) << text;
    rule.annotations.clear();
    rule.labels = {{"team", text}};
    EXPECT_FALSE(scope_rule(rule, kScope)) << text;
  }
  for (const char* text :
       {"query is slow", R"({{ $labels.query }} {{ .Labels.query }})", R"({{ "query" }} query)",
        R"({{ $query := 1 }}{{ $query }})", R"({{/* query */}} x)", R"({{ $labels.my_query }})",
        R"({{ `query` }})"}) {
    Rule rule = alert("up");
    rule.annotations = {{"summary", text}};
    EXPECT_TRUE(scope_rule(rule, kScope)) << text;
  }
}

TEST(PromqlScope, NamesWhatIsAskedFor) {
  EXPECT_EQ(
      metrics_of(R"(sum(rate(a[5m])) / max_over_time(b:c[5m:1m]) or {__name__="d"} + {job="x"})"),
      (std::set<std::string>{"a", "b:c", "d"}));
  EXPECT_TRUE(metrics_of("sum(").empty());
}

TEST(PromqlLint, TellsWhatIsProbablyNotMeant) {
  const auto warnings = [](const std::string& expr) {
    return lint_rule(alert(expr), std::chrono::seconds(30), &kScope);
  };
  for (const char* fine : {"up == 0", "absent(up)", "a and b", "rate(a[1m]) > 1", "sum(",
                           R"(up{service_id="s-1"} == 0)", "max_over_time(a[10s]) > 1"}) {
    EXPECT_TRUE(warnings(fine).empty()) << fine << ": " << warnings(fine).front();
  }
  const std::pair<const char*, const char*> table[] = {
      {"sum(up)", "nothing in the expression compares"},
      {"sum(rate(a[45s])) > 1", "rate needs two samples"},
      {R"(up{service_id="other"} == 0)", "matches nothing"}};
  for (const auto& [expr, words] : table) {
    ASSERT_EQ(warnings(expr).size(), 1u) << expr;
    EXPECT_NE(warnings(expr)[0].find(words), std::string::npos) << warnings(expr)[0];
  }
  Rule record;
  record.record = "a";
  record.expr = "sum(up)";
  EXPECT_TRUE(lint_rule(record, std::chrono::seconds(30), nullptr).empty());
}

}  // namespace
}  // namespace clickdeploy::prometheus
