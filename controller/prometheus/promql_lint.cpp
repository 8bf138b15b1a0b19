#include "controller/prometheus/promql_lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace clickdeploy::prometheus {

namespace {

using promql::Expression;
using promql::Matcher;
using Kind = Expression::Kind;

template <class Tree, class Visit>
void for_each_node(Tree& node, const Visit& visit) {
  visit(node);
  for (auto& operand : node.operands) for_each_node(operand, visit);
}

// Something that decides when an alert fires: without it, it does for as long as there are series.
bool decides(const Expression& tree) {
  constexpr std::array<std::string_view, 10> kWords = {
      "==", "!=", "<", ">", "<=", ">=", "and", "unless", "absent", "absent_over_time"};
  bool found = false;
  for_each_node(tree, [&found, &kWords](const Expression& node) {
    const bool has_word = node.kind == Kind::Binary || node.kind == Kind::Call;
    found = found || (has_word && std::ranges::find(kWords, node.text) != kWords.end());
  });
  return found;
}

bool needs_two_samples(const Expression& node) {
  constexpr std::array<std::string_view, 7> kFunctions = {
      "rate", "irate", "increase", "delta", "idelta", "deriv", "predict_linear"};
  return node.kind == Kind::Call && std::ranges::find(kFunctions, node.text) != kFunctions.end() &&
         !node.operands.empty() && node.operands[0].kind == Kind::Selector;
}

void look_at_ranges(const Expression& tree, std::chrono::milliseconds interval,
                    std::vector<std::string>& warnings) {
  for_each_node(tree, [&](const Expression& node) {
    if (!needs_two_samples(node)) return;
    if (node.operands[0].range_ms >= 2 * interval.count()) return;
    warnings.push_back(fmt::format(
        "{} needs two samples, and with a scrape every {}s the range of {} may hold fewer",
        node.text, interval.count() / 1000, promql::to_string(node.operands[0])));
  });
}

void look_at_services(const Expression& tree, const Scope& scope,
                      std::vector<std::string>& warnings) {
  promql::for_each_selector(tree, [&](const Expression& selector) {
    for (const Matcher& matcher : selector.matchers) {
      if (matcher.label != "service_id" || matcher.op != promql::MatchOp::Equal) continue;
      if (std::ranges::find(scope.service_ids, matcher.value) != scope.service_ids.end()) continue;
      warnings.push_back(
          fmt::format("{} matches nothing: the policy does not apply to that Service",
                      promql::to_string(selector)));
    }
  });
}

}  // namespace

std::vector<std::string> lint_rule(const Rule& rule, std::chrono::milliseconds scrape_interval,
                                   const Scope* scope) {
  std::vector<std::string> warnings;
  const Result<Expression> tree = promql::parse_promql(rule.expr);
  if (!tree) return warnings;
  if (!rule.alert.empty() && !decides(*tree)) {
    warnings.emplace_back(
        "the alert fires for as long as its series are there: nothing in the "
        "expression compares");
  }
  look_at_ranges(*tree, scrape_interval, warnings);
  if (scope != nullptr && !scope->service_ids.empty()) look_at_services(*tree, *scope, warnings);
  return warnings;
}

}  // namespace clickdeploy::prometheus
