// Scoping: a rule that a tenant wrote sees the series of its own Services, and no others.
//
// Every vector selector of the expression, wherever it stands, is given further matchers.
// Prometheus joins the matchers of a selector by "and", so what the author wrote on the same label
// can only narrow it down. Besides selectors, templates read series, by their function `query`:
// those are refused. So is what would forge a scoping label on a series that is made:
// `label_replace`, `label_join` and `count_values` into it, or a rule's own label of that name.

#pragma once

#include "controller/prometheus/promql.h"
#include "controller/prometheus/rule_files.h"

#include <set>
#include <string>
#include <vector>

namespace clickdeploy::prometheus {

// On series that scoped recording rules make: whose they are.
inline constexpr std::string_view kPolicyLabel = "click_deploy_policy";

struct Scope {
  std::string policy;                    // "namespace/name"
  std::vector<std::string> service_ids;  // sorted; none: the rules see nothing
  std::set<std::string> records;         // names that the policy's own rules record
};

// The rule with every selector bound to the scope. InvalidArgument says what cannot be parsed, or
// what would leave the scope.
Result<Rule> scope_rule(const Rule& rule, const Scope& scope);

// Names of the metrics that the expression asks for by name. Empty for what cannot be parsed.
std::set<std::string> metrics_of(const std::string& expression);

}  // namespace clickdeploy::prometheus
