// PromQL: an expression of Prometheus 2.42 as a tree, made from text, made text again, and walked.
//
// parse_promql() accepts what Prometheus accepts and refuses what it refuses, types of operands and
// arguments included; only the syntax of regular expressions is not looked at. The text of a tree
// is canonical enough to give the same tree again, not the text that Prometheus itself would write.
//
// Limits: 64 KiB of text and 200 levels of operators, brackets and calls; beyond, InvalidArgument.

#pragma once

#include "controller/base/error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::prometheus::promql {

enum class MatchOp : std::uint8_t { Equal, NotEqual, Regex, NotRegex };

struct Matcher {
  std::string label;
  MatchOp op = MatchOp::Equal;
  std::string value;

  bool operator==(const Matcher&) const = default;
};

enum class ValueType : std::uint8_t { Scalar, String, Vector, Matrix };

// Labels in parentheses after a word: by (a, b), ignoring (c), group_left ().
struct LabelClause {
  std::string word;  // "" if there is none
  std::vector<std::string> labels;

  bool operator==(const LabelClause&) const = default;
};

enum class AtKind : std::uint8_t { None, Time, Start, End };

struct Expression {
  enum class Kind : std::uint8_t {
    Number,     // text: "0.5", "Inf", "NaN"
    String,     // text: what the quotes hold
    Selector,   // text: the name of the metric, or ""; matchers; a range vector if range_ms is set
    Subquery,   // one operand; range_ms, step_ms
    Parens,     // one operand
    Unary,      // text: the operator; one operand
    Binary,     // text: the operator; two operands; matching, grouping, returns_bool
    Aggregate,  // text: the operator; the parameter if it takes one, then the vector; grouping
    Call,       // text: the function; its arguments
  };
  Kind kind = Kind::Number;
  ValueType type = ValueType::Scalar;
  int depth = 1;  // levels of the tree
  std::string text;
  std::vector<Expression> operands;
  std::vector<Matcher> matchers;
  LabelClause matching;  // on | ignoring
  LabelClause grouping;  // by | without; group_left | group_right
  bool returns_bool = false;
  std::int64_t range_ms = 0;
  std::int64_t step_ms = 0;  // 0: not given
  std::int64_t offset_ms = 0;
  AtKind at = AtKind::None;
  std::int64_t at_ms = 0;

  bool operator==(const Expression&) const = default;
};

// InvalidArgument "1:7: parse error: …" with line and column.
Result<Expression> parse_promql(std::string_view text);

std::string to_string(const Expression& expression);
std::string quote(std::string_view text);  // as a string literal

// Calls `visit` for each Selector in the tree, also those in ranges, arguments and subqueries.
template <class Tree, class Visit>
void for_each_selector(Tree& expression, const Visit& visit) {
  if (expression.kind == Expression::Kind::Selector) visit(expression);
  for (auto& operand : expression.operands) for_each_selector(operand, visit);
}

}  // namespace clickdeploy::prometheus::promql
