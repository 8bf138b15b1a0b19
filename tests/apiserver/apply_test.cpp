// Server-side apply by example: what a real Kubernetes API server answered to the same requests.

#include "tests/apiserver/apply_fixture.h"

#include <gmock/gmock.h>

namespace clickdeploy::apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

class Apply : public ApplyTest {
 protected:
  static Json parse(const std::string& text) { return parse_json(text).value(); }
  // labels {app: ssa} and the spec, as most examples apply them.
  static Json labelled(const std::string& spec) {
    return Json::object({{"metadata", parse(R"({"labels":{"app":"ssa"},"namespace":"default"})")},
                         {"spec", parse(spec)}});
  }
};

constexpr const char* kFirst =
    R"({"args":["one","two"],"env":[{"name":"A","value":"1"},{"name":"B","value":"2"}],)"
    R"("image":"example/ssa:1","replicas":2,"settings":{"k1":"v1"},"zones":["z1","z2"]})";
constexpr const char* kSecond =
    R"({"args":["one","two"],"env":[{"name":"A","value":"1"},{"name":"B","value":"2"}],)"
    R"("image":"example/ssa:2","replicas":5,"settings":{"k1":"v1"},"zones":["z1","z2"]})";
constexpr const char* kThird =
    R"({"env":[{"name":"C","value":"3"}],"image":"example/ssa:1","zones":["z3"]})";
// What an apply of kFirst owns, but for image and replicas.
constexpr const char* kMostFields =
    R"({"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:args":{},)"
    R"("f:env":{"k:{\"name\":\"A\"}":{".":{},"f:name":{},"f:value":{}},)"
    R"("k:{\"name\":\"B\"}":{".":{},"f:name":{},"f:value":{}}},)"
    R"("f:settings":{"f:k1":{}},"f:zones":{"v:\"z1\"":{},"v:\"z2\"":{}}}})";
constexpr const char* kAllFields =
    R"({"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:args":{},)"
    R"("f:env":{"k:{\"name\":\"A\"}":{".":{},"f:name":{},"f:value":{}},)"
    R"("k:{\"name\":\"B\"}":{".":{},"f:name":{},"f:value":{}}},"f:image":{},"f:replicas":{},)"
    R"("f:settings":{"f:k1":{}},"f:zones":{"v:\"z1\"":{},"v:\"z2\"":{}}}})";

TEST_F(Apply, CreatesAnObjectAndOwnsWhatWasApplied) {
  const Answered made = apply("kubectl", labelled(kFirst));
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(to_json(made.body["metadata"]["managedFields"]),
            std::string(R"([{"apiVersion":"clickdeploy.io/v1alpha1","fieldsType":"FieldsV1",)") +
                R"("fieldsV1":)" + kAllFields +
                R"(,"manager":"kubectl","operation":"Apply","time":"2026-11-22T00:00:00Z"}])");
  EXPECT_EQ(made.body["metadata"]["generation"].as_int(), 1);
  EXPECT_EQ(made.body["spec"]["flavor"].as_string(), "standard") << "defaulted, and nobody's";
}

TEST_F(Apply, TheSameAgainChangesNothing) {
  const Answered made = apply("kubectl", labelled(kFirst));
  pass(std::chrono::seconds(5));
  const Answered again = apply("kubectl", labelled(kFirst));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.text, made.text);
}

TEST_F(Apply, AChangeRaisesGenerationAndTime) {
  apply("kubectl", labelled(kFirst));
  pass(std::chrono::seconds(5));
  const Answered changed = apply("kubectl", labelled(kSecond));
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.body["metadata"]["generation"].as_int(), 2);
  EXPECT_EQ(changed.body["metadata"]["managedFields"][0]["time"].as_string(),
            "2026-11-22T00:00:05Z");
  EXPECT_THAT(owners(changed.body), ElementsAre("kubectl Apply " + std::string(kAllFields)));
}

TEST_F(Apply, ConflictsAreRefusedAndForceTakesTheFields) {
  apply("kubectl", labelled(kFirst));
  apply("kubectl", labelled(kSecond));
  const Answered refused = apply("other", labelled(kFirst));
  EXPECT_EQ(
      refused.body,
      parse(R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":)"
            R"("Apply failed with 2 conflicts: conflicts with \"kubectl\":\n- .spec.image\n- )"
            R"(.spec.replicas","reason":"Conflict","details":{"causes":[)"
            R"({"reason":"FieldManagerConflict","message":"conflict with \"kubectl\"",)"
            R"("field":".spec.image"},{"reason":"FieldManagerConflict",)"
            R"("message":"conflict with \"kubectl\"","field":".spec.replicas"}]},"code":409})"));
  EXPECT_EQ(read()["spec"]["replicas"].as_int(), 5);

  const Answered forced = apply("other", labelled(kFirst), "&force=true");
  EXPECT_EQ(forced.status, 200);
  EXPECT_EQ(forced.body["spec"]["replicas"].as_int(), 2);
  EXPECT_THAT(owners(forced.body), ElementsAre("kubectl Apply " + std::string(kMostFields),
                                               "other Apply " + std::string(kAllFields)));
}

TEST_F(Apply, WhatAManagerGivesUpGoesUnlessAnotherOwnsIt) {
  apply("kubectl", labelled(kSecond));
  apply("other", labelled(kFirst), "&force=true");
  const Answered fewer = apply("other", labelled(kThird), "&force=true");
  ASSERT_EQ(fewer.status, 200) << fewer.text;
  EXPECT_EQ(to_json(fewer.body["spec"]),
            R"({"agents":{"nodeExporter":{"enabled":true,"port":9100}},"args":["one","two"],)"
            R"("env":[{"name":"A","value":"1"},{"name":"B","value":"2"},{"name":"C","value":"3"}],)"
            R"("flavor":"standard","image":"example/ssa:1","replicas":1,"settings":{"k1":"v1"},)"
            R"("zones":["z1","z2","z3"]})");
  EXPECT_THAT(owners(fewer.body)[1],
              R"(other Apply {"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:env":)"
              R"({"k:{\"name\":\"C\"}":{".":{},"f:name":{},"f:value":{}}},"f:image":{},)"
              R"("f:zones":{"v:\"z3\"":{}}}})");
}

TEST_F(Apply, DryRunShowsTheResultAndWritesNothing) {
  apply("kubectl", labelled(kFirst));
  const Json before = read();
  const Answered dry = apply("kubectl", labelled(kSecond), "&dryRun=All");
  EXPECT_EQ(dry.status, 200);
  EXPECT_EQ(dry.body["spec"]["replicas"].as_int(), 5);
  EXPECT_EQ(dry.body["metadata"]["generation"].as_int(), 2);
  EXPECT_EQ(dry.revision(), before["metadata"]["resourceVersion"].as_string());
  EXPECT_EQ(read(), before);
}

struct RefusedApply {
  std::string query;
  std::string body;
  int status;
  std::string message;
};

TEST_F(Apply, BadRequestsAreRefusedInKubernetesWords) {
  apply("kubectl", labelled(kFirst));
  const std::string head = R"("apiVersion":"clickdeploy.io/v1alpha1","kind":"Service",)";
  const std::string typed =
      "failed to create typed patch object (/web; clickdeploy.io/v1alpha1, Kind=Service): ";
  const auto with_spec = [&head](const std::string& spec) {
    return "{" + head + R"("metadata":{"name":"web"},"spec":)" + spec + "}";
  };
  const auto with_metadata = [&head](const std::string& metadata) {
    return "{" + head + R"("metadata":)" + metadata + R"(,"spec":{"image":"example/ssa:1"}})";
  };
  const std::vector<RefusedApply> table = {
      {"", with_spec("{}"), 422,
       "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for "
       "apply patch"},
      {"?fieldManager=" + std::string(129, 'x'), with_spec("{}"), 422,
       "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Too long: may not be more than 128 "
       "bytes"},
      {"?fieldManager=a%0ab", with_spec("{}"), 422,
       "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Invalid value: \"a\\nb\": invalid "
       "character U+000A (at position 1)"},
      {"?fieldManager=x", R"({"metadata":{"name":"web"},"spec":{"image":"a"}})", 400,
       "invalid object type: /, Kind="},
      {"?fieldManager=x", R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"web"}})", 400,
       "invalid object type: /v1, Kind=Secret"},
      {"?fieldManager=x", "", 400, "invalid object type: /, Kind="},
      {"?fieldManager=x", with_metadata(R"({"name":"web","managedFields":[{"manager":"x"}]})"), 400,
       "metadata.managedFields must be nil"},
      {"?fieldManager=x&force=true", with_metadata(R"({"name":"other"})"), 400,
       "the name of the object (other) does not match the name on the URL (web)"},
      {"?fieldManager=x", with_metadata(R"({"name":"web","uid":"0"})"), 422,
       "Service.clickdeploy.io \"web\" is invalid: metadata.uid: Invalid value: \"0\": field is "
       "immutable"},
      {"?fieldManager=x", with_metadata(R"({"name":"web","resourceVersion":"1"})"), 409,
       "Operation cannot be fulfilled on services.clickdeploy.io \"web\": the object has been "
       "modified; please apply your changes to the latest version and try again"},
      {"?fieldManager=x", with_spec(R"({"bogus":1,"image":"a"})"), 500,
       typed + ".spec.bogus: field not declared in schema"},
      {"?fieldManager=x", with_spec(R"({"image":5})"), 500,
       typed + ".spec.image: expected string, got &value.valueUnstructured{Value:5}"},
      {"?fieldManager=x", with_spec(R"({"replicas":"5","paused":1})"), 500,
       typed + "errors:\n  .spec.paused: expected boolean, got &{1}\n  .spec.replicas: expected "
               "numeric (int or float), got string"},
      {"?fieldManager=x", with_spec(R"({"args":{"a":1},"settings":["x"]})"), 500,
       typed + "errors:\n  .spec.args: expected list, got &{map[a:1]}\n  .spec.settings: expected "
               "map, got &{[x]}"},
      {"?fieldManager=x", with_spec(R"({"env":[{"name":"A"},{"name":"A"}]})"), 500,
       typed + ".spec.env: duplicate entries for key [name=\"A\"]"},
      {"?fieldManager=x", with_spec(R"({"zones":["a","a"]})"), 500,
       typed + ".spec.zones: duplicate entries for key [=\"a\"]"},
      {"?fieldManager=x", with_spec(R"({"env":[{"value":"1"}]})"), 500,
       typed + ".spec.env: element 0: associative list with keys has an element that omits all key "
               "fields [\"name\"] (and doesn't have default values for any key fields)"},
      {"?fieldManager=x", with_spec(R"({"paused":null})"), 422,
       "Service.clickdeploy.io \"web\" is invalid: spec.paused: Invalid value: \"null\": "
       "spec.paused in body must be of type boolean: \"null\""},
      {"?fieldManager=x&fieldValidation=Strict", with_spec(R"({"replicas":2,"replicas":2})"), 400,
       "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line "
       "1: key \"replicas\" already set in map"},
      {"?fieldManager=x&force=False", with_spec(R"({"image":"a"})"), 409,
       "Apply failed with 1 conflict: conflict with \"kubectl\": .spec.image"},
      {"/status?fieldManager=x", R"({"apiVersion":"v1"})", 400, "invalid object type: /, Kind="},
  };
  const Json before = read();
  for (const RefusedApply& row : table) {
    const Answered answered = apply_text("web" + row.query, row.body);
    EXPECT_EQ(answered.status, row.status) << row.query << " " << row.body;
    EXPECT_EQ(answered.message(), row.message) << row.query << " " << row.body;
  }
  EXPECT_EQ(read(), before);
  EXPECT_THAT(apply_text("web?fieldManager=x", "a: [b\nc: d").message(),
              StartsWith("error decoding YAML: error converting YAML to JSON: yaml: "));
  EXPECT_EQ(apply("ctl", parse(R"({"metadata":{"name":"no"},"status":{}})"), "", "x/status").status,
            404);
}

TEST_F(Apply, AWrongUidHasTheCauseTwice) {
  apply("kubectl", labelled(kFirst));
  const Answered refused = apply("x", parse(R"({"metadata":{"uid":"0"}})"));
  EXPECT_EQ(refused.body["details"]["causes"].size(), 2U);
}

TEST_F(Apply, AVersionInTheBodyOfANewObjectIsIgnored) {
  const Answered made =
      apply("x", parse(R"({"metadata":{"resourceVersion":"1"},"spec":{"image":"a"}})"));
  EXPECT_EQ(made.status, 201) << made.text;
  EXPECT_THAT(owners(made.body), ElementsAre(R"(x Apply {"f:spec":{"f:image":{}}})"));
}

TEST_F(Apply, ANewObjectMustBeCompleteAndHaveANamespace) {
  EXPECT_EQ(apply("x", parse(R"({"spec":{"replicas":1}})")).message(),
            "Service.clickdeploy.io \"web\" is invalid: spec.image: Required value");
  const Answered nowhere = patch(
      "/apis/clickdeploy.io/v1alpha1/namespaces/no/services/web?fieldManager=x", "apply-patch+yaml",
      R"({"apiVersion":"clickdeploy.io/v1alpha1","kind":"Service",)"
      R"("metadata":{"name":"web"},"spec":{"image":"a"}})");
  EXPECT_EQ(nowhere.status, 404);
  EXPECT_EQ(nowhere.message(), "namespaces \"no\" not found");
  EXPECT_EQ(apply_text("web?fieldManager=x",
                       "apiVersion: clickdeploy.io/v1alpha1\nkind: Service\n"
                       "spec: {image: a}\n")
                .message(),
            "the name of the object (web based on URL) was undeterminable: name must be provided");
}

TEST_F(Apply, YamlIsReadAsWell) {
  const Answered made = apply_text("web?fieldManager=x",
                                   "apiVersion: clickdeploy.io/v1alpha1\nkind: Service\n"
                                   "metadata: {name: web}\nspec:\n  image: a\n  zones: [z]\n");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_THAT(owners(made.body),
              ElementsAre(R"(x Apply {"f:spec":{"f:image":{},"f:zones":{"v:\"z\"":{}}}})"));
}

TEST_F(Apply, StatusHasItsOwnOwners) {
  apply("kubectl", labelled(kFirst));
  const Answered status =
      apply("ctl",
            parse(R"({"metadata":{"labels":{"x":"y"}},"spec":{"image":"ignored"},"status":)"
                  R"({"observedGeneration":3,"conditions":[{"type":"Ready","status":"True"}]}})"),
            "&force=true", "/status");
  ASSERT_EQ(status.status, 200) << status.text;
  EXPECT_THAT(owners(status.body)[0],
              R"(ctl Apply status {"f:status":{"f:conditions":{"k:{\"type\":\"Ready\"}":)"
              R"({".":{},"f:status":{},"f:type":{}}},"f:observedGeneration":{}}})");
  EXPECT_EQ(status.body["spec"]["image"].as_string(), "example/ssa:1");
  EXPECT_FALSE(status.body["metadata"]["labels"].contains("x"));
  EXPECT_EQ(status.body["metadata"]["generation"].as_int(), 1);

  const Answered ignored =
      apply("kubectl", parse(R"({"metadata":{"labels":{"app":"ssa"}},"spec":)" +
                             std::string(kFirst) + R"(,"status":{"observedGeneration":9}})"));
  EXPECT_EQ(ignored.body, status.body) << "status of the main resource is nobody's business";
}

TEST_F(Apply, NullIsDefaultedWhereThereIsADefault) {
  apply("x", parse(R"({"spec":{"image":"a","replicas":3}})"));
  const Answered answered = apply("x", parse(R"({"spec":{"image":"a","replicas":null}})"));
  ASSERT_EQ(answered.status, 200) << answered.text;
  EXPECT_EQ(answered.body["spec"]["replicas"].as_int(), 1);
  EXPECT_THAT(owners(answered.body),
              ElementsAre(R"(x Apply {"f:spec":{"f:image":{},"f:replicas":{}}})"));
}

TEST_F(Apply, EmptyValuesAndMapsOfObjectsAreOwnedAsTheyAre) {
  const Answered made = apply_spec(
      "x",
      "{image: a, args: [], settings: {}, flavors: {small: {vcpus: 1}}, placement: {rack: a},"
      " extra: {deep: {list: [1], n: 1}}, ports: [{number: 80}], limit: 5}");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_THAT(
      owners(made.body),
      ElementsAre(R"(x Apply {"f:spec":{"f:args":{},"f:extra":{"f:deep":{".":{},"f:list":{},)"
                  R"("f:n":{}}},"f:flavors":{"f:small":{".":{},"f:vcpus":{}}},"f:image":{},)"
                  R"("f:limit":{},"f:placement":{},"f:ports":)"
                  R"({"k:{\"number\":80,\"protocol\":\"TCP\"}":{".":{},"f:number":{}}},)"
                  R"("f:settings":{}}})"));
  EXPECT_EQ(to_json(made.body["spec"]["args"]), "[]");
  EXPECT_EQ(to_json(made.body["spec"]["settings"]), "{}");
}

TEST_F(Apply, ItemsComeInTheAppliedOrderAndOthersKeepTheirPlaces) {
  apply_spec("x", "{image: a, zones: [a, b, c, d]}");
  EXPECT_EQ(to_json(apply_spec("y", "{zones: [d, x, b]}").body["spec"]["zones"]),
            R"(["a","c","d","x","b"])");
  EXPECT_EQ(to_json(apply_spec("z", "{zones: [n, a]}").body["spec"]["zones"]),
            R"(["n","a","c","d","x","b"])");
}

TEST_F(Apply, OfASharedFieldTheLastOwnerTakesItAlong) {
  apply_spec("x", "{image: a, note: n}");
  apply_spec("y", "{note: n}");
  EXPECT_EQ(apply_spec("x", "{image: a}").body["spec"]["note"].as_string(), "n");
  const Answered gone = apply_spec("y", "{}");
  EXPECT_FALSE(gone.body["spec"].contains("note"));
  EXPECT_THAT(owners(gone.body),
              ElementsAre(R"(x Apply {"f:spec":{"f:image":{}}})", R"(y Apply {"f:spec":{}})"));
}

TEST_F(Apply, AFieldThatAnUpdaterWroteIsNotRemoved) {
  apply_spec("x", "{image: a, settings: {a: '1', b: '2'}}");
  update("u", parse(R"({"spec":{"settings":{"b":"3"}}})"));
  EXPECT_EQ(to_json(apply_spec("x", "{image: a}").body["spec"]["settings"]), R"({"b":"3"})");
}

TEST_F(Apply, SecretsShowNoValuesInErrors) {
  const Answered refused =
      patch(std::string(kSecrets) + "/s?fieldManager=x", "apply-patch+yaml",
            R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"p":4711}})");
  EXPECT_EQ(refused.status, 500);
  EXPECT_EQ(refused.message(),
            "failed to create typed patch object (/s; /v1, Kind=Secret): .data.p: expected string");
}

}  // namespace
}  // namespace clickdeploy::apiserver
