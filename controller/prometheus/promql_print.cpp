#include "controller/base/text.h"
#include "controller/base/utf8.h"
#include "controller/prometheus/promql.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace clickdeploy::prometheus::promql {

namespace {

using Kind = Expression::Kind;

std::string_view text_of(MatchOp op) {
  switch (op) {
    case MatchOp::Equal:
      return "=";
    case MatchOp::NotEqual:
      return "!=";
    case MatchOp::Regex:
      return "=~";
    default:
      return "!~";
  }
}

std::string duration(std::int64_t ms) {
  struct Unit {
    std::int64_t ms;
    std::string_view name;
  };
  constexpr std::array<Unit, 4> kUnits = {
      {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}}};
  for (const Unit& unit : kUnits) {
    if (ms % unit.ms == 0) return fmt::format("{}{}", ms / unit.ms, unit.name);
  }
  return fmt::format("{}ms", ms);
}

void print(const Expression& node, std::string& out);

void print_clause(const LabelClause& clause, std::string& out) {
  if (clause.word.empty()) return;
  fmt::format_to(std::back_inserter(out), "{} ({}) ", clause.word, join(clause.labels, ", "));
}

void print_time(const Expression& node, std::string& out) {
  if (node.at == AtKind::Start) out += " @ start()";
  if (node.at == AtKind::End) out += " @ end()";
  if (node.at == AtKind::Time) {
    const std::uint64_t ms = node.at_ms < 0 ? 0 - static_cast<std::uint64_t>(node.at_ms)
                                            : static_cast<std::uint64_t>(node.at_ms);
    fmt::format_to(std::back_inserter(out), " @ {}{}.{:03}", node.at_ms < 0 ? "-" : "", ms / 1000,
                   ms % 1000);
  }
  if (node.offset_ms == 0) return;
  out += node.offset_ms < 0 ? " offset -" : " offset ";
  out += duration(node.offset_ms < 0 ? -node.offset_ms : node.offset_ms);
}

void print_selector(const Expression& node, std::string& out) {
  out += node.text;
  if (!node.matchers.empty() || node.text.empty()) {
    out += '{';
    for (std::size_t i = 0; i < node.matchers.size(); ++i) {
      const Matcher& matcher = node.matchers[i];
      out += i == 0 ? "" : ",";
      out += matcher.label;
      out += text_of(matcher.op);
      out += quote(matcher.value);
    }
    out += '}';
  }
  if (node.range_ms != 0) out += "[" + duration(node.range_ms) + "]";
  print_time(node, out);
}

void print_arguments(const Expression& node, std::string& out) {
  out += '(';
  for (std::size_t i = 0; i < node.operands.size(); ++i) {
    if (i > 0) out += ", ";
    print(node.operands[i], out);
  }
  out += ')';
}

void print_binary(const Expression& node, std::string& out) {
  print(node.operands[0], out);
  out += " " + node.text + " ";
  if (node.returns_bool) out += "bool ";
  print_clause(node.matching, out);
  print_clause(node.grouping, out);
  print(node.operands[1], out);
}

// Parentheses are nodes of their own, so operands need none here.
void print(const Expression& node, std::string& out) {
  switch (node.kind) {
    case Kind::Number:
      out += node.text;
      return;
    case Kind::String:
      out += quote(node.text);
      return;
    case Kind::Selector:
      return print_selector(node, out);
    case Kind::Subquery:
      print(node.operands[0], out);
      out += "[" + duration(node.range_ms) + ":";
      if (node.step_ms != 0) out += duration(node.step_ms);
      out += "]";
      return print_time(node, out);
    case Kind::Parens:
      return print_arguments(node, out);
    case Kind::Unary:
      out += node.text;
      return print(node.operands[0], out);
    case Kind::Binary:
      return print_binary(node, out);
    case Kind::Aggregate:
      out += node.text;
      if (!node.grouping.word.empty()) out += ' ';
      print_clause(node.grouping, out);
      return print_arguments(node, out);
    case Kind::Call:
      out += node.text;
      return print_arguments(node, out);
  }
}

}  // namespace

std::string quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    const auto byte = static_cast<unsigned char>(text.front());
    const std::size_t bytes = point.bytes == 0 ? 1 : point.bytes;
    if (text.front() == '"' || text.front() == '\\') {
      out += '\\';
      out += text.front();
    } else if (text.front() == '\n') {
      out += "\\n";
    } else if (point.bytes == 0 || byte < 0x20 || byte == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else if (point.value == 0xFFFD) {
      out += "\\uFFFD";  // the character itself stands for a mistake in Prometheus's reading
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return out + "\"";
}

std::string to_string(const Expression& expression) {
  std::string out;
  print(expression, out);
  return out;
}

}  // namespace clickdeploy::prometheus::promql
