#include "controller/base/yaml.h"
#include "controller/base/yaml_scalar.h"
#include "tests/base/random_json.h"

#include <gtest/gtest.h>

namespace clickdeploy {
namespace {

TEST(YamlWrite, LooksLikeKubectls) {
  const Json value = Json::object({
      {"apiVersion", "v1"},
      {"empty",
       Json::object({{"list", Json::array()}, {"map", Json::object()}, {"none", nullptr}})},
      {"items",
       Json::array({Json::object({{"name", "a"}, {"ports", Json::array({80, 443})}}),
                    Json::array({1, Json::array({2})}), "text", Json::object({{"only", 1.5}})})},
      {"script", "#!/bin/sh\n\necho hi\n"},
      {"time", "2026-11-22T10:19:29Z"},
  });
  EXPECT_EQ(to_yaml(value),
            "apiVersion: v1\n"
            "empty:\n"
            "  list: []\n"
            "  map: {}\n"
            "  none: null\n"
            "items:\n"
            "- name: a\n"
            "  ports:\n"
            "  - 80\n"
            "  - 443\n"
            "- - 1\n"
            "  - - 2\n"
            "- text\n"
            "- only: 1.5\n"
            "script: |\n"
            "  #!/bin/sh\n"
            "\n"
            "  echo hi\n"
            "time: \"2026-11-22T10:19:29Z\"\n");
}

TEST(YamlWrite, QuotesWhatSomeReaderWouldMistake) {
  for (const char* text : {"no",  "Off",  "y",        "N",          "null",
                           "~",   "",     "010",      "1_000",      "0o7",
                           "1e3", "1:30", "12:30:45", "2026-11-22", "2026-1-2 10:00:00",
                           "<<",  "=",    ".inf",     "-.INF",      ".nan",
                           "- x", "-",    "---",      "a: b",       "a #b",
                           "#a",  "[a",   "{a",       "&a",         "*a",
                           "!a",  "|",    ">",        "%a",         "@a",
                           "`a",  "'a",   " a",       "a ",         "a:",
                           "?",   "a\tb", "+1",       "0x1F",       "1.",
                           "."}) {
    EXPECT_TRUE(to_yaml(Json(text)).starts_with('"')) << text;
  }
  for (const char* text :
       {"web", "10.0.0.1", "a:b", "http://x/y?z=1", "-v", "--flag", "a#b", "1.2.3", "v1", "5m",
        "ubuntu/22.04", "é", "tRUE", "a-b", "nope", "_x", "1e", "$x"}) {
    EXPECT_EQ(to_yaml(Json(text)), std::string(text) + "\n");
  }
}

TEST(YamlWrite, LiteralBlocksKeepEveryLineBreak) {
  EXPECT_EQ(to_yaml(Json::object({{"a", "x\ny"}})), "a: |-\n  x\n  y\n");
  EXPECT_EQ(to_yaml(Json::object({{"a", "x\ny\n\n"}})), "a: |+\n  x\n  y\n\n");
  EXPECT_EQ(to_yaml(Json::array({"x\n  y\n"})), "- |\n  x\n    y\n");
  EXPECT_EQ(to_yaml(Json::object({{"a", " x\ny"}})), "a: \" x\\ny\"\n");
}

TEST(YamlWrite, WhatIsPrintedReadsBackEqual) {
  RandomJson random(3);
  for (int i = 0; i < 3000; ++i) {
    const Json value = random.value(4);
    if (value.is_null()) continue;  // an empty document
    const std::string text = to_yaml(value);
    const Result<Json> again = parse_single_yaml(text);
    ASSERT_TRUE(again) << again.error().message() << "\n" << text << to_json(value);
    ASSERT_EQ(*again, value) << text << to_json(value) << "\n" << to_json(*again);
  }
}

TEST(YamlWrite, EveryShortTextReadsBackEqual) {
  RandomJson random(4);
  for (int i = 0; i < 5000; ++i) {
    const Json value = Json::object({{random.text(), Json::array({random.text()})}});
    const std::string text = to_yaml(value);
    const Result<Json> again = parse_single_yaml(text);
    ASSERT_TRUE(again) << again.error().message() << "\n" << text << to_json(value);
    ASSERT_EQ(*again, value) << text << to_json(value) << "\n" << to_json(*again);
  }
}

}  // namespace
}  // namespace clickdeploy
