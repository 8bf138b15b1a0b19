#include "controller/base/text.h"
#include "tests/apiserver/server_fixture.h"

#include <gmock/gmock.h>

namespace clickdeploy::apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kWeb = std::string(kServices) + "/web";

class Update : public ServerTest {
 protected:
  Json read() { return get(kWeb).body; }
  static std::int64_t generation(const Json& object) {
    return object["metadata"]["generation"].as_int();
  }
};

Json spec_replicas(Json replicas) {
  return Json::object({{"spec", Json::object({{"replicas", std::move(replicas)}})}});
}

Json in_metadata(std::string field, Json value) {
  return Json::object({{"metadata", Json::object({{std::move(field), std::move(value)}})}});
}

TEST_F(Update, PutReplacesAllButWhatIsTheServers) {
  Json object = make_service("web", Json::object({{"labels", Json::object({{"a", "b"}})}}));
  const Json metadata = object["metadata"];
  merge(kWeb + "/status", Json::object({{"status", Json::object({{"replicas", 1}})}}));
  object = read();
  object.member("metadata").erase("labels");
  object.member("metadata").set("creationTimestamp", "2000-01-01T00:00:00Z");
  object.member("metadata").set("generation", 55);
  object.set("status", Json::object({{"replicas", 9}}));
  object.member("spec").set("replicas", 4);
  Answered put_back = put(kWeb, object);
  ASSERT_EQ(put_back.status, 200) << put_back.text;
  EXPECT_EQ(put_back.body["spec"]["replicas"].as_int(), 4);
  EXPECT_FALSE(put_back.body["metadata"].contains("labels"));
  EXPECT_EQ(put_back.body["metadata"]["uid"], metadata["uid"]);
  EXPECT_EQ(put_back.body["metadata"]["creationTimestamp"], metadata["creationTimestamp"]);
  EXPECT_EQ(put_back.body["status"]["replicas"].as_int(), 1) << "status has its own path";
  EXPECT_EQ(generation(put_back.body), 2);
}

TEST_F(Update, PutIsRefusedInKubernetesWords) {
  const Json object = make_service("web");
  auto changed = [&object](const std::string& field, Json value) {
    Json copy = object;
    copy.member("metadata").set(field, std::move(value));
    return copy;
  };
  const std::string uid = object["metadata"]["uid"].as_string();
  struct Row {
    std::string url;
    Json body;
    int status;
    std::string reason;
    std::string message;
    std::string kind;
  };
  const std::vector<Row> table = {
      {kWeb, changed("name", "other"), 400, "BadRequest",
       "the name of the object (other) does not match the name on the URL (web)", ""},
      {kWeb, changed("resourceVersion", nullptr), 422, "Invalid",
       "services.clickdeploy.io \"web\" is invalid: metadata.resourceVersion: Invalid value: 0x0: "
       "must be specified for an update",
       "services"},
      {kWeb, changed("resourceVersion", "1"), 409, "Conflict",
       "Operation cannot be fulfilled on services.clickdeploy.io \"web\": the object has been "
       "modified; please apply your changes to the latest version and try again",
       "services"},
      {kWeb, changed("resourceVersion", "abc"), 500, "",
       "strconv.ParseUint: parsing \"abc\": invalid syntax", ""},
      {std::string(kServices) + "/nope", changed("name", "nope"), 404, "NotFound",
       "services.clickdeploy.io \"nope\" not found", "services"},
      {kWeb, changed("uid", "00000000-0000-0000-0000-000000000000"), 409, "Conflict",
       "Operation cannot be fulfilled on services.clickdeploy.io \"web\": StorageError: invalid "
       "object, Code: 4, Key: /registry/clickdeploy.io/services/default/web, ResourceVersion: 0, "
       "AdditionalErrorMsg: Precondition failed: UID in precondition: "
       "00000000-0000-0000-0000-000000000000, UID in object meta: " +
           uid,
       "services"},
      {kWeb + "/status", changed("resourceVersion", "1"), 409, "Conflict",
       "Operation cannot be fulfilled on services.clickdeploy.io \"web\": the object has been "
       "modified; please apply your changes to the latest version and try again",
       "services"},
      {std::string(kServices), object, 400, "BadRequest", "name must be provided", ""},
  };
  const store::Revision before = store_->revision();
  for (const Row& row : table) {
    Answered answered = put(row.url, row.body);
    EXPECT_EQ(answered.status, row.status) << row.message;
    EXPECT_EQ(answered.message(), row.message);
    EXPECT_EQ(answered.body["reason"].as_string(), row.reason);
    EXPECT_EQ(answered.body["details"]["kind"].as_string(), row.kind);
  }
  EXPECT_EQ(store_->revision(), before);
}

TEST_F(Update, WithoutAnyChangeWritesNothing) {
  const Json object = make_service("web");
  const store::Revision before = store_->revision();
  EXPECT_EQ(put(kWeb, object).body, object);
  EXPECT_EQ(merge(kWeb, Json::object()).body, object);
  EXPECT_EQ(merge(kWeb, spec_replicas(1)).body, object);
  EXPECT_EQ(merge(kWeb, Json::object({{"status", Json::object({{"replicas", 3}})}})).body, object)
      << "status is not written here";
  EXPECT_EQ(merge(kWeb + "/status", Json::object()).body, object);
  EXPECT_EQ(store_->revision(), before);
}

TEST_F(Update, GenerationCountsChangesOfTheDesiredStateOnly) {
  make_service("web");
  Answered labelled = merge(kWeb, in_metadata("labels", Json::object({{"a", "b"}})));
  EXPECT_EQ(generation(labelled.body), 1);
  Answered status =
      merge(kWeb + "/status", Json::object({{"status", Json::object({{"replicas", 1}})}}));
  ASSERT_EQ(status.status, 200) << status.text;
  EXPECT_EQ(generation(status.body), 1);
  EXPECT_EQ(generation(merge(kWeb, spec_replicas(3)).body), 2);
}

TEST_F(Update, MergePatchRemovesWithNullAndDefaultsAgain) {
  make_service("web");
  EXPECT_EQ(merge(kWeb, spec_replicas(5)).body["spec"]["replicas"].as_int(), 5);
  EXPECT_EQ(merge(kWeb, spec_replicas(nullptr)).body["spec"]["replicas"].as_int(), 1);
}

TEST_F(Update, PatchChecksTheVersionOnlyIfItNamesOne) {
  const Json object = make_service("web");
  merge(kWeb, spec_replicas(2));
  Json stale = spec_replicas(3);
  stale.set("metadata", Json::object({{"resourceVersion", object["metadata"]["resourceVersion"]}}));
  EXPECT_EQ(merge(kWeb, stale).status, 409);
  EXPECT_EQ(merge(kWeb, spec_replicas(3)).status, 200);
  Answered uid = merge(kWeb, in_metadata("uid", "u"));
  EXPECT_EQ(uid.status, 422);
  EXPECT_EQ(uid.message(),
            "Service.clickdeploy.io \"web\" is invalid: metadata.uid: Invalid value: \"u\": field "
            "is immutable");
}

TEST_F(Update, UnknownFieldOfAPatchIsWarnedOfOrRefused) {
  make_service("web");
  const Json patch_body = Json::object({{"spec", Json::object({{"bogus", 1}})}});
  Answered warned = merge(kWeb, patch_body);
  EXPECT_EQ(warned.status, 200);
  EXPECT_THAT(warned.warnings(), ElementsAre("299 - \"unknown field \\\"spec.bogus\\\"\""));
  Answered refused = merge(kWeb + "?fieldValidation=Strict", patch_body);
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.message(), StartsWith(" \"\" is invalid: patch: Invalid value: \"{"));
  EXPECT_THAT(refused.message(), HasSubstr(": strict decoding error: unknown field "
                                           "\"spec.bogus\""));
  EXPECT_EQ(refused.body["details"]["causes"][0]["field"].as_string(), "patch");
}

TEST_F(Update, JsonPatchDoesAllOrNothing) {
  make_service("web");
  const std::string type = "json-patch+json";
  Answered good = patch(kWeb, type,
                        R"([{"op":"test","path":"/spec/replicas","value":1},
                            {"op":"replace","path":"/spec/replicas","value":3},
                            {"op":"add","path":"/metadata/labels","value":{"a/b":"c"}},
                            {"op":"copy","from":"/metadata/labels/a~1b","path":"/metadata/labels/d"},
                            {"op":"move","from":"/metadata/labels/d","path":"/metadata/labels/e"},
                            {"op":"add","path":"/spec/template/spec/flavors/-","value":{"name":"x"}},
                            {"op":"remove","path":"/spec/template/spec/flavors/1"}])");
  ASSERT_EQ(good.status, 200) << good.text;
  EXPECT_EQ(good.body["spec"]["replicas"].as_int(), 3);
  EXPECT_EQ(good.body["metadata"]["labels"], Json::object({{"a/b", "c"}, {"e", "c"}}));

  for (const char* bad : {R"([{"op":"test","path":"/spec/replicas","value":7}])",
                          R"([{"op":"remove","path":"/spec/nope"}])",
                          R"([{"op":"replace","path":"/spec/nope","value":1}])",
                          R"([{"op":"add","path":"/spec/no/where","value":1}])",
                          R"([{"op":"move","from":"/spec","path":"/spec/x"}])",
                          R"([{"op":"add","path":"/spec/template/spec/flavors/9","value":{}}])",
                          R"([{"op":"replace","path":"/spec/replicas","value":9},{"op":"x"}])"}) {
    Answered refused = patch(kWeb, type, bad);
    EXPECT_EQ(refused.status, 422) << bad;
    EXPECT_EQ(refused.message(), "the server rejected our request due to an error in our request");
    ASSERT_TRUE(refused.body["details"].is_object());
  }
  EXPECT_EQ(read()["spec"]["replicas"].as_int(), 3);

  Answered malformed = patch(kWeb, type, "{}");
  EXPECT_EQ(malformed.status, 400);
  EXPECT_EQ(malformed.message(),
            "error decoding patch: json: cannot unmarshal object into Go value of type "
            "[]handlers.jsonPatchOp");
  std::string many = "[";
  for (int i = 0; i <= 10'000; ++i) {
    many += std::string(i == 0 ? "" : ",") + R"({"op":"test","path":"","value":1})";
  }
  Answered too_many = patch(kWeb, type, many + "]");
  EXPECT_EQ(too_many.status, 413);
  EXPECT_EQ(too_many.message(),
            "Request entity too large: The allowed maximum operations in a JSON patch is 10000, "
            "got 10001");
}

TEST_F(Update, PatchesOfAnotherShapeAreRefused) {
  make_service("web");
  EXPECT_EQ(patch(kWeb, "json-patch+json", "[5]").message(),
            "error decoding patch: json: cannot unmarshal number into Go value of type "
            "handlers.jsonPatchOp");
  EXPECT_EQ(patch(kWeb, "merge-patch+json", "[]").message(),
            "error decoding patch: json: cannot unmarshal array into Go value of type "
            "map[string]interface {}");
}

TEST_F(Update, CopyInAJsonPatchCannotBlowUpAnObject) {
  make_service("web");
  std::string bomb = R"([{"op":"add","path":"/spec/x","value":["0123456789"]})";
  for (int i = 0; i < 40; ++i) bomb += R"(,{"op":"copy","from":"/spec/x","path":"/spec/x/-"})";
  EXPECT_EQ(patch(kWeb, "json-patch+json", bomb + "]").status, 422);
}

TEST_F(Update, JsonPatchCannotBuildAnObjectTooDeepToRead) {
  make_service("web");
  std::string deep = R"([{"op":"add","path":"/a","value":{}})";
  for (int i = 0; i < 200; ++i) {
    deep += R"(,{"op":"move","from":"/a","path":"/b"},{"op":"add","path":"/a","value":{}})"
            R"(,{"op":"move","from":"/b","path":"/a/x"})";
  }
  EXPECT_EQ(patch(kWeb, "json-patch+json", deep + "]").status, 422);
}

TEST_F(Update, OtherPatchTypesAreRefused) {
  make_service("web");
  for (const char* type :
       {"strategic-merge-patch+json", "apply-patch+json", "json", "x-www-form-urlencoded"}) {
    Answered answered = patch(kWeb, type, "{}");
    EXPECT_EQ(answered.status, 415) << type;
    EXPECT_EQ(answered.message(),
              "the body of the request was in an unknown format - accepted media types include: "
              "application/json-patch+json, application/merge-patch+json, "
              "application/apply-patch+yaml");
  }
  Answered cut = patch(kWeb, "merge-patch+json", "{");
  EXPECT_EQ(cut.status, 400);
  EXPECT_EQ(cut.message(), "error decoding patch: unexpected end of JSON input");
}

TEST_F(Update, StrategicPatchOfACoreKindMergesFinalizersAndOwners) {
  Json map = config_map("c");
  map.member("metadata").set("finalizers", Json::array({"a/a"}));
  ASSERT_EQ(post(std::string(kConfigMaps), map).status, 201);
  const std::string url = std::string(kConfigMaps) + "/c";
  const std::string type = "strategic-merge-patch+json";
  Answered added = patch(url, type,
                         R"({"metadata":{"finalizers":["b/b"],
                             "$setElementOrder/finalizers":["b/b","a/a"]},"data":{"k2":"v"}})");
  ASSERT_EQ(added.status, 200) << added.text;
  EXPECT_EQ(added.body["metadata"]["finalizers"], Json::array({"b/b", "a/a"}));
  EXPECT_EQ(added.body["data"], Json::object({{"k2", "v"}, {"key", "1"}}));

  Answered removed = patch(url, type,
                           R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["b/b"]},
                               "data":{"$patch":"replace","x":"y"}})");
  EXPECT_EQ(removed.body["metadata"]["finalizers"], Json::array({"a/a"}));
  EXPECT_EQ(removed.body["data"], Json::object({{"x", "y"}}));
  EXPECT_EQ(patch(url, type, R"({"data":{"$unheard":1}})").status, 422);
}

TEST_F(Update, StatusTakesOnlyStatus) {
  make_service("web");
  Json object = read();
  object.member("spec").set("replicas", 9);
  object.member("metadata").set("labels", Json::object({{"new", "x"}}));
  object.set("status", Json::object({{"observedGeneration", 1}}));
  Answered answered = put(kWeb + "/status", object);
  ASSERT_EQ(answered.status, 200) << answered.text;
  EXPECT_EQ(answered.body["status"]["observedGeneration"].as_int(), 1);
  EXPECT_EQ(answered.body["spec"]["replicas"].as_int(), 1);
  EXPECT_FALSE(answered.body["metadata"].contains("labels"));

  Answered invalid_status =
      merge(kWeb + "/status", Json::object({{"status", Json::object({{"replicas", "many"}})}}));
  EXPECT_EQ(invalid_status.status, 422);
}

TEST_F(Update, ScaleIsAViewOfReplicas) {
  make_service("web");
  merge(kWeb + "/status",
        Json::object({{"status", Json::object({{"replicas", 1}, {"selector", "a=b"}})}}));
  Answered scale = get(kWeb + "/scale");
  ASSERT_EQ(scale.status, 200) << scale.text;
  EXPECT_EQ(scale.body["kind"].as_string(), "Scale");
  EXPECT_EQ(scale.body["apiVersion"].as_string(), "autoscaling/v1");
  EXPECT_EQ(scale.body["spec"]["replicas"].as_int(), 1);
  EXPECT_EQ(scale.body["status"], Json::object({{"replicas", 1}, {"selector", "a=b"}}));

  Answered patched = merge(kWeb + "/scale", spec_replicas(3));
  EXPECT_EQ(patched.body["spec"]["replicas"].as_int(), 3);
  EXPECT_EQ(generation(read()), 2);

  Json wanted = get(kWeb + "/scale").body;
  wanted.member("spec").set("replicas", 4);
  EXPECT_EQ(put(kWeb + "/scale", wanted).status, 200);
  EXPECT_EQ(put(kWeb + "/scale", wanted).status, 409) << "it names an older version now";
  EXPECT_EQ(read()["spec"]["replicas"].as_int(), 4);

  Answered refused = merge(kWeb + "/scale", spec_replicas(4000));
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.message(), StartsWith("Service.clickdeploy.io \"web\" is invalid: "
                                            "spec.replicas: Invalid value: 4000"));
  wanted = get(kWeb + "/scale").body;
  wanted.member("metadata").set("namespace", "other");
  EXPECT_EQ(
      put(kWeb + "/scale", wanted).message(),
      "the namespace of the provided object does not match the namespace sent on the request");
  wanted.member("metadata").erase("namespace");
  wanted.member("spec").set("replicas", "4");
  Answered text = put(kWeb + "/scale", wanted);
  EXPECT_EQ(text.status, 400);
  EXPECT_EQ(text.message(),
            "Scale in version \"v1\" cannot be handled as a Scale: json: cannot unmarshal string "
            "into Go struct field ScaleSpec.spec.replicas of type int32");
  Answered half = patch(kWeb + "/scale", "merge-patch+json", R"({"spec":{"replicas":2.5}})");
  EXPECT_EQ(half.status, 422);
  EXPECT_THAT(half.message(), HasSubstr("json: cannot unmarshal number 2.5 into Go struct field"));
  EXPECT_EQ(read()["spec"]["replicas"].as_int(), 4);
  EXPECT_EQ(get(std::string(kConfigMaps) + "/c/scale").status, 404);
  EXPECT_EQ(get(kWeb + "/nothing").body["message"].as_string(),
            "services.clickdeploy.io \"web\" not found");
}

TEST_F(Update, DryRunTellsTheResultAndWritesNothing) {
  const Json object = make_service("web");
  const store::Revision before = store_->revision();
  Answered dry = merge(kWeb + "?dryRun=All", spec_replicas(7));
  EXPECT_EQ(dry.status, 200);
  EXPECT_EQ(dry.body["spec"]["replicas"].as_int(), 7);
  EXPECT_EQ(generation(dry.body), 2);
  EXPECT_EQ(dry.body["metadata"]["resourceVersion"], object["metadata"]["resourceVersion"]);
  EXPECT_EQ(merge(kWeb + "/scale?dryRun=All", spec_replicas(7)).status, 200);
  EXPECT_EQ(remove(kWeb, Json::object({{"dryRun", Json::array({"All"})}})).status, 200);
  EXPECT_EQ(store_->revision(), before);
  EXPECT_EQ(read(), object);
}

TEST_F(Update, ConcurrentPatchesAllTakeEffect) {
  make_service("web");
  TaskGroup group(context_.executor());
  int good = 0;
  auto one = [](ApiServer& server, int i, int& count) -> Task<void> {
    http::Request request;
    request.method = "PATCH";
    request.url = kWeb;
    request.headers = {{"Content-Type", "application/merge-patch+json"}};
    request.body = R"({"metadata":{"labels":{"k)" + std::to_string(i) + R"(":"v"}}})";
    http::Reply reply = co_await server.handle(std::move(request));
    if (reply.response.status == 200) ++count;
  };
  for (int i = 0; i < 4; ++i) group.start("patch", one(*server_, i, good));
  pass(std::chrono::seconds(5));
  EXPECT_EQ(good, 4);
  EXPECT_EQ(read()["metadata"]["labels"].size(), 4u);
}

}  // namespace
}  // namespace clickdeploy::apiserver
