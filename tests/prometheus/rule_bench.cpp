#include "tests/prometheus/rule_bench.h"

#include "controller/async/disk.h"
#include "controller/async/process.h"
#include "controller/base/yaml.h"

#include <gtest/gtest.h>

namespace clickdeploy::prometheus {

void RuleBench::given(const std::string& series, const std::string& values) {
  series_.push_back(Json::object({{"series", series}, {"values", values}}));
}

void RuleBench::expect(const std::string& time, const std::string& expr,
                       const std::vector<ExpectedSample>& samples) {
  Json wanted = Json::array();
  for (const ExpectedSample& sample : samples) {
    wanted.push_back(Json::object({{"labels", sample.series}, {"value", sample.value}}));
  }
  expressions_.push_back(
      Json::object({{"expr", expr}, {"eval_time", time}, {"exp_samples", std::move(wanted)}}));
}

void RuleBench::expect_alerts(const std::string& time, const std::string& name,
                              const std::vector<Labels>& alerts) {
  Json wanted = Json::array();
  for (const Labels& labels : alerts) {
    Json object = Json::object();
    for (const auto& [label, value] : labels) object.set(label, value);
    wanted.push_back(Json::object({{"exp_labels", std::move(object)}}));
  }
  alerts_.push_back(
      Json::object({{"alertname", name}, {"eval_time", time}, {"exp_alerts", std::move(wanted)}}));
}

void RuleBench::run() {
  // promtool compares annotations too; what they say is for people, and the templates in them are
  // looked at when the file is checked.
  std::vector<RuleGroup> groups = groups_;
  for (RuleGroup& group : groups) {
    for (Rule& rule : group.rules) rule.annotations.clear();
  }
  PosixDisk disk;
  SystemProcessRunner processes;
  const std::chrono::seconds deadline(90);
  ASSERT_TRUE(disk.write_atomic(folder_ / "whole.yml",
                                render_rule_file("whole.yml", "bench", groups_).text, 0644));
  const Result<ProcessResult> checked =
      processes.run({"promtool", "check", "rules", folder_ / "whole.yml"}, deadline);
  ASSERT_TRUE(checked) << checked.error().message();
  EXPECT_EQ(checked->exit_code, 0) << checked->out << checked->err;

  ASSERT_TRUE(disk.write_atomic(folder_ / "rules.yml",
                                render_rule_file("rules.yml", "bench", groups).text, 0644));
  Json test = Json::object({{"interval", interval_},
                            {"input_series", series_},
                            {"promql_expr_test", expressions_},
                            {"alert_rule_test", alerts_}});
  const Json file = Json::object({{"rule_files", Json::array({"rules.yml"})},
                                  {"evaluation_interval", interval_},
                                  {"tests", Json::array({std::move(test)})}});
  ASSERT_TRUE(disk.write_atomic(folder_ / "test.yml", to_yaml(file), 0644));
  const Result<ProcessResult> result =
      processes.run({"promtool", "test", "rules", folder_ / "test.yml"}, deadline);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->exit_code, 0) << result->out << result->err;
}

}  // namespace clickdeploy::prometheus
