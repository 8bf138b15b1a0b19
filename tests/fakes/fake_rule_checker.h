// FakeRuleChecker: promtool's verdict for tests, without promtool: the YAML is read for real, and
// of expressions only the parentheses are looked at.

#pragma once

#include "controller/base/json.h"
#include "controller/prometheus/rule_files.h"

namespace clickdeploy::fakes {

// The document of a rule file, or why Prometheus would refuse it. An expression with unbalanced
// parentheses, or with "(((", is a bad one.
Result<Json> read_rule_file(const std::string& text);

class FakeRuleChecker final : public prometheus::RuleChecker {
 public:
  Result<std::vector<std::string>> complaints(const std::string& text) override;
  Result<void> test(const std::vector<prometheus::RuleGroup>& groups, const Json& tests) override;
};

}  // namespace clickdeploy::fakes
