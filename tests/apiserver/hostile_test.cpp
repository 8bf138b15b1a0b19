// Bodies and queries that no client sends, and the promise that a seed decides everything.

#include "tests/apiserver/server_fixture.h"

#include <gmock/gmock.h>

namespace clickdeploy::apiserver {
namespace {

const std::string kUrl(kServices);

class Hostile : public ServerTest {};

std::vector<std::string> strange_values() {
  std::string deep(63, '[');
  deep += std::string(63, ']');
  return {"null",
          "true",
          "0",
          "-1.5",
          "\"x\"",
          "[]",
          "{}",
          "[null]",
          R"({"":null})",
          R"({"name":{"name":[]}})",
          R"([{"uid":5}])",
          deep};
}

TEST_F(Hostile, AnyValueAnywhereIsAnsweredAndNeverAServerError) {
  const Json web = make_service("web");
  for (const std::string& value : strange_values()) {
    for (const char* field : {"apiVersion", "kind", "metadata", "spec", "status"}) {
      const std::string patch_text = std::string("{\"") + field + "\":" + value + "}";
      for (const char* path : {"/web", "/web/status", "/web/scale"}) {
        Answered merged = patch(kUrl + path, "merge-patch+json", patch_text);
        EXPECT_TRUE(merged.status == 200 || (merged.status >= 400 && merged.status < 500))
            << path << " " << patch_text << " " << merged.text;
        Answered replaced = patch(
            kUrl + path, "json-patch+json",
            R"([{"op":"add","path":"/)" + std::string(field) + R"(","value":)" + value + "}]");
        EXPECT_TRUE(replaced.status == 200 || (replaced.status >= 400 && replaced.status < 500))
            << path << " " << patch_text << " " << replaced.text;
      }
      Json body = web;
      Result<Json> parsed = parse_json(value);
      ASSERT_TRUE(parsed.has_value());
      body.set(field, *parsed);
      EXPECT_LT(put(kUrl + "/web", body).status, 500);
      EXPECT_LT(post(kUrl, body).status, 501);
    }
    for (const char* field : {"labels", "annotations", "finalizers", "ownerReferences", "name",
                              "generateName", "creationTimestamp", "managedFields"}) {
      const std::string patch_text =
          std::string("{\"metadata\":{\"") + field + "\":" + value + "}}";
      Answered answered = patch(kUrl + "/web?dryRun=All", "merge-patch+json", patch_text);
      EXPECT_TRUE(answered.status == 200 || (answered.status >= 400 && answered.status < 500))
          << patch_text << " " << answered.text;
    }
    Answered removed = remove(kUrl + "/web?dryRun=All", *parse_json(value));
    EXPECT_TRUE(removed.status == 200 || removed.status == 500) << value;
  }
  EXPECT_EQ(get(kUrl + "/web").status, 200);
}

TEST_F(Hostile, AnObjectThatIsTooLargeIsRefused) {
  Json map = config_map("big", std::string(1000 * 1024, 'x'));
  map.member("metadata").set("annotations", Json::object({{"a", std::string(200 * 1024, 'x')}}));
  ASSERT_EQ(post(std::string(kConfigMaps), map).status, 201);
  map.member("data").set("more", std::string(600 * 1024, 'x'));
  map.member("metadata").set("name", "bigger");
  Answered refused = post(std::string(kConfigMaps), map);
  EXPECT_TRUE(refused.status == 413 || refused.status == 422) << refused.status;
}

TEST_F(Hostile, StrategicPatchesOfAnyShapeAreAnswered) {
  ASSERT_EQ(post(std::string(kConfigMaps), config_map("c")).status, 201);
  for (const std::string& value : strange_values()) {
    for (const char* key :
         {"$patch", "$retainKeys", "$setElementOrder/finalizers",
          "$deleteFromPrimitiveList/finalizers", "finalizers", "ownerReferences"}) {
      const std::string text = std::string("{\"metadata\":{\"") + key + "\":" + value + "}}";
      Answered answered =
          patch(std::string(kConfigMaps) + "/c?dryRun=All", "strategic-merge-patch+json", text);
      EXPECT_TRUE(answered.status == 200 || (answered.status >= 400 && answered.status < 500))
          << text << " " << answered.text;
    }
  }
}

// A small life, told as the bytes that are left and the steps it took.
class Story : public ServerTest {
 public:
  explicit Story(std::uint64_t seed) : ServerTest(seed) {}
  void TestBody() override {}

  std::string tell() {
    start_background();
    const Json owner = make_service("owner");
    Json reference = Json::object({{"apiVersion", owner["apiVersion"]},
                                   {"kind", "Service"},
                                   {"name", "owner"},
                                   {"uid", owner["metadata"]["uid"]}});
    for (const char* name : {"a", "b", "c"}) {
      make_service(name, Json::object({{"ownerReferences", Json::array({reference})}}));
    }
    remove(kUrl + "/owner", Json::object({{"propagationPolicy", "Foreground"}}));
    make_service("last");
    pass(std::chrono::minutes(2));
    return get(kUrl).text + std::to_string(context_.hash());
  }

  std::vector<std::string> names() {
    std::vector<std::string> result;
    const Json list = get(kUrl).body;
    for (const Json& item : list["items"].as_array()) {
      result.push_back(item["metadata"]["name"].as_string());
    }
    return result;
  }
};

TEST(Determinism, TheSameSeedGivesTheSameHistoryAndEverySeedTheSameEnd) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    std::string told;
    {
      Story story(seed);
      told = story.tell();
      EXPECT_EQ(story.names(), std::vector<std::string>{"last"});
    }
    Story again(seed);
    EXPECT_EQ(again.tell(), told);
  }
}

}  // namespace
}  // namespace clickdeploy::apiserver
