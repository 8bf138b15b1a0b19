// A recursive descent over the words, with the precedence of Prometheus's grammar. The first error
// stays; after it every function returns at once.

#include "controller/base/utf8.h"
#include "controller/prometheus/promql.h"
#include "controller/prometheus/promql_check_internal.h"
#include "controller/prometheus/promql_lexer_internal.h"
#include "controller/prometheus/promql_values_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace clickdeploy::prometheus::promql {

namespace {

using Kind = Expression::Kind;

constexpr std::size_t kBytesMax = 65'536;
constexpr int kDepthMax = 200;

constexpr int kPowerLevel = 6;
constexpr int kNoOperator = 0;

// How strongly the word binds as a binary operator; 0 if it is none.
int level_of(const Token& token) {
  struct Level {
    std::string_view word;
    int level;
  };
  constexpr std::array<Level, 17> kLevels = {{{"or", 1},
                                              {"and", 2},
                                              {"unless", 2},
                                              {"==", 3},
                                              {"!=", 3},
                                              {"<=", 3},
                                              {"<", 3},
                                              {">=", 3},
                                              {">", 3},
                                              {"+", 4},
                                              {"-", 4},
                                              {"*", 5},
                                              {"/", 5},
                                              {"%", 5},
                                              {"atan2", 5},
                                              {"^", kPowerLevel},
                                              {"", kNoOperator}}};
  const std::string& word = token.kind == TokenKind::Keyword ? token.word : token.text;
  if (token.kind != TokenKind::Keyword && token.kind != TokenKind::Punctuation) return kNoOperator;
  const auto* found = std::ranges::find(kLevels, std::string_view(word), &Level::word);
  return found == kLevels.end() ? kNoOperator : found->level;
}

// Keywords that may be the name of a metric all the same.
bool is_metric_word(const Token& token) {
  constexpr std::array<std::string_view, 6> kNever = {"atan2",    "bool",        "group_left",
                                                      "ignoring", "group_right", "on"};
  return token.kind == TokenKind::Keyword && std::ranges::find(kNever, token.word) == kNever.end();
}

bool is_aggregation(std::string_view word) {
  constexpr std::array<std::string_view, 12> kWords = {"avg",    "bottomk", "count", "count_values",
                                                       "group",  "max",     "min",   "quantile",
                                                       "stddev", "stdvar",  "sum",   "topk"};
  return std::ranges::find(kWords, word) != kWords.end();
}

class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens)
      : text_(text), tokens_(std::move(tokens)) {}

  Result<Expression> parse() {
    if (token().kind == TokenKind::End) fail("no expression found in input");
    Expression expression = parse_binary(1);
    if (!error_ && token().kind != TokenKind::End) fail(unexpected());
    if (error_) return std::unexpected(*std::move(error_));
    return expression;
  }

 private:
  const Token& token(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  Token take() { return tokens_[std::min(at_++, tokens_.size() - 1)]; }
  bool is(std::string_view punctuation, std::size_t ahead = 0) const {
    return token(ahead).kind == TokenKind::Punctuation && token(ahead).text == punctuation;
  }
  bool is_word(std::string_view word) const {
    return token().kind == TokenKind::Keyword && token().word == word;
  }
  bool accept(std::string_view punctuation) {
    if (error_ || !is(punctuation)) return false;
    ++at_;
    return true;
  }
  bool accept_word(std::string_view word) {
    if (error_ || !is_word(word)) return false;
    ++at_;
    return true;
  }
  void expect(std::string_view punctuation) {
    if (error_ || accept(punctuation)) return;
    if (punctuation == ")" && token().kind == TokenKind::End) {
      return fail("unclosed left parenthesis");
    }
    fail(unexpected() + fmt::format(", expected \"{}\"", punctuation));
  }

  std::string unexpected() const {
    if (token().kind == TokenKind::End) return "unexpected end of input";
    return fmt::format("unexpected \"{}\"", utf8_prefix(token().text, 40));
  }
  void fail(std::string_view what) { fail_at(token().at, what); }
  void fail_at(std::size_t at, std::string_view what) {
    if (!error_) error_ = error_at(text_, at, what);
  }

  // The node is whole: its depth and its type.
  Expression finish(Expression node, std::size_t at) {
    for (const Expression& operand : node.operands) {
      node.depth = std::max(node.depth, operand.depth + 1);
    }
    if (error_) return node;
    if (node.depth > kDepthMax) {
      fail_at(at, fmt::format("more than {} levels of operators, brackets and calls", kDepthMax));
      return node;
    }
    if (const std::string wrong = check_node(node); !wrong.empty()) fail_at(at, wrong);
    return node;
  }

  Expression parse_binary(int level_min) {
    const Nesting nesting(*this);
    Expression left = parse_unary();
    while (!error_) {
      const int level = level_of(token());
      if (level < level_min || level == kNoOperator) break;
      const Token word = take();
      Expression node;
      node.kind = Kind::Binary;
      node.text = word.kind == TokenKind::Keyword ? word.word : word.text;
      read_modifiers(node);
      node.operands.push_back(std::move(left));
      // Only ^ takes from the right.
      node.operands.push_back(parse_binary(level == kPowerLevel ? level : level + 1));
      left = finish(std::move(node), word.at);
    }
    return left;
  }

  void read_modifiers(Expression& node) {
    node.returns_bool = accept_word("bool");
    if (!is_word("on") && !is_word("ignoring")) return;
    node.matching.word = take().word;
    node.matching.labels = parse_labels();
    if (!is_word("group_left") && !is_word("group_right")) return;
    node.grouping.word = take().word;
    if (is("(")) node.grouping.labels = parse_labels();
  }

  Expression parse_unary() {
    if (error_) return {};
    if (!is("-") && !is("+")) return parse_postfix();
    const Token word = take();
    Expression node;
    node.kind = Kind::Unary;
    node.text = word.text;
    node.operands.push_back(parse_binary(kPowerLevel));
    return finish(std::move(node), word.at);
  }

  Expression parse_postfix() {
    Expression expression = parse_primary();
    while (!error_) {
      if (is("[")) {
        expression = parse_range(std::move(expression));
      } else if (is_word("offset")) {
        read_offset(expression);
      } else if (is("@")) {
        read_at(expression);
      } else {
        break;
      }
    }
    return expression;
  }

  std::int64_t parse_duration() {
    if (error_) return 0;
    if (token().kind != TokenKind::Duration) {
      fail(unexpected() + ", expected a duration such as 5m");
      return 0;
    }
    const Token word = take();
    const std::optional<std::int64_t> ms = duration_ms(word.text);
    if (!ms) fail_at(word.at, fmt::format("not a valid duration string: \"{}\"", word.text));
    if (ms == 0) fail_at(word.at, "duration must be greater than 0");
    return ms.value_or(0);
  }

  Expression parse_range(Expression inner) {
    const std::size_t at = take().at;
    const std::int64_t range = parse_duration();
    if (!accept(":")) {
      expect("]");
      if (error_) return inner;
      if (inner.kind != Kind::Selector || inner.range_ms != 0) {
        fail_at(at, "ranges only allowed for vector selectors");
      } else if (inner.offset_ms != 0) {
        fail_at(at, "no offset modifiers allowed before range");
      } else if (inner.at != AtKind::None) {
        fail_at(at, "no @ modifiers allowed before range");
      }
      inner.range_ms = range;
      inner.type = ValueType::Matrix;
      return inner;
    }
    Expression node;
    node.kind = Kind::Subquery;
    node.range_ms = range;
    if (!is("]")) node.step_ms = parse_duration();
    expect("]");
    node.operands.push_back(std::move(inner));
    return finish(std::move(node), at);
  }

  bool takes_time(const Expression& expression, std::size_t at, std::string_view what) {
    if (expression.kind == Kind::Selector || expression.kind == Kind::Subquery) return true;
    fail_at(at, fmt::format("{} modifier must be preceded by an instant vector selector or range "
                            "vector selector or a subquery",
                            what));
    return false;
  }

  void read_offset(Expression& expression) {
    const std::size_t at = take().at;
    const bool negative = accept("-");
    const std::int64_t ms = parse_duration();
    if (error_ || !takes_time(expression, at, "offset")) return;
    if (expression.offset_ms != 0) return fail_at(at, "offset may not be set multiple times");
    expression.offset_ms = negative ? -ms : ms;
  }

  void read_at(Expression& expression) {
    const std::size_t at = take().at;
    AtKind kind = AtKind::Time;
    double seconds = 0;
    if (is_word("start") || is_word("end")) {
      kind = take().word == "start" ? AtKind::Start : AtKind::End;
      expect("(");
      expect(")");
    } else {
      const double sign = accept("-") ? -1 : 1;
      if (sign > 0) accept("+");
      if (token().kind != TokenKind::Number) return fail(unexpected() + ", expected a timestamp");
      seconds = sign * parse_number();
    }
    if (error_ || !takes_time(expression, at, "@")) return;
    if (expression.at != AtKind::None)
      return fail_at(at, "@ <timestamp> may not be set multiple times");
    constexpr double kMost = 9.2e18;
    if (!(std::abs(seconds) * 1000 < kMost)) {
      return fail_at(at, "timestamp out of bounds for @ modifier");
    }
    expression.at = kind;
    expression.at_ms = static_cast<std::int64_t>(std::round(seconds * 1000));
  }

  double parse_number() {
    const Token word = take();
    const std::optional<double> value = number_value(word.text);
    if (!value) fail_at(word.at, fmt::format("error parsing number \"{}\"", word.text));
    return value.value_or(0);
  }

  Expression parse_primary() {
    if (error_) return {};
    const Token& first = token();
    const std::size_t at = first.at;
    Expression node;
    switch (first.kind) {
      case TokenKind::Number:
        node.text = number_text(parse_number());
        return node;
      case TokenKind::String:
        node.kind = Kind::String;
        node.type = ValueType::String;
        node.text = take().text;
        return node;
      case TokenKind::Identifier:
        if (is("(", 1)) return parse_call();
        return parse_selector();
      case TokenKind::MetricName:
        return parse_selector();
      case TokenKind::Keyword:
        if (is_aggregation(first.word) && starts_aggregation()) return parse_aggregation();
        if (is_metric_word(first)) return parse_selector();
        break;
      case TokenKind::Punctuation:
        if (first.text == "{") return parse_selector();
        if (first.text == "(") {
          take();
          node.kind = Kind::Parens;
          node.operands.push_back(parse_binary(1));
          expect(")");
          return finish(std::move(node), at);
        }
        break;
      default:
        break;
    }
    fail(unexpected());
    return {};
  }

  bool starts_aggregation() const {
    const Token& next = token(1);
    return is("(", 1) ||
           (next.kind == TokenKind::Keyword && (next.word == "by" || next.word == "without"));
  }

  Expression parse_aggregation() {
    const Token word = take();
    Expression node;
    node.kind = Kind::Aggregate;
    node.text = word.word;
    read_grouping(node);
    node.operands = parse_arguments();
    if (node.grouping.word.empty()) read_grouping(node);
    return finish(std::move(node), word.at);
  }

  void read_grouping(Expression& node) {
    if (error_ || (!is_word("by") && !is_word("without"))) return;
    node.grouping.word = take().word;
    node.grouping.labels = parse_labels();
  }

  Expression parse_call() {
    const Token word = take();
    Expression node;
    node.kind = Kind::Call;
    node.text = word.text;
    node.operands = parse_arguments();
    return finish(std::move(node), word.at);
  }

  std::vector<Expression> parse_arguments() {
    std::vector<Expression> arguments;
    expect("(");
    if (accept(")")) return arguments;
    while (!error_) {
      arguments.push_back(parse_binary(1));
      if (error_ || !is(",")) {
        expect(")");
        break;
      }
      take();
      if (is(")")) fail("trailing commas not allowed in function call args");
    }
    return arguments;
  }

  std::vector<std::string> parse_labels() {
    std::vector<std::string> labels;
    expect("(");
    while (!error_ && !is(")")) {
      const bool name = token().kind == TokenKind::Identifier ||
                        (token().kind == TokenKind::Keyword && token().word != "without");
      if (!name) {
        fail(unexpected() + " in grouping opts, expected label");
        break;
      }
      labels.push_back(take().text);
      if (!accept(",")) break;
    }
    expect(")");
    return labels;
  }

  Expression parse_selector() {
    const std::size_t at = token().at;
    Expression node;
    node.kind = Kind::Selector;
    node.type = ValueType::Vector;
    if (!is("{")) node.text = take().text;
    if (accept("{")) read_matchers(node);
    return finish(std::move(node), at);
  }

  void read_matchers(Expression& node) {
    while (!error_ && !is("}")) {
      Matcher matcher;
      if (token().kind != TokenKind::Identifier) {
        return fail(unexpected() + " in label matching, expected identifier or \"}\"");
      }
      matcher.label = take().text;
      if (accept("=")) {
        matcher.op = MatchOp::Equal;
      } else if (accept("!=")) {
        matcher.op = MatchOp::NotEqual;
      } else if (accept("=~")) {
        matcher.op = MatchOp::Regex;
      } else if (accept("!~")) {
        matcher.op = MatchOp::NotRegex;
      } else {
        return fail(unexpected() + " in label matching, expected label matching operator");
      }
      if (token().kind != TokenKind::String) {
        return fail(unexpected() + " in label matching, expected string");
      }
      matcher.value = take().text;
      node.matchers.push_back(std::move(matcher));
      if (!accept(",")) break;
    }
    expect("}");
  }

  // Refuses to go deeper than the tree may be, before the stack does.
  class Nesting {
   public:
    explicit Nesting(Parser& parser) : parser_(parser) {
      if (++parser_.nesting_ > kDepthMax) {
        parser_.fail(
            fmt::format("more than {} levels of operators, brackets and calls", kDepthMax));
      }
    }
    ~Nesting() { --parser_.nesting_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    Parser& parser_;
  };

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int nesting_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<Expression> parse_promql(std::string_view text) {
  if (text.size() > kBytesMax) {
    return clickdeploy::fail(
        ErrorCode::InvalidArgument,
        fmt::format("the expression has {} bytes; the most is {}", text.size(), kBytesMax));
  }
  Result<std::vector<Token>> tokens = read_tokens(text);
  if (!tokens) return std::unexpected(std::move(tokens).error());
  return Parser(text, *std::move(tokens)).parse();
}

}  // namespace clickdeploy::prometheus::promql
