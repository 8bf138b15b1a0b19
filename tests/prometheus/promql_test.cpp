// The parser of PromQL, against a table and against the real promtool.

#include "controller/prometheus/promql.h"

#include "controller/async/disk.h"
#include "controller/async/process.h"
#include "controller/base/json.h"
#include "controller/base/yaml.h"
#include "tests/prometheus/promql_cases.h"
#include "tests/testing/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace clickdeploy::prometheus::promql {
namespace {

std::string repeat(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Promql, TableIsLongEnough) {
  EXPECT_GE(promql_cases().size(), 300u);
}

TEST(Promql, ParsesWhatTheTableSays) {
  for (const PromqlCase& row : promql_cases()) {
    const Result<Expression> tree = parse_promql(row.text);
    EXPECT_EQ(tree.has_value(), row.parses)
        << row.text << (tree ? "" : ": " + tree.error().message());
  }
}

TEST(Promql, TextOfATreeGivesTheSameTree) {
  for (const PromqlCase& row : promql_cases()) {
    if (!row.parses) continue;
    const Result<Expression> tree = parse_promql(row.text);
    ASSERT_TRUE(tree) << row.text;
    const Result<Expression> again = parse_promql(to_string(*tree));
    ASSERT_TRUE(again) << to_string(*tree) << ": " << again.error().message();
    EXPECT_EQ(*again, *tree) << row.text << " → " << to_string(*tree);
  }
}

// All expressions in one file, each in a group of its own: promtool names the groups that are bad.
TEST(Promql, AgreesWithPromtool) {
  Json groups = Json::array();
  std::vector<std::string> texts;
  for (const PromqlCase& row : promql_cases()) {
    texts.emplace_back(row.text);
    // What we print must be as good as what was written.
    const Result<Expression> tree = parse_promql(row.text);
    if (tree) texts.push_back(to_string(*tree));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Json rule = Json::object({{"record", "r"}, {"expr", texts[i]}});
    groups.push_back(Json::object(
        {{"name", fmt::format("case-{}", i)}, {"rules", Json::array({std::move(rule)})}}));
  }
  testing::TemporaryFolder folder;
  PosixDisk disk;
  ASSERT_TRUE(disk.write_atomic(folder / "rules.yml",
                                to_yaml(Json::object({{"groups", std::move(groups)}})), 0644));
  SystemProcessRunner processes;
  const Result<ProcessResult> result =
      processes.run({"promtool", "check", "rules", folder / "rules.yml"}, std::chrono::seconds(60));
  ASSERT_TRUE(result) << result.error().message();
  ASSERT_NE(result->err.find("group \"case-"), std::string::npos) << result->err;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const bool refused = result->err.find(fmt::format("group \"case-{}\"", i)) != std::string::npos;
    EXPECT_EQ(parse_promql(texts[i]).has_value(), !refused) << "promtool differs: " << texts[i];
  }
}

TEST(Promql, ErrorsNameTheirPlace) {
  const std::pair<const char*, const char*> table[] = {
      {"sum(up", "1:7: parse error: unclosed left parenthesis"},
      {"up +\n  * 2", "2:3: parse error: unexpected \"*\""},
      {"abs(1)", "1:1: parse error: expected type instant vector in call to function \"abs\""},
      {"", "1:1: parse error: no expression found in input"},
      {"up{a=\"b}", "1:6: parse error: unterminated quoted string"}};
  for (const auto& [text, message] : table) {
    const Result<Expression> tree = parse_promql(text);
    ASSERT_FALSE(tree) << text;
    EXPECT_EQ(tree.error().code(), ErrorCode::InvalidArgument);
    EXPECT_TRUE(tree.error().message().starts_with(message)) << tree.error().message();
  }
}

TEST(Promql, PrecedenceIsPrometheuss) {
  const std::pair<const char*, const char*> table[] = {
      {"-1 ^ 2", "-(1 ^ 2)"},
      {"2 ^ 3 ^ 2", "2 ^ (3 ^ 2)"},
      {"2 * 3 % 2", "(2 * 3) % 2"},
      {"-a * b", "(-a) * b"},
      {"a or b and c", "a or (b and c)"},
      {"2 ^ -1 ^ 2", "2 ^ (-(1 ^ 2))"},
      {"a + b == c", "(a + b) == c"},
  };
  for (const auto& [text, explicit_text] : table) {
    const Result<Expression> left = parse_promql(text);
    ASSERT_TRUE(left) << text;
    std::string shape;
    const auto write = [&shape](const auto& self, const Expression& node) -> void {
      if (node.kind == Expression::Kind::Parens) return self(self, node.operands[0]);
      shape += "(" + node.text;
      for (const Expression& operand : node.operands) self(self, operand);
      shape += ")";
    };
    write(write, *left);
    const std::string first = std::exchange(shape, "");
    const Result<Expression> right = parse_promql(explicit_text);
    ASSERT_TRUE(right) << explicit_text;
    write(write, *right);
    EXPECT_EQ(first, shape) << text;
  }
}

TEST(Promql, DepthAndSizeAreBounded) {
  EXPECT_TRUE(parse_promql(repeat("(", 90) + "a" + repeat(")", 90)));
  EXPECT_TRUE(parse_promql(repeat("a or ", 150) + "a"));
  for (const std::string& text :
       {repeat("(", 100'000), repeat("(", 1'000) + "a" + repeat(")", 1'000),
        repeat("-", 60'000) + "a", repeat("a or ", 1'000) + "a", repeat("a ^ ", 1'000) + "a",
        repeat("sum(", 1'000) + "a", "a" + repeat("[5m:1m]", 1'000), std::string(1 << 20, 'a')}) {
    const Result<Expression> tree = parse_promql(text);
    ASSERT_FALSE(tree) << text.substr(0, 20);
    EXPECT_EQ(tree.error().code(), ErrorCode::InvalidArgument);
    EXPECT_LT(tree.error().message().size(), 300u);
  }
}

}  // namespace
}  // namespace clickdeploy::prometheus::promql
