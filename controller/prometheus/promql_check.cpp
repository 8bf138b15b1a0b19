#include "controller/prometheus/promql_check_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace clickdeploy::prometheus::promql {

namespace {

using Kind = Expression::Kind;

// Types of arguments: S scalar, T text, V instant vector, M range vector. `more`: how many beyond
// the last but one may be given; 0: exactly these; -1: any number of the last.
struct Function {
  std::string_view name;
  std::string_view arguments;
  int more = 0;
  ValueType gives = ValueType::Vector;
};

constexpr Function kFunctions[] = {
    {"abs", "V"},
    {"absent", "V"},
    {"absent_over_time", "M"},
    {"acos", "V"},
    {"acosh", "V"},
    {"asin", "V"},
    {"asinh", "V"},
    {"atan", "V"},
    {"atanh", "V"},
    {"avg_over_time", "M"},
    {"ceil", "V"},
    {"changes", "M"},
    {"clamp", "VSS"},
    {"clamp_max", "VS"},
    {"clamp_min", "VS"},
    {"cos", "V"},
    {"cosh", "V"},
    {"count_over_time", "M"},
    {"day_of_month", "V", 1},
    {"day_of_week", "V", 1},
    {"day_of_year", "V", 1},
    {"days_in_month", "V", 1},
    {"deg", "V"},
    {"delta", "M"},
    {"deriv", "M"},
    {"exp", "V"},
    {"floor", "V"},
    {"histogram_count", "V"},
    {"histogram_fraction", "SSV"},
    {"histogram_quantile", "SV"},
    {"histogram_sum", "V"},
    {"holt_winters", "MSS"},
    {"hour", "V", 1},
    {"idelta", "M"},
    {"increase", "M"},
    {"irate", "M"},
    {"label_join", "VTTT", -1},
    {"label_replace", "VTTTT"},
    {"last_over_time", "M"},
    {"ln", "V"},
    {"log10", "V"},
    {"log2", "V"},
    {"max_over_time", "M"},
    {"min_over_time", "M"},
    {"minute", "V", 1},
    {"month", "V", 1},
    {"pi", "", 0, ValueType::Scalar},
    {"predict_linear", "MS"},
    {"present_over_time", "M"},
    {"quantile_over_time", "SM"},
    {"rad", "V"},
    {"rate", "M"},
    {"resets", "M"},
    {"round", "VS", 1},
    {"scalar", "V", 0, ValueType::Scalar},
    {"sgn", "V"},
    {"sin", "V"},
    {"sinh", "V"},
    {"sort", "V"},
    {"sort_desc", "V"},
    {"sqrt", "V"},
    {"stddev_over_time", "M"},
    {"stdvar_over_time", "M"},
    {"sum_over_time", "M"},
    {"tan", "V"},
    {"tanh", "V"},
    {"time", "", 0, ValueType::Scalar},
    {"timestamp", "V"},
    {"vector", "S"},
    {"year", "V", 1},
};

ValueType type_of(char letter) {
  switch (letter) {
    case 'S':
      return ValueType::Scalar;
    case 'T':
      return ValueType::String;
    case 'M':
      return ValueType::Matrix;
    default:
      return ValueType::Vector;
  }
}

std::string_view words(ValueType type) {
  switch (type) {
    case ValueType::Scalar:
      return "scalar";
    case ValueType::String:
      return "string";
    case ValueType::Matrix:
      return "range vector";
    default:
      return "instant vector";
  }
}

std::string expect_type(ValueType wanted, const Expression& got, const std::string& where) {
  if (got.type == wanted) return "";
  return fmt::format("expected type {} in {}, got {}", words(wanted), where, words(got.type));
}

bool is_comparison(std::string_view op) {
  return op == "==" || op == "!=" || op == "<" || op == ">" || op == "<=" || op == ">=";
}

bool is_set_operator(std::string_view op) {
  return op == "and" || op == "or" || op == "unless";
}

std::string check_call(Expression& node) {
  const auto* function =
      std::ranges::find(kFunctions, std::string_view(node.text), &Function::name);
  if (function == std::end(kFunctions)) {
    return fmt::format("unknown function with name \"{}\"", node.text);
  }
  node.type = function->gives;
  const std::size_t named = function->arguments.size();
  const std::size_t least = function->more == 0 ? named : named - 1;
  const std::size_t given = node.operands.size();
  const bool many = function->more >= 0 && given > least + static_cast<std::size_t>(function->more);
  if (given < least || many) {
    return fmt::format("wrong number of arguments in call to \"{}\": {}", node.text, given);
  }
  for (std::size_t i = 0; i < given; ++i) {
    const char letter = function->arguments[std::min(i, named - 1)];
    std::string wrong =
        expect_type(type_of(letter), node.operands[i], "call to function \"" + node.text + "\"");
    if (!wrong.empty()) return wrong;
  }
  return "";
}

std::string check_aggregate(Expression& node) {
  node.type = ValueType::Vector;
  const bool text_parameter = node.text == "count_values";
  const bool parameter =
      text_parameter || node.text == "topk" || node.text == "bottomk" || node.text == "quantile";
  const std::size_t wanted = parameter ? 2 : 1;
  if (node.operands.size() != wanted) {
    return fmt::format(
        "wrong number of arguments for aggregate expression provided, expected {}, got {}", wanted,
        node.operands.size());
  }
  if (std::string wrong =
          expect_type(ValueType::Vector, node.operands.back(), "aggregation expression");
      !wrong.empty()) {
    return wrong;
  }
  if (!parameter) return "";
  return expect_type(text_parameter ? ValueType::String : ValueType::Scalar, node.operands.front(),
                     "aggregation parameter");
}

std::string check_binary(Expression& node) {
  const ValueType left = node.operands[0].type;
  const ValueType right = node.operands[1].type;
  const bool vectors = left == ValueType::Vector && right == ValueType::Vector;
  const bool scalars = left == ValueType::Scalar && right == ValueType::Scalar;
  node.type = scalars ? ValueType::Scalar : ValueType::Vector;
  if (node.returns_bool && !is_comparison(node.text)) {
    return "bool modifier can only be used on comparison operators";
  }
  if (is_comparison(node.text) && scalars && !node.returns_bool) {
    return "comparisons between scalars must use BOOL modifier";
  }
  for (const ValueType type : {left, right}) {
    if (type != ValueType::Scalar && type != ValueType::Vector) {
      return "binary expression must contain only scalar and instant vector types";
    }
  }
  if (node.matching.word == "on") {
    for (const std::string& label : node.grouping.labels) {
      if (std::ranges::find(node.matching.labels, label) != node.matching.labels.end()) {
        return fmt::format("label \"{}\" must not occur in ON and GROUP clause at once", label);
      }
    }
  }
  if (!vectors && !node.matching.labels.empty()) {
    return "vector matching only allowed between instant vectors";
  }
  if (!is_set_operator(node.text)) return "";
  if (!vectors) {
    return fmt::format("set operator \"{}\" not allowed in binary scalar expression", node.text);
  }
  if (!node.grouping.word.empty()) {
    return fmt::format("no grouping allowed for \"{}\" operation", node.text);
  }
  return "";
}

// Could a matcher be met by a series without the label? Regular expressions are looked at only as
// far as ".*" goes.
bool admits_nothing(const Matcher& matcher) {
  switch (matcher.op) {
    case MatchOp::Equal:
      return matcher.value.empty();
    case MatchOp::NotEqual:
      return !matcher.value.empty();
    case MatchOp::Regex:
      return matcher.value.empty() || matcher.value == ".*";
    default:
      return !matcher.value.empty() && matcher.value != ".*";
  }
}

std::string check_selector(const Expression& node) {
  if (!node.text.empty()) {
    const bool twice =
        std::ranges::find(node.matchers, "__name__", &Matcher::label) != node.matchers.end();
    return twice ? "metric name must not be set twice" : "";
  }
  if (std::ranges::all_of(node.matchers, admits_nothing)) {
    return "vector selector must contain at least one non-empty matcher";
  }
  return "";
}

}  // namespace

std::string check_node(Expression& node) {
  switch (node.kind) {
    case Kind::Selector:
      return check_selector(node);
    case Kind::Parens:
      node.type = node.operands[0].type;
      return "";
    case Kind::Unary:
      node.type = node.operands[0].type;
      return node.type == ValueType::Scalar || node.type == ValueType::Vector
                 ? ""
                 : "unary expression only allowed on expressions of type scalar or instant vector";
    case Kind::Subquery:
      node.type = ValueType::Matrix;
      return expect_type(ValueType::Vector, node.operands[0], "subquery");
    case Kind::Binary:
      return check_binary(node);
    case Kind::Aggregate:
      return check_aggregate(node);
    case Kind::Call:
      return check_call(node);
    default:
      return "";
  }
}

}  // namespace clickdeploy::prometheus::promql
