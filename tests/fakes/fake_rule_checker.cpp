#include "tests/fakes/fake_rule_checker.h"

#include "controller/base/yaml.h"

namespace clickdeploy::fakes {

namespace {

Result<void> check_expression(const std::string& expr) {
  int open = 0;
  for (const char c : expr) {
    open += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (open < 0) break;
  }
  if (expr.empty()) return fail(ErrorCode::InvalidArgument, "field 'expr' must be set in rule");
  if (open != 0 || expr.contains("(((")) {
    return fail(ErrorCode::InvalidArgument,
                "could not parse expression: 1:1: parse error: unclosed left parenthesis");
  }
  return {};
}

}  // namespace

Result<Json> read_rule_file(const std::string& text) {
  Result<Json> document = parse_single_yaml(text);
  if (!document) return document;
  if (!(*document)["groups"].is_array()) {
    return fail(ErrorCode::InvalidArgument, "no list of groups");
  }
  for (const Json& group : (*document)["groups"].as_array()) {
    if (!group["name"].is_string() || !group["rules"].is_array()) {
      return fail(ErrorCode::InvalidArgument, "a group without a name or rules");
    }
    for (const Json& rule : group["rules"].as_array()) {
      Result<void> valid = check_expression(rule["expr"].as_string());
      if (!valid) return std::unexpected(std::move(valid).error());
    }
  }
  return document;
}

Result<std::vector<std::string>> FakeRuleChecker::complaints(const std::string& text) {
  Result<Json> document = read_rule_file(text);
  if (document) return std::vector<std::string>{};
  return std::vector<std::string>{document.error().message()};
}

// No engine here to run them: what is well-formed passes.
Result<void> FakeRuleChecker::test(const std::vector<prometheus::RuleGroup>&, const Json&) {
  return {};
}

}  // namespace clickdeploy::fakes
