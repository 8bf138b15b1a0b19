// RuleFilesCheck (S15): no file is published that the rule parser refuses; each selector of the
// mapping asks for our own label, and each of its rules keeps the tenant's labels.

#pragma once

#include "tests/simulation/sim_report.h"

#include <optional>
#include <string>
#include <string_view>

namespace clickdeploy::simulation {

class RuleFilesCheck {
 public:
  RuleFilesCheck(std::string folder, Report& report)
      : folder_(std::move(folder)), report_(report) {}

  void file(const std::string& path, std::optional<std::string_view> bytes) const;

 private:
  void judge(const std::string& rule, const std::string& expression) const;

  const std::string folder_;
  Report& report_;
};

}  // namespace clickdeploy::simulation
