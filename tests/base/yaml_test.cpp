#include "controller/base/yaml.h"

#include "tests/base/random_json.h"

#include <gtest/gtest.h>

namespace clickdeploy {
namespace {

Json parsed(std::string_view text) {
  Result<Json> value = parse_single_yaml(text);
  EXPECT_TRUE(value) << text << ": " << (value ? "" : value.error().message());
  return value ? *value : Json();
}

std::string refusal(std::string_view text, const YamlLimits& limits = {}) {
  const Result<std::vector<YamlDocument>> documents = parse_yaml(text, limits);
  EXPECT_FALSE(documents) << text;
  return documents ? "" : documents.error().message();
}

TEST(Yaml, EscapesOfLatinCharactersAreUtf8) {
  EXPECT_EQ(parsed("\"a\\Nb\""), Json("a\xC2\x85"
                                      "b"));
  EXPECT_EQ(parsed("\"\\_\": 1"), Json::object({{"\xC2\xA0", 1}}));
  EXPECT_EQ(parsed("\"\\x85\u263a\""), Json("\xC2\x85\u263a"));
}

TEST(Yaml, PlainScalarsMeanWhatKubernetesToolsTakeThemFor) {
  struct Case {
    std::string text;
    Json want;
  };
  const std::vector<Case> cases{
      {"no", false},
      {"NO", false},
      {"off", false},
      {"Yes", true},
      {"on", true},
      {"true", true},
      {"tRUE", "tRUE"},
      {"y", "y"},
      {"n", "n"},
      {"~", nullptr},
      {"Null", nullptr},
      {"010", 8},
      {"0o10", 8},
      {"0x1F", 31},
      {"0b101", 5},
      {"089", 89.0},
      {"-017", -15},
      {"1_000", 1000},
      {"+12", 12},
      {"1e3", 1000.0},
      {".5", 0.5},
      {"1.", 1.0},
      {"9223372036854775807", INT64_MAX},
      {"-9223372036854775808", INT64_MIN},
      {"18446744073709551615", 18446744073709551615.0},
      {"1:30", "1:30"},
      {"10.0.0.1", "10.0.0.1"},
      {"2026-11-22", "2026-11-22"},
      {"0xZZ", "0xZZ"},
      {"1e", "1e"},
      {"+", "+"},
      {".", "."},
      {"_1", "_1"},
      {"'no'", "no"},
      {"\"010\"", "010"},
      {"!!str no", "no"},
      {"!!int 010", 8},
      {"!!float 1", 1.0},
      {"! 12", "12"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const Json value = parsed("v: " + c.text)["v"];
    EXPECT_EQ(to_json(value), to_json(c.want));
    EXPECT_EQ(value.is_string(), c.want.is_string());
  }
}

TEST(Yaml, ReadsBlocksFlowsAndMultiLineText) {
  const Json value = parsed(
      "a:\n- 1\n- b: [x, {y: z}]\n  c: |\n    two\n    lines\n  d: >-\n    one\n    line\n"
      "123: number\nyes: key\nempty:\n");
  EXPECT_EQ(to_json(value),
            R"({"123":"number","a":[1,{"b":["x",{"y":"z"}],"c":"two\nlines\n","d":"one line"}],)"
            R"("empty":null,"yes":"key"})");
}

TEST(Yaml, RefusesWhatItShouldWithLineAndColumn) {
  struct Case {
    std::string text;
    std::string message;
  };
  const std::vector<Case> cases{
      {"a: &x 1\n", "line 1, column 4: anchors"},
      {"a: 1\nb: *x\n", "line 2"},
      {"a: 1\nb:\n  <<: {c: 1}\n", "line 3, column 3: merge keys"},
      {"a: 1\nb: 2\na: 3\n", "line 3, column 1: duplicate key \"a\""},
      {"a: {b: 1, b: 2}\n", "line 1, column 11: duplicate key \"b\""},
      {"? [a]\n: b\n", "line 1, column 3: a key must be a scalar"},
      {"? {a: b}\n: b\n", "a key must be a scalar"},
      {"~: b\n", "line 1, column 1: a key must not be null"},
      {"a: !mine b\n", "line 1"},
      {"a: !!binary aGk=\n", "does not fit the tag !!binary"},
      {"a: !!int x\n", "does not fit the tag !!int"},
      {"a: !!seq {}\n", "does not fit the tag !!seq"},
      {"a: .inf\n", "line 1, column 4: .inf"},
      {"a: -.Inf\n", "line 1, column 4: -.Inf"},
      {"a: .nan\n", "line 1, column 4: .nan"},
      {"a: 1e999\n", "out of range"},
      {"a: [1, 2\n", "line"},
      {"a: 'x\n", "ends too early"},
      {"a: 'x", "line 1"},
      {"a: 1\nb: \"x\n\n", "ends too early"},
      {"- a\nb: 1\n", "line 2, column 1: text after the end of the document"},
      {"a: 1\n...\nb: 1\n", "line 3, column 1: text after the end of the document"},
      {"a: b\n- c\n", "line 2"},
      {"a: \x01\n", "not UTF-8 text"},
      {"a:\n\tb: 1\n", "line 2, column"},
      {"a:\n\tb: 1\n", "tabs"},
      {"a: b: c\n", "line 1"},
      {"a: \xFF\n", "not UTF-8"},
      {std::string("a: \0\n", 5), "not UTF-8"},
      {"\xFE\xFF\0a", "not UTF-8"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const std::string message = refusal(c.text);
    EXPECT_NE(message.find(c.message), std::string::npos) << message;
  }
}

TEST(Yaml, AliasBombIsRefusedAtItsFirstAnchor) {
  const std::string message =
      refusal("a: &a [lol, lol, lol]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: [*c, *c, *c]\n");
  EXPECT_NE(message.find("line 1, column 4: anchors"), std::string::npos) << message;
}

TEST(Yaml, LimitsHold) {
  EXPECT_TRUE(parse_yaml(std::string(64, '[') + std::string(64, ']')));
  EXPECT_NE(refusal(std::string(65, '[') + std::string(65, ']')).find("64 levels"),
            std::string::npos);
  EXPECT_FALSE(refusal(std::string(100'000, '[')).empty());
  EXPECT_FALSE(refusal(std::string(100'000, '{')).empty());
  std::string dashes;
  for (int i = 0; i < 50'000; ++i) dashes += "- ";
  EXPECT_FALSE(refusal(dashes + "x").empty());
  EXPECT_NE(refusal("[1, 2, 3, 4]", {.nodes_max = 4}).find("4 values"), std::string::npos);
  EXPECT_NE(refusal("abcdef", {.bytes_max = 5}).find("5 bytes"), std::string::npos);
}

TEST(Yaml, ReadsEveryDocumentAndLeavesOutEmptyOnes) {
  const Result<std::vector<YamlDocument>> documents =
      parse_yaml("---\n# nothing\n---\na: 1\n---\n---\nb: 2\n...\n");
  ASSERT_TRUE(documents);
  ASSERT_EQ(documents->size(), 2U);
  EXPECT_EQ(to_json((*documents)[0].value), R"({"a":1})");
  EXPECT_EQ(to_json((*documents)[1].value), R"({"b":2})");
  EXPECT_FALSE(parse_single_yaml("a: 1\n---\nb: 2\n"));
  EXPECT_FALSE(parse_single_yaml("# nothing\n"));
  EXPECT_FALSE(parse_single_yaml(""));
}

TEST(Yaml, KnowsTheLineOfEveryPath) {
  const Result<std::vector<YamlDocument>> documents = parse_yaml(
      "first: 1\n---\nspec:\n  image: x\n  networks:\n  - name: a\n  - name: b\n    port: 1\n"
      "  last: {deep: [1,\n    2]}\n");
  ASSERT_TRUE(documents);
  const YamlDocument& document = documents->at(1);
  EXPECT_EQ(document.line_of("spec"), 3U);
  EXPECT_EQ(document.line_of("spec.image"), 4U);
  EXPECT_EQ(document.line_of("spec.networks"), 5U);
  EXPECT_EQ(document.line_of("spec.networks[0]"), 6U);
  EXPECT_EQ(document.line_of("spec.networks[1].port"), 8U);
  EXPECT_EQ(document.line_of("spec.last.deep[1]"), 10U);
  EXPECT_EQ(document.line_of("spec.networks[1].absent.deeper"), 7U);
  EXPECT_EQ(document.line_of("absent"), 3U);
}

std::string list_of_ones(std::size_t count) {
  std::string text = "[1";
  for (std::size_t i = 1; i < count; ++i) text += ",1";
  return text + "]";
}

std::size_t path_bytes(const YamlDocument& document) {
  std::size_t bytes = 0;
  for (const auto& [path, line] : document.lines) bytes += path.size();
  return bytes;
}

TEST(Yaml, LongKeysAreRefused) {
  EXPECT_TRUE(parse_yaml("? \"" + std::string(4096, 'k') + "\"\n: 1\n"));
  const std::string text = "a:\n  ? \"" + std::string(4097, 'k') + "\"\n  : 1\n";
  EXPECT_EQ(refusal(text), "invalid YAML at line 2, column 5: a key is longer than 4096 bytes");
  EXPECT_FALSE(parse_single_yaml(text));
}

// A small text whose every value has a long path: 80 MB of paths if all were kept.
TEST(Yaml, LinesCostNoMoreThanTheirLimit) {
  const std::string text = "head: 1\n? \"" + std::string(4000, 'k') +
                           "\"\n:\n  inner: " + list_of_ones(20'000) + "\ntail:\n  deep: 1\n";
  const Result<std::vector<YamlDocument>> documents = parse_yaml(text);
  ASSERT_TRUE(documents);
  const YamlDocument& document = documents->at(0);
  const std::string inner = std::string(4000, 'k') + ".inner";
  EXPECT_EQ(document.value[std::string_view(inner).substr(0, 4000)]["inner"].size(), 20'000U);
  EXPECT_LE(path_bytes(document), 8U * 1024 * 1024);
  EXPECT_EQ(document.line_of("head"), 1U);
  EXPECT_EQ(document.line_of(inner + "[0]"), 4U);
  EXPECT_EQ(document.line_of(inner + "[19999]"), 4U) << "the line of its list";
  EXPECT_FALSE(document.lines.contains(inner + "[19999]"));
}

TEST(Yaml, TheLimitOfLinesIsSharedByAllDocuments) {
  const Result<std::vector<YamlDocument>> documents =
      parse_yaml("first: 1\n---\nsecond: 2\n", {.line_path_bytes_max = 6});
  ASSERT_TRUE(documents);
  EXPECT_EQ(documents->at(0).line_of("first"), 1U);
  EXPECT_FALSE(documents->at(1).lines.contains("second"));
  EXPECT_EQ(documents->at(1).line_of("second"), 3U) << "the line of its document";
}

TEST(Yaml, LinesThatAreNotWantedAreNotKept) {
  const Result<std::vector<YamlDocument>> documents =
      parse_yaml("a: [1, {b: 2}]\n", {.line_path_bytes_max = 0});
  ASSERT_TRUE(documents);
  EXPECT_EQ(to_json(documents->at(0).value), R"({"a":[1,{"b":2}]})");
  EXPECT_TRUE(documents->at(0).lines.empty());
}

TEST(Yaml, DamagedTextNeverCrashes) {
  RandomJson random(11);
  for (int i = 0; i < 1000; ++i) {
    std::string text = to_yaml(random.value(3));
    for (int hit = 0; hit < 3; ++hit) {
      text[random.below(text.size())] = "\t :-[]{}&*!|>'\"\n#%?"[random.below(19)];
    }
    const Result<std::vector<YamlDocument>> documents = parse_yaml(text);
    if (!documents) {
      EXPECT_EQ(documents.error().code(), ErrorCode::InvalidArgument);
    }
  }
}

}  // namespace
}  // namespace clickdeploy
