#include "controller/base/json.h"

#include "controller/base/utf8.h"
#include "tests/base/random_json.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace clickdeploy {
namespace {

Json parsed(std::string_view text) {
  Result<Json> value = parse_json(text);
  EXPECT_TRUE(value) << text << ": " << (value ? "" : value.error().message());
  return value ? *value : Json();
}

TEST(Json, ReadsEveryKindOfValue) {
  const Json value = parsed(R"( {"a": [1, -2.5, true, null, "x\n\u00e9\ud83d\ude00"], "b": {}} )");
  EXPECT_EQ(value["a"][0].as_int(), 1);
  EXPECT_EQ(value["a"][1].as_double(), -2.5);
  EXPECT_TRUE(value["a"][2].as_bool());
  EXPECT_TRUE(value["a"][3].is_null());
  EXPECT_EQ(value["a"][4].as_string(), "x\n\xC3\xA9\xF0\x9F\x98\x80");
  EXPECT_TRUE(value["b"].is_object());
}

TEST(Json, MissingPathsAreNull) {
  const Json value = parsed(R"({"spec": {"replicas": 3}})");
  EXPECT_EQ(value["spec"]["replicas"].as_int(1), 3);
  EXPECT_EQ(value["spec"]["replicas"]["deeper"][7]["still"].as_int(1), 1);
  EXPECT_EQ(value["status"]["phase"].as_string("Unknown"), "Unknown");
}

TEST(Json, PrintsMembersSortedAndCompact) {
  EXPECT_EQ(to_json(parsed(R"({"b": 1, "a": [ 1 , {} ], "B": "\u0001/"})")),
            R"({"B":"\u0001/","a":[1,{}],"b":1})");
}

TEST(Json, PrettyFormIsKubectls) {
  EXPECT_EQ(to_pretty_json(parsed(R"({"a":{"b":[1,2]},"c":{},"d":[]})")),
            "{\n    \"a\": {\n        \"b\": [\n            1,\n            2\n        ]\n    },\n"
            "    \"c\": {},\n    \"d\": []\n}");
}

TEST(Json, NumbersKeepTheirKindAndValue) {
  EXPECT_TRUE(parsed("9223372036854775807").is_int());
  EXPECT_EQ(parsed("-9223372036854775808").as_int(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parsed("9223372036854775808"), Json(9223372036854775808.0));
  EXPECT_TRUE(parsed("18446744073709551615").is_double());
  EXPECT_TRUE(parsed("1.0").is_double());
  EXPECT_EQ(parsed("1.0"), Json(1));
  EXPECT_EQ(to_json(Json(0.1)), "0.1");
  EXPECT_EQ(to_json(Json(100000.0)), "100000");
  EXPECT_EQ(to_json(Json(1e-7)), "1e-7");
  EXPECT_EQ(to_json(Json(1e21)), "1e+21");
  EXPECT_EQ(to_json(Json(std::nan(""))), "null");
}

TEST(Json, NumbersOfAnyLengthAreReadExactly) {
  const std::string digits = "922033692666660";
  const Json long_one = parsed(digits + std::string(285, '0'));
  ASSERT_TRUE(long_one.is_double());
  EXPECT_DOUBLE_EQ(long_one.as_double(), 9.2203369266666e299);
  EXPECT_EQ(parsed("0." + std::string(400, '0') + "1"), Json(0.0));
  EXPECT_EQ(parsed("0e92"), Json(0));
  EXPECT_EQ(parsed("-0"), Json(0));
  EXPECT_EQ(parsed("1E2"), Json(100));
  EXPECT_DOUBLE_EQ(parsed("0.1000000000000000055511151231257827021181583404541015625").as_double(),
                   0.1);
  EXPECT_FALSE(parse_json(digits + std::string(300, '0')));
}

TEST(Json, RefusesBadDocumentsWithAnOffset) {
  struct Case {
    std::string text;
    std::string message;
  };
  const std::vector<Case> cases{
      {"", "at byte 0"},
      {"   ", "at byte 3"},
      {"{\"a\":1,}", "at byte 7"},
      {"[1 2]", "at byte 3"},
      {"01", "at byte 1"},
      {"1e999", "at byte"},
      {"-1e999", "at byte"},
      {"nul", "at byte"},
      {"NaN", "at byte 0"},
      {"// no\n1", "at byte 0"},
      {"'x'", "at byte 0"},
      {"\"\t\"", "at byte"},
      {"\"abc", "at byte"},
      {"{} {}", "at byte 3"},
      {std::string("{}\0{}", 5), "at byte 2"},
      {"\"\xFF\"", "at byte"},
      {"\"\xC0\xAF\"", "at byte"},
      {"\"\xED\xA0\x80\"", "at byte"},
      {R"("\ud800")", "at byte"},
      {R"("\ud800x")", "at byte"},
      {R"("\udc00")", "surrogate"},
      {R"({"\udc00": 1})", "surrogate"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const Result<Json> value = parse_json(c.text);
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().code(), ErrorCode::InvalidArgument);
    EXPECT_NE(value.error().message().find(c.message), std::string::npos)
        << value.error().message();
  }
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(Json, DepthIsLimited) {
  EXPECT_TRUE(parse_json(nested(64)));
  const Result<Json> deeper = parse_json(nested(65));
  ASSERT_FALSE(deeper);
  EXPECT_EQ(deeper.error().message(), "invalid JSON at byte 64: nested deeper than 64 levels");
  EXPECT_FALSE(parse_json(nested(1'000'000)));
  EXPECT_FALSE(parse_json(std::string(1'000'000, '[')));
}

TEST(Json, NumberOfValuesIsLimited) {
  EXPECT_TRUE(parse_json("[1,2,3]", {.nodes_max = 4}));
  EXPECT_FALSE(parse_json("[1,2,3,4]", {.nodes_max = 4}));
  EXPECT_FALSE(parse_json("[{},{},{},{}]", {.nodes_max = 4}));
}

TEST(Json, LastDuplicateWinsAndIsReported) {
  std::vector<std::string> duplicates;
  const Result<Json> value = parse_json(
      R"({"spec": {"image": 1, "image": 2, "l": [0, {"x": 1, "x": 2, "x": 3}]}, "a": 1, "a": 4})",
      {}, &duplicates);
  ASSERT_TRUE(value);
  EXPECT_EQ((*value)["spec"]["image"].as_int(), 2);
  EXPECT_EQ((*value)["spec"]["l"][1]["x"].as_int(), 3);
  EXPECT_EQ((*value)["a"].as_int(), 4);
  EXPECT_EQ(duplicates, (std::vector<std::string>{"spec.l[1].x", "spec.image", "a"}));
}

TEST(Json, DuplicatesAreReportedUpToALimit) {
  // Every path repeats the long key above it: 400 MB of them if all were kept whole.
  std::string text = R"({"outer": {"a": 1, "a": 2}, ")";
  for (int i = 0; i < 50'000; ++i) text += "é";
  text += R"(": {"000": 0)";
  for (int i = 0; i < 8192; ++i) text += fmt::format(R"(,"{:04}":1)", i / 2);
  text += R"(}, "b": 1, "b": 2})";

  std::vector<std::string> duplicates;
  const Result<Json> value = parse_json(text, {}, &duplicates);
  ASSERT_TRUE(value);
  EXPECT_EQ((*value)["b"].as_int(), 2);
  ASSERT_EQ(duplicates.size(), kJsonDuplicatesMax);
  EXPECT_EQ(duplicates[0], "outer.a");
  for (std::size_t i = 1; i < duplicates.size(); ++i) {
    ASSERT_LE(duplicates[i].size(), kJsonDuplicatePathBytesMax);
    ASSERT_TRUE(is_valid_utf8(duplicates[i]));
    ASSERT_TRUE(duplicates[i].starts_with("éé"));
    ASSERT_TRUE(duplicates[i].ends_with("é…"));
  }
}

TEST(Json, CopiesAreIndependent) {
  Json original = parsed(R"({"a": {"b": [1]}})");
  Json copy = original;
  copy.member("a").member("b").push_back(2);
  EXPECT_EQ(original["a"]["b"].size(), 1U);
  EXPECT_EQ(copy["a"]["b"].size(), 2U);
  copy = copy["a"]["b"];  // a part of itself
  EXPECT_EQ(to_json(copy), "[1,2]");
}

TEST(Json, WritingThroughAnOlderReferenceReachesNoCopy) {
  Json original = parsed(R"({"a": {"b": [1]}, "c": 1})");
  Json& inner = original.member("a");
  JsonArray& items = inner.member("b").array_ref();
  Json* found = original.find("c");
  const Json copy = original;
  const Json part = original["a"];
  inner.set("d", true);
  items.push_back(2);
  *found = 7;
  EXPECT_EQ(to_json(original), R"({"a":{"b":[1,2],"d":true},"c":7})");
  EXPECT_EQ(to_json(copy), R"({"a":{"b":[1]},"c":1})");
  EXPECT_EQ(to_json(part), R"({"b":[1]})");
}

TEST(Json, WritingToTheOriginalReachesNoCopy) {
  Json original = parsed(R"({"a": {"b": [1]}, "c": [{}]})");
  const Json copy = original;
  original.set("d", 1);
  original.erase("a");
  original.member("c").push_back(original["c"]);
  EXPECT_EQ(to_json(original), R"({"c":[{},[{}]],"d":1})");
  EXPECT_EQ(to_json(copy), R"({"a":{"b":[1]},"c":[{}]})");
}

TEST(Json, EscapesAtEveryPlaceInAString) {
  for (std::size_t before = 0; before < 20; ++before) {
    const std::string pad(before, 'x');
    const Json value(pad + "\"\\\x1F\x7F\n\xC3\xA9" + pad);
    EXPECT_EQ(to_json(value), "\"" + pad + R"(\"\\\u001F)" + "\x7F\\n\xC3\xA9" + pad + "\"");
    EXPECT_EQ(parsed(to_json(value)), value);
    EXPECT_EQ(to_json(Json(pad + "\xC3")), "\"" + pad + "\xEF\xBF\xBD\"");
  }
}

TEST(Json, WritingTurnsAValueIntoWhatIsNeeded) {
  Json value("text");
  value.set("b", 1);
  value.set("a", 2);
  value.set("b", 3);
  EXPECT_EQ(to_json(value), R"({"a":2,"b":3})");
  EXPECT_TRUE(value.erase("a"));
  EXPECT_FALSE(value.erase("a"));
  value.push_back(1);
  EXPECT_EQ(to_json(value), "[1]");
  EXPECT_TRUE(Json("").empty());
  EXPECT_TRUE(Json::object().empty());
  EXPECT_FALSE(Json(0).empty());
}

TEST(Json, InvalidBytesAreReplacedWhenPrinted) {
  EXPECT_EQ(to_json(Json("a\xFF")), "\"a\xEF\xBF\xBD\"");
}

// Keys that fall between those that are there: 100 000 insertions would move 100 000 members each.
TEST(Json, LargeMergePatchesAreOneWalk) {
  std::vector<JsonObject::Member> members;
  std::vector<JsonObject::Member> changes;
  for (int i = 0; i < 200'000; ++i) {
    const std::string key = std::to_string(1'000'000 + i);
    if (i % 2 == 0) members.emplace_back(key, Json::object({{"old", i}}));
    if (i % 3 == 0) changes.emplace_back(key, Json::object({{"new", i}, {"gone", nullptr}}));
    if (i % 3 == 1) changes.emplace_back(key, nullptr);
  }
  Json target = JsonObject::from_members(members);
  const Json before = target;
  apply_merge_patch(target, JsonObject::from_members(changes));
  EXPECT_EQ(before.size(), 100'000u) << "a copy is left alone";
  for (int i = 0; i < 200'000; ++i) {
    Json expected;
    if (i % 2 == 0 && i % 3 != 1) expected.set("old", i);
    if (i % 3 == 0) expected.set("new", i);
    ASSERT_EQ(target[std::to_string(1'000'000 + i)], expected) << i;
  }
}

TEST(Json, MergePatchFollowsTheTableOfRfc7396) {
  struct Case {
    std::string target;
    std::string patch;
    std::string want;
  };
  const std::vector<Case> cases{
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
      {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
      {R"({"a":"foo"})", R"(null)", R"(null)"},
      {R"({"a":"foo"})", R"("bar")", R"("bar")"},
      {R"({"e":null})", R"({"a":1})", R"({"a":1,"e":null})"},
      {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.target + " + " + c.patch);
    Json target = parsed(c.target);
    apply_merge_patch(target, parsed(c.patch));
    EXPECT_EQ(to_json(target), c.want);
  }
}

TEST(Json, WhatIsPrintedReadsBackEqual) {
  RandomJson random(7);
  for (int i = 0; i < 500; ++i) {
    const Json value = random.value(4);
    SCOPED_TRACE(to_json(value));
    EXPECT_EQ(parsed(to_json(value)), value);
    EXPECT_EQ(parsed(to_pretty_json(value)), value);
  }
}

TEST(Json, CutOrDamagedTextNeverCrashes) {
  RandomJson random(8);
  for (int i = 0; i < 500; ++i) {
    std::string text = to_json(random.value(3));
    text[random.below(text.size())] = static_cast<char>(random.below(256));
    const Result<Json> damaged = parse_json(text);
    if (damaged) {
      EXPECT_TRUE(is_valid_utf8(to_json(*damaged)));
    }
    EXPECT_FALSE(parse_json("[" + text.substr(0, random.below(text.size()))));
  }
}

}  // namespace
}  // namespace clickdeploy
