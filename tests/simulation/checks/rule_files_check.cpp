#include "tests/simulation/checks/rule_files_check.h"

#include "controller/base/yaml.h"
#include "tests/fakes/fake_rule_checker.h"

namespace clickdeploy::simulation {

namespace {
constexpr std::string_view kOurs = "managed_by=\"click-deploy\"";
constexpr std::string_view kTenant[] = {"project_id", "service_id"};
}  // namespace

void RuleFilesCheck::file(const std::string& path, std::optional<std::string_view> bytes) const {
  if (!bytes || !path.starts_with(folder_ + "/clickdeploy-") || !path.ends_with(".yml")) return;
  const std::string text(*bytes);
  const Result<Json> document = fakes::read_rule_file(text);
  if (!document) {
    const bool yaml = parse_single_yaml(text).has_value();
    return report_.add(yaml ? "S15" : "S12", path + " is refused: " + document.error().message());
  }
  if (!path.ends_with("/clickdeploy-mapping.yml")) return;
  for (const Json& group : (*document)["groups"].as_array()) {
    for (const Json& rule : group["rules"].as_array()) {
      const std::string& name = rule["record"].as_string();
      if (name != "click_deploy_rules_info") judge(name, rule["expr"].as_string());
    }
  }
}

void RuleFilesCheck::judge(const std::string& rule, const std::string& expression) const {
  std::size_t selectors = 0;
  for (std::size_t at = expression.find('{'); at != std::string::npos;
       at = expression.find('{', at + 1)) {
    ++selectors;
    const std::string selector = expression.substr(at, expression.find('}', at) - at);
    if (!selector.contains(kOurs)) {
      report_.add("S15", rule + " has a selector without our label: " + selector + "}");
    }
  }
  if (selectors == 0) report_.add("S15", rule + " selects without labels: " + expression);
  for (const std::string_view label : kTenant) {
    if (!expression.contains(label)) {
      report_.add("S15", rule + " does not keep " + std::string(label) + ": " + expression);
    }
  }
}

}  // namespace clickdeploy::simulation
