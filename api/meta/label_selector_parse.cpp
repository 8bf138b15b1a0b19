// The text form of a label selector. Grammar and error texts are those of Kubernetes.

#include "api/meta/label_selector.h"
#include "api/schema/field_error.h"
#include "api/schema/metadata_rules.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace clickdeploy::api {
namespace {

using Operator = LabelSelector::Operator;
using Requirement = LabelSelector::Requirement;

enum class Token : std::uint8_t { Word, Symbol, End };

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) { advance(); }

  Result<std::vector<Requirement>> parse();

 private:
  std::unexpected<Error> found(std::string_view expected) const {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("found '{}', expected: {}", literal_, expected));
  }
  bool is(std::string_view symbol) const { return token_ == Token::Symbol && literal_ == symbol; }
  void advance();

  Result<Requirement> requirement();
  Result<void> read_operator(Requirement& requirement, bool& list);
  Result<void> read_list(Requirement& requirement);
  Result<void> read_value(Requirement& requirement);
  static Result<void> check(const Requirement& requirement);

  std::string_view rest_;
  Token token_ = Token::End;
  std::string literal_;
};

constexpr std::string_view kSymbols = "=!<>(),";

void Parser::advance() {
  while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t' ||
                            rest_.front() == '\r' || rest_.front() == '\n')) {
    rest_.remove_prefix(1);
  }
  if (rest_.empty()) {
    token_ = Token::End;
    literal_.clear();
    return;
  }
  std::size_t length = 1;
  if (kSymbols.find(rest_.front()) != std::string_view::npos) {
    token_ = Token::Symbol;
    if (rest_.starts_with("==") || rest_.starts_with("!=")) length = 2;
  } else {
    token_ = Token::Word;
    length = std::min(rest_.find_first_of(" \t\r\n=!<>(),"), rest_.size());
  }
  literal_ = std::string(rest_.substr(0, length));
  rest_.remove_prefix(length);
}

Result<std::vector<Requirement>> Parser::parse() {
  std::vector<Requirement> requirements;
  while (token_ != Token::End) {
    if (token_ != Token::Word && !is("!")) return found("!, identifier, or 'end of string'");
    Result<Requirement> one = requirement();
    if (!one)
      return std::unexpected(std::move(one).error().with_context("unable to parse requirement"));
    requirements.push_back(std::move(*one));
    if (token_ == Token::End) break;
    if (!is(",")) return found("',' or 'end of string'");
    advance();
    if (token_ != Token::Word && !is("!")) return found("identifier after ','");
  }
  std::sort(requirements.begin(), requirements.end());
  return requirements;
}

Result<Requirement> Parser::requirement() {
  Requirement result;
  const bool negated = is("!");
  if (negated) advance();
  if (token_ != Token::Word) return found("identifier");
  result.key = literal_;
  advance();
  bool list = false;
  if (negated) {
    result.op = Operator::DoesNotExist;
  } else if (token_ != Token::End && !is(",")) {
    Result<void> read = read_operator(result, list);
    if (read) read = list ? read_list(result) : read_value(result);
    if (!read) return std::unexpected(read.error());
  }
  Result<void> valid = check(result);
  if (!valid) return std::unexpected(valid.error());
  std::sort(result.values.begin(), result.values.end());
  return result;
}

Result<void> Parser::read_operator(Requirement& requirement, bool& list) {
  struct Name {
    std::string_view literal;
    Operator op;
    bool list;
  };
  static constexpr std::array<Name, 7> kNames{{{"=", Operator::In, false},
                                               {"==", Operator::In, false},
                                               {"!=", Operator::NotIn, false},
                                               {">", Operator::GreaterThan, false},
                                               {"<", Operator::LessThan, false},
                                               {"in", Operator::In, true},
                                               {"notin", Operator::NotIn, true}}};
  for (const Name& name : kNames) {
    if (literal_ != name.literal) continue;
    requirement.op = name.op;
    list = name.list;
    advance();
    return {};
  }
  return found("in, notin, =, ==, !=, gt, lt");
}

Result<void> Parser::read_value(Requirement& requirement) {
  if (token_ == Token::End || is(",")) {
    requirement.values.emplace_back();
    return {};
  }
  if (token_ != Token::Word) return found("identifier");
  requirement.values.push_back(literal_);
  advance();
  return {};
}

Result<void> Parser::read_list(Requirement& requirement) {
  if (!is("(")) {
    return fail(ErrorCode::InvalidArgument, fmt::format("found '{}' expected: '('", literal_));
  }
  advance();
  if (token_ != Token::Word && !is(",") && !is(")")) return found("',', ')' or identifier");
  // An empty place between commas is the empty value.
  bool value_expected = !is(")");
  while (value_expected) {
    if (token_ == Token::Word) {
      requirement.values.push_back(literal_);
      advance();
    } else {
      requirement.values.emplace_back();
    }
    value_expected = is(",");
    if (value_expected) advance();
  }
  if (!is(")")) return found("')'");
  advance();
  std::sort(requirement.values.begin(), requirement.values.end());
  requirement.values.erase(std::unique(requirement.values.begin(), requirement.values.end()),
                           requirement.values.end());
  return {};
}

Result<void> Parser::check(const Requirement& requirement) {
  for (const std::string& problem : qualified_name_problems(requirement.key)) {
    return fail(ErrorCode::InvalidArgument,
                to_string(invalid("key", Json(requirement.key), problem)));
  }
  const bool takes_list = requirement.op == Operator::In || requirement.op == Operator::NotIn;
  if (takes_list && requirement.values.empty()) {
    return fail(
        ErrorCode::InvalidArgument,
        "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
  }
  const bool compares =
      requirement.op == Operator::GreaterThan || requirement.op == Operator::LessThan;
  for (const std::string& value : requirement.values) {
    const bool digits = !value.empty() && value.size() < 19 &&
                        std::all_of(
                            value.begin() + (value.front() == '-' ? 1 : 0), value.end(),
                            [](char c) { return c >= '0' && c <= '9'; });
    if (compares && !digits) {
      return fail(ErrorCode::InvalidArgument,
                  to_string(invalid("values[0]", Json(value),
                                    "for 'Gt', 'Lt' operators, the value must be an integer")));
    }
    for (const std::string& problem : label_value_problems(value)) {
      return fail(ErrorCode::InvalidArgument,
                  to_string(invalid("values[0][" + requirement.key + "]", Json(value), problem)));
    }
  }
  return {};
}

}  // namespace

Result<LabelSelector> LabelSelector::parse(std::string_view text) {
  Result<std::vector<Requirement>> requirements = Parser(text).parse();
  if (!requirements) return std::unexpected(requirements.error());
  LabelSelector selector;
  selector.requirements_ = std::move(*requirements);
  return selector;
}

}  // namespace clickdeploy::api
