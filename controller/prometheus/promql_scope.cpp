#include "controller/prometheus/promql_scope.h"

#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace clickdeploy::prometheus {

namespace {

using promql::Expression;
using promql::Matcher;
using promql::MatchOp;
using Kind = Expression::Kind;

// Labels that say whose a series is.
constexpr std::array<std::string_view, 5> kOwnership = {"managed_by", "project_id", "service_id",
                                                        "instance_id", kPolicyLabel};

bool is_ownership(std::string_view label) {
  return std::ranges::find(kOwnership, label) != kOwnership.end();
}

// The metric's name if the selector gives it as one text; "" if not.
std::string name_of(const Expression& selector) {
  if (!selector.text.empty()) return selector.text;
  for (const Matcher& matcher : selector.matchers) {
    if (matcher.label == "__name__" && matcher.op == MatchOp::Equal) return matcher.value;
  }
  return "";
}

// Ids are the names that we gave, but a full stop in one must not match any character.
std::string escape_regex(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

Matcher services_matcher(const std::vector<std::string>& ids) {
  // An equality where one will do: absent() makes labels from those. Of no Service are no series.
  if (ids.empty()) return {"service_id", MatchOp::Equal, "none"};
  if (ids.size() == 1) return {"service_id", MatchOp::Equal, ids.front()};
  std::vector<std::string> escaped;
  for (const std::string& id : ids) escaped.push_back(escape_regex(id));
  return {"service_id", MatchOp::Regex, join(escaped, "|")};
}

const Expression& without_parens(const Expression& expression) {
  const Expression* inner = &expression;
  while (inner->kind == Kind::Parens) inner = &inner->operands.front();
  return *inner;
}

// The label that the node writes, if it writes one: the argument is a text by the grammar.
std::string written_label(const Expression& node) {
  const bool aggregate = node.kind == Kind::Aggregate && node.text == "count_values";
  const bool call =
      node.kind == Kind::Call && (node.text == "label_replace" || node.text == "label_join");
  if (!aggregate && !call) return "";
  return without_parens(node.operands[call ? 1 : 0]).text;
}

std::string forged_label(const Expression& node) {
  std::string label = written_label(node);
  if (is_ownership(label)) return label;
  for (const Expression& operand : node.operands) {
    label = forged_label(operand);
    if (!label.empty()) return label;
  }
  return "";
}

// Where the action that opens before `at` begins to say something: behind a trim marker and a
// comment, in which quotes mean nothing.
std::size_t skip_comment(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  const bool trims = rest.size() > 1 && rest[0] == '-' &&
                     std::string_view(" \t\r\n").find(rest[1]) != std::string_view::npos;
  if (trims) at += 2;
  if (!text.substr(std::min(at, text.size())).starts_with("/*")) return at;
  const std::size_t end = text.find("*/", at + 2);
  return end == std::string_view::npos ? text.size() : end + 2;
}

// Where the quoted text that begins at `at` is over.
std::size_t skip_quoted(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (++at; at < text.size() && text[at] != quote; ++at) {
    if (text[at] == '\\' && quote != '`') ++at;
  }
  return at + 1;
}

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Does an action of the template ("{{ … }}") name the function `query`?
bool asks_queries(std::string_view text) {
  std::size_t open = text.find("{{");
  while (open != std::string_view::npos) {
    std::size_t at = skip_comment(text, open + 2);
    std::string word;
    while (at < text.size() && !text.substr(at).starts_with("}}")) {
      const char c = text[at];
      if (is_word_character(c)) {
        word += c;
        ++at;
        continue;
      }
      if (word == "query") return true;
      word = c == '.' || c == '$' ? "." : "";  // what follows is a field or a variable
      at = c == '"' || c == '`' || c == '\'' ? skip_quoted(text, at) : at + 1;
    }
    if (word == "query") return true;
    open = at < text.size() ? text.find("{{", at) : std::string_view::npos;
  }
  return false;
}

Result<void> check_texts(const Rule& rule) {
  for (const auto& [name, value] : rule.labels) {
    if (is_ownership(name)) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("labels: \"{}\" says whose a series is and cannot be set by a rule "
                              "with scopeToServices",
                              name));
    }
  }
  for (const Labels* texts : {&rule.labels, &rule.annotations}) {
    for (const auto& [name, value] : *texts) {
      if (!asks_queries(value)) continue;
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("\"{}\": the template function query reads series of others and "
                              "cannot be used with scopeToServices",
                              name));
    }
  }
  return {};
}

}  // namespace

Result<Rule> scope_rule(const Rule& rule, const Scope& scope) {
  Result<void> texts = check_texts(rule);
  if (!texts) return std::unexpected(std::move(texts).error());
  Result<Expression> expression = promql::parse_promql(rule.expr);
  if (!expression) return std::unexpected(std::move(expression).error().with_context("expr"));
  if (const std::string label = forged_label(*expression); !label.empty()) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("expr: the label \"{}\" says whose a series is and cannot be written "
                            "by a rule with scopeToServices",
                            label));
  }
  const Matcher services = services_matcher(scope.service_ids);
  const Matcher own{std::string(kPolicyLabel), MatchOp::Equal, scope.policy};
  promql::for_each_selector(*expression, [&](Expression& selector) {
    selector.matchers.push_back(scope.records.contains(name_of(selector)) ? own : services);
  });
  Rule scoped = rule;
  scoped.expr = promql::to_string(*expression);
  if (!rule.record.empty()) scoped.labels[std::string(kPolicyLabel)] = scope.policy;
  return scoped;
}

std::set<std::string> metrics_of(const std::string& expression) {
  std::set<std::string> names;
  const Result<Expression> tree = promql::parse_promql(expression);
  if (!tree) return names;
  promql::for_each_selector(*tree, [&names](const Expression& selector) {
    if (std::string name = name_of(selector); !name.empty()) names.insert(std::move(name));
  });
  return names;
}

}  // namespace clickdeploy::prometheus
