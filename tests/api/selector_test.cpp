// Label and field selectors: what they match, and the words for malformed ones.

#include "api/meta/field_selector.h"
#include "api/meta/label_selector.h"

#include <gtest/gtest.h>

namespace clickdeploy::api {
namespace {

Json json(std::string_view text) {
  return parse_json(text).value();
}

struct MatchCase {
  std::string selector;
  bool web;    // {"app": "web", "tier": "front", "size": "5"}
  bool empty;  // {}
};

TEST(LabelSelector, Matches) {
  const Json web = json(R"({"app": "web", "tier": "front", "size": "5"})");
  const std::vector<MatchCase> cases = {
      {"", true, true},
      {"app=web", true, false},
      {"app==web", true, false},
      {"app!=web", false, true},
      {"app in (web, db)", true, false},
      {"app in (db)", false, false},
      {"app notin (web)", false, true},
      {"app notin (db),tier", true, false},
      {"app", true, false},
      {"!app", false, true},
      {"!other , tier = front", true, false},
      {"size>4", true, false},
      {"size>5", false, false},
      {"size<6", true, false},
      {"app>1", false, false},
      {"app=", false, false},
      {"in in (in)", false, false},
      {"app in (web,)", true, false},
  };
  for (const MatchCase& c : cases) {
    SCOPED_TRACE(c.selector);
    const Result<LabelSelector> selector = LabelSelector::parse(c.selector);
    ASSERT_TRUE(selector) << selector.error().message();
    EXPECT_EQ(selector->matches(web), c.web);
    EXPECT_EQ(selector->matches(Json()), c.empty);
    EXPECT_EQ(selector->matches(std::map<std::string, std::string>{}), c.empty);
    const Result<LabelSelector> again = LabelSelector::parse(to_string(*selector));
    ASSERT_TRUE(again) << to_string(*selector);
    EXPECT_EQ(*again, *selector);
  }
}

TEST(LabelSelector, MalformedTextsAreToldAsKubernetesTellsThem) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"},
      {"a=b c", "found 'c', expected: ',' or 'end of string'"},
      {"a,", "found '', expected: identifier after ','"},
      {"=a", "found '=', expected: !, identifier, or 'end of string'"},
      {"!", "unable to parse requirement: found '', expected: identifier"},
      {"a in b", "unable to parse requirement: found 'b' expected: '('"},
      {"a in (b", "unable to parse requirement: found '', expected: ')'"},
      {"a==(", "unable to parse requirement: found '(', expected: identifier"},
  };
  for (const auto& [text, want] : cases) {
    SCOPED_TRACE(text);
    const Result<LabelSelector> selector = LabelSelector::parse(text);
    ASSERT_FALSE(selector);
    EXPECT_EQ(selector.error().message(), want);
    EXPECT_EQ(selector.error().code(), ErrorCode::InvalidArgument);
  }
  for (const char* text :
       {"a in ()", "size>big", "size>", "a/b/c", "a=-", "é=x", "((((", "a in (("}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(LabelSelector::parse(text));
  }
}

TEST(LabelSelector, ReadsTheFormOfASpec) {
  const Result<LabelSelector> selector =
      LabelSelector::from_json(json(R"({"matchLabels": {"tier": "front"},
               "matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "db"]},
                                    {"key": "old", "operator": "DoesNotExist"}]})"));
  ASSERT_TRUE(selector);
  EXPECT_EQ(to_string(*selector), "app in (db,web),!old,tier=front");
  EXPECT_TRUE(selector->matches(json(R"({"tier": "front", "app": "db"})")));
  EXPECT_FALSE(selector->matches(json(R"({"tier": "front", "app": "db", "old": ""})")));
  EXPECT_TRUE(LabelSelector::from_json(Json())->empty());
  EXPECT_FALSE(LabelSelector::from_json(
      json(R"({"matchExpressions": [{"key": "a", "operator": "Like"}]})")));
  EXPECT_FALSE(
      LabelSelector::from_json(json(R"({"matchExpressions": [{"key": "a", "operator": "In"}]})")));
}

TEST(FieldSelector, Matches) {
  const Json event = json(R"({"metadata": {"name": "e"}, "type": "Warning", "count": 3,
                              "involvedObject": {"name": "web"}})");
  const std::vector<std::pair<std::string, bool>> cases = {
      {"", true},
      {"metadata.name=e", true},
      {"metadata.name==e", true},
      {"metadata.name!=e", false},
      {"involvedObject.name=web,type!=Normal", true},
      {"involvedObject.uid=", true},
      {"involvedObject.uid=x", false},
      {"count=3", true},
      {"metadata.name=a\\,b", false},
      {",metadata.name=e,", true},
  };
  for (const auto& [text, want] : cases) {
    SCOPED_TRACE(text);
    const Result<FieldSelector> selector = FieldSelector::parse(text);
    ASSERT_TRUE(selector);
    EXPECT_EQ(selector->matches(event), want);
  }
  EXPECT_EQ(FieldSelector::parse("a=b\\,c\\=d")->requirements().at(0).value, "b,c=d");
}

TEST(FieldSelector, TellsWhatItCannotUnderstandOrSupport) {
  EXPECT_EQ(FieldSelector::parse("x").error().message(),
            "invalid selector: 'x'; can't understand 'x'");
  EXPECT_FALSE(FieldSelector::parse("=x"));
  const Result<FieldSelector> selector = FieldSelector::parse("spec.image=x");
  const std::vector<std::string> fields = {"metadata.name"};
  EXPECT_EQ(selector->check_supported(fields).error().message(),
            "field label not supported: spec.image");
  EXPECT_TRUE(FieldSelector::parse("metadata.name=x")->check_supported(fields));
}

}  // namespace
}  // namespace clickdeploy::api
