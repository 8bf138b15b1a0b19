// Who owns what after creates, updates and patches: managedFields of all writes but apply.

#include "tests/apiserver/apply_fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace clickdeploy::apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ManagedFields : public ApplyTest {
 protected:
  static Json parse(const std::string& text) { return parse_json(text).value(); }

  // Creates the Service web as the manager.
  Answered create(const std::string& manager, const std::string& metadata = R"({"name":"web"})",
                  const std::string& spec = R"({"image":"a"})") {
    return post(std::string(kServices) + "?fieldManager=" + manager,
                parse(R"({"apiVersion":"clickdeploy.io/v1alpha1","kind":"Service","metadata":)" +
                      metadata + R"(,"spec":)" + spec + "}"));
  }
  Answered change(const std::string& manager, const std::string& patch,
                  const std::string& subresource = {}) {
    return update(manager, parse(patch), subresource);
  }
};

constexpr const char* kCreated =
    R"({"f:spec":{".":{},"f:agents":{".":{},"f:nodeExporter":{".":{},"f:enabled":{},"f:port":{}}},)"
    R"("f:flavor":{},"f:image":{},"f:replicas":{}}})";

constexpr const char* kCreatedButReplicas =
    R"({"f:spec":{".":{},"f:agents":{".":{},"f:nodeExporter":{".":{},"f:enabled":{},"f:port":{}}},)"
    R"("f:flavor":{},"f:image":{}}})";

TEST_F(ManagedFields, ACreateOwnsAllThatItBringsDefaultsToo) {
  const Answered made = create("kubectl-create");
  EXPECT_EQ(to_json(made.body["metadata"]["managedFields"]),
            std::string(R"([{"apiVersion":"clickdeploy.io/v1alpha1","fieldsType":"FieldsV1",)") +
                R"("fieldsV1":)" + kCreated +
                R"(,"manager":"kubectl-create","operation":"Update",)"
                R"("time":"2026-11-22T00:00:00Z"}])");
}

TEST_F(ManagedFields, MetadataIsOwnedFieldByField) {
  const Answered made = create(
      "x", R"({"name":"web","labels":{"a":"1"},"finalizers":["x.io/f"],)"
           R"("ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"c","uid":"u"}]})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(to_json(made.body["metadata"]["managedFields"][0]["fieldsV1"]["f:metadata"]),
            R"({"f:finalizers":{".":{},"v:\"x.io/f\"":{}},"f:labels":{".":{},"f:a":{}},)"
            R"("f:ownerReferences":{".":{},"k:{\"uid\":\"u\"}":{}}})");
}

TEST_F(ManagedFields, AnUpdateTakesWhatItChanges) {
  create("a");
  pass(std::chrono::seconds(3));
  const Answered changed = change("b", R"({"spec":{"replicas":4,"zones":["z"]}})");
  EXPECT_THAT(
      owners(changed.body),
      ElementsAre(R"(a Update {"f:spec":{".":{},"f:agents":{".":{},"f:nodeExporter":{".":{},)"
                  R"("f:enabled":{},"f:port":{}}},"f:flavor":{},"f:image":{}}})",
                  R"(b Update {"f:spec":{"f:replicas":{},"f:zones":{".":{},"v:\"z\"":{}}}})"));
  EXPECT_EQ(changed.body["metadata"]["managedFields"][0]["time"].as_string(),
            "2026-11-22T00:00:00Z");
  EXPECT_EQ(changed.body["metadata"]["managedFields"][1]["time"].as_string(),
            "2026-11-22T00:00:03Z");

  pass(std::chrono::seconds(3));
  EXPECT_EQ(change("c", R"({"spec":{"replicas":4}})").body, changed.body) << "nothing changed";
  const Answered removed = change("a", R"({"spec":{"zones":null}})");
  EXPECT_EQ(owners(removed.body)[1], R"(b Update {"f:spec":{"f:replicas":{}}})");
  EXPECT_EQ(removed.body["metadata"]["managedFields"][0]["time"].as_string(),
            "2026-11-22T00:00:00Z")
      << "who removes owns nothing new";
}

TEST_F(ManagedFields, AnUpdateTakesFieldsFromAppliersToo) {
  apply_spec("x", "{image: a, replicas: 2}");
  EXPECT_THAT(owners(change("u", R"({"spec":{"replicas":3}})").body),
              ElementsAre(R"(x Apply {"f:spec":{"f:image":{}}})",
                          R"(u Update {"f:spec":{"f:replicas":{}}})"));
  EXPECT_EQ(apply_spec("x", "{image: a, replicas: 2}").message(),
            "Apply failed with 1 conflict: conflict with \"u\" using clickdeploy.io/v1alpha1: "
            ".spec.replicas");
}

TEST_F(ManagedFields, WithoutAFieldManagerTheUserAgentNamesIt) {
  create("x");
  const auto written_by = [this](const std::string& agent, const std::string& image) {
    http::Request request;
    request.method = "PATCH";
    request.url = std::string(kServices) + "/web";
    request.headers = {{"Content-Type", "application/merge-patch+json"}};
    if (!agent.empty()) request.headers.push_back({"User-Agent", agent});
    request.body = R"({"spec":{"image":")" + image + R"("}})";
    const Json entries = send(std::move(request)).body["metadata"]["managedFields"];
    for (const Json& entry : entries.as_array()) {
      if (entry["fieldsV1"]["f:spec"].contains("f:image")) return entry["manager"].as_string();
    }
    return std::string();
  };
  EXPECT_EQ(written_by("my-tool/v1.2 (linux)", "b"), "my-tool");
  EXPECT_EQ(written_by("", "c"), "unknown");
  EXPECT_EQ(written_by("\x01\xc2\xa0tool\xff x", "d"), "tool x");
  EXPECT_EQ(written_by(std::string(300, 'y'), "e"), std::string(128, 'y'));
}

TEST_F(ManagedFields, ThirteenUpdatersAreTenEntries) {
  create("m00");
  for (int i = 1; i <= 12; ++i) {
    pass(std::chrono::seconds(1));
    change(fmt::format("m{:02}", i),
           fmt::format(R"({{"spec":{{"settings":{{"k{:02}":"1"}}}}}})", i));
  }
  const std::vector<std::string> all = owners(read());
  ASSERT_EQ(all.size(), 10U);
  EXPECT_EQ(all[0],
            R"(ancient-changes Update {"f:spec":{".":{},"f:agents":{".":{},"f:nodeExporter":)"
            R"({".":{},"f:enabled":{},"f:port":{}}},"f:flavor":{},"f:image":{},"f:replicas":{},)"
            R"("f:settings":{".":{},"f:k01":{},"f:k02":{},"f:k03":{}}}})");
  EXPECT_EQ(read()["metadata"]["managedFields"][0]["time"].as_string(), "2026-11-22T00:00:03Z");
  EXPECT_EQ(all[9], R"(m12 Update {"f:spec":{"f:settings":{"f:k12":{}}}})");
}

TEST_F(ManagedFields, StatusIsOwnedApart) {
  create("a");
  const Answered status = change(
      "a", R"({"spec":{"image":"no"},"status":{"conditions":[{"type":"Ready","status":"True"}]}})",
      "/status");
  EXPECT_THAT(owners(status.body),
              ElementsAre("a Update " + std::string(kCreated),
                          R"(a Update status {"f:status":{".":{},"f:conditions":{".":{},)"
                          R"("k:{\"type\":\"Ready\"}":{".":{},"f:status":{},"f:type":{}}}}})"));
  pass(std::chrono::seconds(9));
  const Answered again = change("a",
                                R"({"status":{"conditions":[{"type":"Ready","status":"False"},)"
                                R"({"type":"Up","status":"True"}]}})",
                                "/status");
  EXPECT_EQ(owners(again.body)[1],
            R"(a Update status {"f:status":{".":{},"f:conditions":{".":{},)"
            R"("k:{\"type\":\"Ready\"}":{".":{},"f:status":{},"f:type":{}},)"
            R"("k:{\"type\":\"Up\"}":{".":{},"f:status":{},"f:type":{}}}}})");
  EXPECT_EQ(again.body["metadata"]["managedFields"][1]["time"].as_string(), "2026-11-22T00:00:09Z");
}

TEST_F(ManagedFields, ScaleTakesReplicasUnderItsOwnName) {
  apply_spec("x", "{image: a, replicas: 2}");
  change("kubectl", R"({"spec":{"replicas":3}})", "/scale");
  EXPECT_EQ(to_json(read()["metadata"]["managedFields"][1]),
            R"({"apiVersion":"clickdeploy.io/v1alpha1","fieldsType":"FieldsV1","fieldsV1":)"
            R"({"f:spec":{"f:replicas":{}}},"manager":"kubectl","operation":"Update",)"
            R"("subresource":"scale"})");
  EXPECT_EQ(apply_spec("x", "{image: a, replicas: 2}").message(),
            "Apply failed with 1 conflict: conflict with \"kubectl\" with subresource \"scale\" "
            "using clickdeploy.io/v1alpha1: .spec.replicas");
}

Json scale_of(const std::string& spec) {
  return Json::object(
      {{"apiVersion", "autoscaling/v1"}, {"kind", "Scale"}, {"spec", parse_json(spec).value()}});
}

TEST_F(ManagedFields, AnAppliedScaleOwnsReplicasAndNothingElse) {
  apply_spec("x", "{image: a, replicas: 2}");
  const Answered refused = apply("hpa", scale_of(R"({"replicas":5})"), "", "/scale");
  EXPECT_EQ(refused.status, 409) << refused.text;
  EXPECT_THAT(refused.message(),
              StartsWith("Apply failed with 1 conflict: conflict with \"x\": .spec.replicas"));
  const Answered taken = apply("hpa", scale_of(R"({"replicas":5})"), "&force=true", "/scale");
  EXPECT_EQ(taken.status, 200) << taken.text;
  EXPECT_EQ(taken.body["kind"].as_string(), "Scale");
  EXPECT_EQ(taken.body["spec"]["replicas"].as_int(), 5);
  EXPECT_THAT(owners(read()), ElementsAre(R"(hpa Apply scale {"f:spec":{"f:replicas":{}}})",
                                          R"(x Apply {"f:spec":{"f:image":{}}})"));
  EXPECT_EQ(read()["metadata"]["generation"].as_int(), 2);
  EXPECT_EQ(apply("hpa", scale_of(R"({"replicas":5})"), "", "/scale").status, 200);
  EXPECT_THAT(apply_spec("x", "{image: a, replicas: 2}").message(),
              StartsWith("Apply failed with 1 conflict: conflict with \"hpa\" with subresource "
                         "\"scale\""));
}

TEST_F(ManagedFields, WhatIsNoScaleCannotBeAppliedToOne) {
  EXPECT_EQ(apply("hpa", scale_of(R"({"replicas":5})"), "", "/scale").status, 404);
  apply_spec("x", "{image: a, replicas: 2}");
  EXPECT_EQ(apply("hpa", scale_of(R"({"replicas":5})"), "&dryRun=All&force=true", "/scale")
                .body["spec"]["replicas"]
                .as_int(),
            5);
  EXPECT_EQ(apply("hpa", Json::object(), "", "/scale").status, 400);  // a Service
  EXPECT_EQ(apply("hpa", scale_of(R"({"replicas":"5"})"), "", "/scale").status, 500);
  const Answered unknown = apply("hpa", scale_of(R"({"copies":5})"), "", "/scale");
  EXPECT_EQ(unknown.status, 500);
  EXPECT_THAT(unknown.message(), HasSubstr(".spec.copies: field not declared in schema"));
  const Answered many = apply("hpa", scale_of(R"({"replicas":5000})"), "&force=true", "/scale");
  EXPECT_EQ(many.status, 422) << many.text;
  EXPECT_EQ(read()["spec"]["replicas"].as_int(), 2);
}

TEST_F(ManagedFields, AListOfOneEmptyEntryEndsTrackingUntilTheNextApply) {
  create("a");
  const Answered reset = change("b", R"({"metadata":{"managedFields":[{}]}})");
  EXPECT_FALSE(reset.body["metadata"].contains("managedFields"));
  EXPECT_FALSE(
      change("b", R"({"spec":{"replicas":2}})").body["metadata"].contains("managedFields"));
  pass(std::chrono::seconds(2));
  EXPECT_THAT(owners(apply_spec("x", "{replicas: 2}").body),
              ElementsAre(R"(x Apply {"f:spec":{"f:replicas":{}}})",
                          "before-first-apply Update " + std::string(kCreated)));
}

TEST_F(ManagedFields, WhatCannotBeUsedLeavesThemAsTheyAre) {
  const Answered made = create("a");
  for (const char* sent :
       {"[]", "null", R"([{"manager":"x"}])",
        R"([{"manager":"x","operation":"Bogus","apiVersion":"v1","fieldsType":"FieldsV1"}])",
        R"([{"manager":"x","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV2"}])",
        R"([{"manager":"x","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1",)"
        R"("fieldsV1":{"spec":{}}}])",
        R"([{"manager":"x","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1",)"
        R"("fieldsV1":{"k:{":{}}}])"}) {
    const Answered kept =
        change("b", R"({"metadata":{"managedFields":)" + std::string(sent) + "}}");
    EXPECT_EQ(kept.body, made.body) << sent;
  }
  EXPECT_EQ(change("b", R"({"metadata":{"managedFields":[{"manager":"x","time":5}]}})").status,
            422);
}

TEST_F(ManagedFields, EntriesThatCanBeReadAreTakenInCanonicalForm) {
  create("a");
  const Answered taken = change(
      "b",
      R"({"metadata":{"managedFields":[{"manager":"z","operation":"Apply","apiVersion":)"
      R"("clickdeploy.io/v1alpha1","fieldsType":"FieldsV1","time":"2026-01-01T01:00:00+01:00",)"
      R"("fieldsV1":{"f:spec":{"f:ports":{"k:{ \"protocol\":\"TCP\", \"number\":80.0 }":)"
      R"({".":{}}},"f:image":{}}}}]}})");
  EXPECT_EQ(to_json(taken.body["metadata"]["managedFields"]),
            R"([{"apiVersion":"clickdeploy.io/v1alpha1","fieldsType":"FieldsV1","fieldsV1":)"
            R"({"f:spec":{"f:image":{},"f:ports":{"k:{\"number\":80,\"protocol\":\"TCP\"}":{}}}},)"
            R"("manager":"z","operation":"Apply","time":"2026-01-01T00:00:00Z"}])");
  const std::string url = std::string(kServices) + "/web";
  Json whole = taken.body;
  whole.member("metadata").erase("managedFields");
  EXPECT_EQ(put(url, whole).body, taken.body) << "a client that knows nothing of them";

  const Answered long_name = change(
      "b", R"({"metadata":{"managedFields":[{"manager":")" + std::string(129, 'x') +
               R"(","operation":"Apply","apiVersion":"clickdeploy.io/v1alpha1","fieldsType":)"
               R"("FieldsV1","fieldsV1":{"f:spec":{}}}]}})");
  EXPECT_EQ(long_name.status, 422);
  EXPECT_THAT(long_name.message(),
              HasSubstr("metadata.managedFields[0].manager: Too long: may not be more than 128"));
}

Json without_owners(Json object) {
  if (object.contains("metadata")) object.member("metadata").erase("managedFields");
  return object;
}

TEST_F(ManagedFields, AreLeftOutForWhomHasNoUseForThem) {
  const http::Headers omit = {{"Accept", "application/json;managedFields=omit"}};
  const std::string url = std::string(kServices) + "/web";
  OpenWatch events = watch(std::string(kServices) + "?watch=1", omit);
  const Answered made =
      create("a", R"({"name":"web","annotations":{"a":"\\\"{\"managedFields\":[\\\"]}",)"
                  R"("managedFields":"x"},"labels":{"managedFields":"y"}})");
  ASSERT_EQ(made.status, 201) << made.text;
  ASSERT_FALSE(made.body["metadata"]["managedFields"].empty());
  const Json wanted = without_owners(made.body);
  EXPECT_EQ(get(url, omit).body, wanted);
  EXPECT_EQ(events.next()["object"], wanted);
  EXPECT_EQ(get(std::string(kServices), omit).body["items"], Json::array({wanted}));
  EXPECT_EQ(get(url + "?pretty=1", omit).body, wanted);
  EXPECT_EQ(get(url, {{"Accept", "application/json;managedFields=keep"}}).body, made.body);
  EXPECT_THAT(get(url, {{"Accept", "application/yaml;managedFields=omit"}}).text,
              Not(HasSubstr("fieldsV1")));
  const std::string meta = ";g=meta.k8s.io;v=v1;managedFields=omit";
  EXPECT_EQ(
      get(url, {{"Accept", "application/json;as=PartialObjectMetadata" + meta}}).body["metadata"],
      wanted["metadata"]);
  EXPECT_EQ(get(std::string(kServices), {{"Accept", "application/json;as=Table" + meta}})
                .body["rows"][0]["object"]["metadata"],
            wanted["metadata"]);
}

TEST_F(ManagedFields, AnUpdateWithoutThemLeavesThemToTheirOwners) {
  const Answered made = create("a");
  const std::string url = std::string(kServices) + "/web";
  const auto send_omitting = [this](std::string method, std::string target, const Json& body) {
    http::Request request;
    request.method = std::move(method);
    request.url = std::move(target);
    request.headers = {{"Accept", "application/json;managedFields=omit"}};
    request.body = to_json(body);
    return send(std::move(request));
  };
  Json object = without_owners(made.body);
  EXPECT_EQ(send_omitting("PUT", url, object).body, object);
  object.set("status", Json::object({{"readyReplicas", 1}}));
  const Answered told = send_omitting("PUT", url + "/status?fieldManager=s", object);
  ASSERT_EQ(told.status, 200) << told.text;
  EXPECT_FALSE(told.body["metadata"].contains("managedFields"));
  object = told.body;
  object.member("spec").set("replicas", 7);
  EXPECT_EQ(send_omitting("PUT", url + "?fieldManager=b", object).body["spec"]["replicas"], 7);
  EXPECT_THAT(owners(read()), ElementsAre("a Update " + std::string(kCreatedButReplicas),
                                          R"(b Update {"f:spec":{"f:replicas":{}}})",
                                          R"(s Update status {"f:status":{}})"));
}

TEST_F(ManagedFields, AStatusWriteCannotSetThem) {
  const Answered made = create("a");
  EXPECT_EQ(change("b", R"({"metadata":{"managedFields":[{}]}})", "/status").body, made.body);
}

TEST_F(ManagedFields, CoreKindsAreOwnedAsInKubernetes) {
  const auto fields = [](const Answered& answered) {
    return to_json(answered.body["metadata"]["managedFields"][0]["fieldsV1"]);
  };
  EXPECT_EQ(fields(post(std::string(kSecrets),
                        parse(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},)"
                              R"("stringData":{"p":"x"}})"))),
            R"({"f:data":{".":{},"f:p":{}},"f:type":{}})");
  EXPECT_EQ(fields(post(std::string(kConfigMaps), config_map("c"))),
            R"({"f:data":{".":{},"f:key":{}}})");
  EXPECT_EQ(
      fields(post("/api/v1/namespaces",
                  parse(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n"}})"))),
      R"({"f:metadata":{"f:labels":{".":{},"f:kubernetes.io/metadata.name":{}}}})");
  EXPECT_EQ(fields(post("/api/v1/namespaces/default/events",
                        parse(R"({"apiVersion":"v1","kind":"Event","metadata":{"name":"e"},)"
                              R"("involvedObject":{"kind":"Service","namespace":"default"},)"
                              R"("reason":"R","type":"Normal","source":{"component":"me"}})"))),
            R"({"f:involvedObject":{},"f:reason":{},"f:source":{"f:component":{}},"f:type":{}})");
}

class Migration : public ManagedFields {
 protected:
  static constexpr const char* kAnnotation = "kubectl.kubernetes.io/last-applied-configuration";
  const std::string applied_ =
      R"({"apiVersion":"clickdeploy.io/v1alpha1","kind":"Service","metadata":)"
      R"({"labels":{"app":"web"},"name":"web","namespace":"default"},"spec":)"
      R"({"image":"example/web:1","replicas":2}})";

  Migration() {
    Json object = parse(applied_);
    object.member("metadata").member("annotations").set(kAnnotation, applied_ + "\n");
    post(std::string(kServices) + "?fieldManager=kubectl-client-side-apply", object);
    pass(std::chrono::seconds(3));
  }
};

TEST_F(Migration, KubectlTakesOverFromItsClientSideApply) {
  const Answered first = apply("kubectl", parse(applied_), "&force=false");
  ASSERT_EQ(first.status, 200) << first.text;
  EXPECT_EQ(to_json(first.body["metadata"]["managedFields"][0]),
            R"({"apiVersion":"clickdeploy.io/v1alpha1","fieldsType":"FieldsV1","fieldsV1":)"
            R"({"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:image":{},"f:replicas":{}}},)"
            R"("manager":"kubectl","operation":"Apply"})")
      << "nothing changed, so it has no time";
  Json annotation = parse(R"({"metadata":{"annotations":{}}})");
  annotation.member("metadata").member("annotations").set(kAnnotation, applied_ + "\n");
  EXPECT_EQ(owners(apply("kubectl-last-applied", annotation).body)[1],
            R"(kubectl-last-applied Apply {"f:metadata":{"f:annotations":)"
            R"({"f:kubectl.kubernetes.io/last-applied-configuration":{}}}})");

  // kubectl's own step: the Update entry becomes the Apply entry.
  Json entries = read()["metadata"]["managedFields"];
  entries.array_ref()[0].set("fieldsV1", entries[2]["fieldsV1"]);
  entries.array_ref().pop_back();
  Json step = Json::array(
      {Json::object({{"op", "replace"}, {"path", "/metadata/managedFields"}, {"value", entries}})});
  const Answered moved =
      patch(std::string(kServices) + "/web?fieldManager=kubectl", "json-patch+json", to_json(step));
  ASSERT_EQ(moved.status, 200) << moved.text;
  EXPECT_EQ(moved.body["metadata"]["managedFields"], entries);

  const Answered last = apply("kubectl", parse(applied_));
  EXPECT_THAT(owners(last.body),
              ElementsAre(R"(kubectl-last-applied Apply {"f:metadata":{"f:annotations":)"
                          R"({"f:kubectl.kubernetes.io/last-applied-configuration":{}}}})",
                          R"(kubectl Apply {"f:metadata":{"f:labels":{"f:app":{}}},)"
                          R"("f:spec":{"f:image":{},"f:replicas":{}}})"));
  EXPECT_EQ(last.body["metadata"]["annotations"][kAnnotation].as_string(), applied_ + "\n");
}

// The annotation of a Secret does not say what its values were.
TEST_F(Migration, KubectlNeedsNoForceForTheDataOfASecret) {
  Json secret = parse(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s",)"
                      R"("namespace":"default"},"data":{"a":"QQ==","b":"QQ=="}})");
  Json object = secret;
  object.member("metadata").set("annotations", Json::object({{kAnnotation, to_json(secret)}}));
  const std::string url(kSecrets);
  ASSERT_EQ(post(url + "?fieldManager=kubectl-client-side-apply", object).status, 201);
  const Json other = Json::object({{"data", Json::object({{"c", "QQ=="}})}});
  ASSERT_EQ(merge(url + "/s?fieldManager=other", other).status, 200);
  secret.member("data").set("a", "Qg==");
  const auto apply_secret = [&] {
    return patch(url + "/s?fieldManager=kubectl", "apply-patch+yaml", to_json(secret));
  };
  const Answered applied = apply_secret();
  EXPECT_EQ(applied.status, 200) << applied.text;
  EXPECT_EQ(applied.body["data"]["a"].as_string(), "Qg==");
  secret.member("data").set("c", "Qg==");
  EXPECT_EQ(apply_secret().status, 409) << "that one is another's";
}

TEST_F(Migration, KubectlNeedsNoForceForWhatItApplied) {
  Json body = parse(applied_);
  body.member("spec").set("replicas", 7);
  EXPECT_EQ(apply("other", body).status, 409);
  const Answered taken = apply("kubectl", body);
  ASSERT_EQ(taken.status, 200) << taken.text;
  EXPECT_EQ(taken.body["spec"]["replicas"].as_int(), 7);
  EXPECT_EQ(taken.body["metadata"]["annotations"][kAnnotation].as_string(), to_json(body) + "\n");
}

TEST_F(Migration, ButForWhatOthersChangedSince) {
  change("hand", R"({"spec":{"replicas":5}})");
  Json body = parse(applied_);
  body.member("spec").set("image", "example/web:2");
  EXPECT_EQ(apply("kubectl", body).message(),
            "Apply failed with 1 conflict: conflict with \"hand\" using clickdeploy.io/v1alpha1: "
            ".spec.replicas");
}

}  // namespace
}  // namespace clickdeploy::apiserver
