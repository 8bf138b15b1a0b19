// RuleBench: rules on a bench: series go in, and the real promtool says what comes out.

#pragma once

#include "controller/base/json.h"
#include "controller/prometheus/rule_files.h"
#include "tests/testing/temporary_folder.h"

#include <string>
#include <vector>

namespace clickdeploy::prometheus {

struct ExpectedSample {
  std::string series;
  double value = 0;
};

class RuleBench {
 public:
  explicit RuleBench(std::vector<RuleGroup> groups, std::string interval = "30s")
      : groups_(std::move(groups)), interval_(std::move(interval)) {}

  // In promtool's notation: up{a="b"}, 0+1x20.
  void given(const std::string& series, const std::string& values);

  // At a time from the start, the expression gives exactly these.
  void expect(const std::string& time, const std::string& expr,
              const std::vector<ExpectedSample>& samples);

  // At a time from the start, exactly so many alerts of this name fire, with these labels beside
  // alertname. The annotations are the rule's own, and are not compared.
  void expect_alerts(const std::string& time, const std::string& name,
                     const std::vector<Labels>& alerts);

  // Fails the test with promtool's words if anything is not as it is expected.
  void run();

 private:
  std::vector<RuleGroup> groups_;
  std::string interval_;
  Json series_ = Json::array();
  Json expressions_ = Json::array();
  Json alerts_ = Json::array();
  testing::TemporaryFolder folder_;
};

}  // namespace clickdeploy::prometheus
