// The merge behind apply, as a table.

#include "controller/cli/three_way_patch_internal.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace clickdeploy::cli {
namespace {

Json read(const std::string& text) {
  return parse_json(text).value();
}

struct PatchCase {
  std::string name;
  std::string original;
  std::string modified;
  std::string live;
  std::string patch;
};

TEST(ThreeWayPatch, SendsWhatIsNewOtherOrGone) {
  const std::vector<PatchCase> cases = {
      {"Same", R"({"a":1})", R"({"a":1})", R"({"a":1,"b":2})", "{}"},
      {"Other", R"({"a":1})", R"({"a":2})", R"({"a":1})", R"({"a":2})"},
      {"DriftIsPutRight", R"({"a":1})", R"({"a":1})", R"({"a":5})", R"({"a":1})"},
      {"New", "{}", R"({"a":{"b":1}})", "{}", R"({"a":{"b":1}})"},
      {"Gone", R"({"a":1,"b":1})", R"({"a":1})", R"({"a":1,"b":1})", R"({"b":null})"},
      {"GoneBelow", R"({"s":{"a":1,"b":1}})", R"({"s":{"a":1}})", R"({"s":{"a":1,"b":1,"c":1}})",
       R"({"s":{"b":null}})"},
      {"NeverOursStays", "null", R"({"a":1})", R"({"a":1,"b":1})", "{}"},
      {"ListsAreReplacedWhole", R"({"l":[1]})", R"({"l":[1,2]})", R"({"l":[1]})", R"({"l":[1,2]})"},
      {"BothAtOnce", R"({"s":{"a":1}})", R"({"s":{"b":2}})", R"({"s":{"a":1}})",
       R"({"s":{"a":null,"b":2}})"},
      {"NullAsksForNothing", "{}", R"({"a":null})", "{}", "{}"},
      {"ObjectBecomesText", R"({"a":{"b":1}})", R"({"a":"x"})", R"({"a":{"b":1}})",
       R"({"a":"x"})"}};
  for (const PatchCase& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(to_json(three_way_patch(read(c.original), read(c.modified), read(c.live))), c.patch);
  }
}

TEST(ThreeWayPatch, TheAnnotationIsWrittenAsGoWritesIt) {
  const Json object = with_last_applied(read(R"({"metadata":{"name":"a"},"text":"<&>"})"));
  EXPECT_EQ(object["metadata"]["annotations"][kLastApplied].as_string(),
            "{\"metadata\":{\"annotations\":{},\"name\":\"a\"},"
            "\"text\":\"\\u003c\\u0026\\u003e\"}\n");
  EXPECT_EQ(with_last_applied(object), object);
}

TEST(ThreeWayPatch, AnAnnotationThatIsNoJsonIsAnError) {
  Json live = read(R"({"metadata":{"annotations":{}}})");
  EXPECT_TRUE(last_applied_of(live).value().is_null());
  live.member("metadata").member("annotations").set(kLastApplied, "{");
  EXPECT_EQ(last_applied_of(live).error().code(), ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace clickdeploy::cli
