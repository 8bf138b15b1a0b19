// The kinds of Kubernetes' own that tools look for: definitions of kinds, API services, Leases, and
// the Events of the group events.k8s.io.

#include "tests/apiserver/server_fixture.h"

#include <gmock/gmock.h>

namespace clickdeploy::apiserver {
namespace {

using ::testing::HasSubstr;

const std::string kDefinitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const std::string kApiServices = "/apis/apiregistration.k8s.io/v1/apiservices";
const std::string kCoreEvents = "/api/v1/namespaces/default/events";
const std::string kEvents = "/apis/events.k8s.io/v1/namespaces/default/events";
const std::string kLeases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";

class BuiltinKinds : public ServerTest {};

const Json& condition(const Json& object, std::string_view type) {
  static const Json none;
  for (const Json& one : object["status"]["conditions"].as_array()) {
    if (one["type"].as_string() == type) return one;
  }
  return none;
}

TEST_F(BuiltinKinds, EachKindOfOursHasADefinitionThatIsEstablished) {
  Answered list = get(kDefinitions);
  EXPECT_EQ(list.body["kind"].as_string(), "CustomResourceDefinitionList");
  EXPECT_EQ(list.body["items"].size(), 5U);
  Answered one = get(kDefinitions + "/services.clickdeploy.io");
  EXPECT_EQ(condition(one.body, "Established")["status"].as_string(), "True");
  EXPECT_EQ(one.body["status"]["storedVersions"], Json::array({"v1alpha1"}));
  EXPECT_EQ(one.body["spec"]["names"]["kind"].as_string(), "Service");
  EXPECT_EQ(one.body["metadata"]["uid"].as_string().size(), 36U);
  EXPECT_EQ(get(kDefinitions + "/configmaps").status, 404);
  Answered table = get(kDefinitions + "?fieldSelector=metadata.name%3Dservices.clickdeploy.io",
                       {{"Accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}});
  EXPECT_EQ(table.body["rows"].size(), 1U);
}

TEST_F(BuiltinKinds, EachGroupVersionHasAnApiServiceThatIsAvailable) {
  Answered one = get(kApiServices + "/v1alpha1.clickdeploy.io");
  EXPECT_EQ(condition(one.body, "Available")["status"].as_string(), "True");
  EXPECT_EQ(get(kApiServices + "/v1.").body["spec"]["version"].as_string(), "v1");
}

TEST_F(BuiltinKinds, DefinitionsAreWatchedButNotWritten) {
  OpenWatch open = watch(kDefinitions + "?watch=true&allowWatchBookmarks=true");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(open.next()["type"].as_string(), "ADDED");
  EXPECT_EQ(open.next()["type"].as_string(), "BOOKMARK");
  Answered refused = remove(kDefinitions + "/services.clickdeploy.io");
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.message(), HasSubstr("built in"));
  EXPECT_EQ(post(kDefinitions, Json::object()).status, 403);
}

TEST_F(BuiltinKinds, WritesThatAskForWhatIsThereChangeNothing) {
  const std::string url = kDefinitions + "/services.clickdeploy.io";
  const Json present = get(url).body;
  Json file = api::builtin_scheme().find_kind("clickdeploy.io/v1alpha1", "Service")->definition;
  EXPECT_EQ(put(url, file).body, present);
  EXPECT_EQ(merge(url, *parse_json(R"({"metadata":{"annotations":{"a":"b"}}})")).body, present);
  Answered applied = patch(url + "?fieldManager=x", "apply-patch+yaml", to_json(file));
  EXPECT_EQ(applied.status, 200) << applied.text;
  EXPECT_EQ(applied.body, present);
  EXPECT_EQ(post(kDefinitions, file).status, 409);

  file.member("spec").member("names").set("kind", "Server");
  EXPECT_EQ(put(url, file).status, 403);
  EXPECT_EQ(patch(url + "?fieldManager=x", "apply-patch+yaml", to_json(file)).status, 403);
  EXPECT_EQ(merge(url, *parse_json(R"({"spec":{"scope":"Cluster"}})")).status, 403);
  EXPECT_EQ(merge(url, *parse_json(R"({"spec":{"scope":null}})")).status, 403);
  EXPECT_EQ(patch(url, "json-patch+json", R"([{"op":"remove","path":"/spec/versions/0"}])").status,
            403);
  file.member("metadata").set("name", "servers.clickdeploy.io");
  EXPECT_EQ(post(kDefinitions, file).status, 403);
  EXPECT_EQ(put(kDefinitions + "/servers.clickdeploy.io", file).status, 403);
  EXPECT_EQ(remove(kDefinitions).status, 403);
  EXPECT_EQ(get(url).body, present);
}

TEST_F(BuiltinKinds, ALeaseChangesHandsByItsVersion) {
  Json lease = Json::object({{"apiVersion", "coordination.k8s.io/v1"},
                             {"kind", "Lease"},
                             {"metadata", Json::object({{"name", "leader"}})},
                             {"spec", Json::object({{"holderIdentity", "a"},
                                                    {"leaseDurationSeconds", 15},
                                                    {"renewTime", "2026-11-22T00:00:00.000001Z"},
                                                    {"acquireTime", nullptr}})}});
  Answered made = post(kLeases, lease);
  ASSERT_EQ(made.status, 201) << made.text;
  Json taken = made.body;
  taken.member("spec").set("holderIdentity", "b");
  EXPECT_EQ(put(kLeases + "/leader", taken).status, 200);
  EXPECT_EQ(put(kLeases + "/leader", taken).status, 409);
  taken.member("metadata").erase("resourceVersion");
  Answered blind = put(kLeases + "/leader", taken);
  EXPECT_EQ(blind.status, 422);
  EXPECT_THAT(blind.message(), HasSubstr("must be specified for an update"));
}

class EventsOfBothGroups : public ServerTest {
 protected:
  static Json event(const char* name) {
    return Json::object(
        {{"apiVersion", "events.k8s.io/v1"},
         {"kind", "Event"},
         {"metadata", Json::object({{"name", name}})},
         {"regarding",
          Json::object({{"kind", "Service"}, {"namespace", "default"}, {"name", "web"}})},
         {"note", "now 3 copies"},
         {"reason", "Scaled"},
         {"type", "Warning"},
         {"action", "Scaling"},
         {"eventTime", "2026-11-22T00:00:00.123456Z"},
         {"reportingController", "clickdeploy.io/controller"},
         {"reportingInstance", "c-0"},
         {"series",
          Json::object({{"count", 2}, {"lastObservedTime", "2026-11-22T00:00:01.000000Z"}})}});
  }
};

TEST_F(EventsOfBothGroups, OneIsStoredAndShownInEither) {
  Answered made = post(kEvents, event("e1"));
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.body["apiVersion"].as_string(), "events.k8s.io/v1");
  EXPECT_EQ(made.body["note"].as_string(), "now 3 copies");
  const Json core = get(kCoreEvents + "/e1").body;
  EXPECT_EQ(core["apiVersion"].as_string(), "v1");
  EXPECT_EQ(core["message"].as_string(), "now 3 copies");
  EXPECT_EQ(core["involvedObject"]["name"].as_string(), "web");
  EXPECT_EQ(core["reportingComponent"].as_string(), "clickdeploy.io/controller");
  EXPECT_EQ(core["series"]["count"].as_int(), 2);
  EXPECT_FALSE(core.contains("note"));
  const auto without_owners = [](Json metadata) {
    metadata.erase("managedFields");
    return metadata;
  };
  EXPECT_EQ(without_owners(get(kEvents + "/e1").body["metadata"]),
            without_owners(core["metadata"]));
}

TEST_F(EventsOfBothGroups, WhoOwnsWhatIsToldInTheWordsOfEach) {
  const Json view =
      post(kEvents + "?fieldManager=a", event("e1")).body["metadata"]["managedFields"];
  const Json core = get(kCoreEvents + "/e1").body["metadata"]["managedFields"];
  EXPECT_EQ(core[0]["apiVersion"].as_string(), "v1");
  EXPECT_TRUE(core[0]["fieldsV1"].contains("f:involvedObject"));
  EXPECT_EQ(view[0]["apiVersion"].as_string(), "events.k8s.io/v1");
  for (const char* key : {"f:regarding", "f:note", "f:reportingController", "f:reason"}) {
    EXPECT_TRUE(view[0]["fieldsV1"].contains(key)) << key;
  }
  EXPECT_EQ(view[0]["fieldsV1"].size(), core[0]["fieldsV1"].size());

  // And understood in them: sent back, nothing changes hands.
  Json object = get(kEvents + "/e1").body;
  object.member("metadata").member("labels").set("a", "b");
  ASSERT_EQ(put(kEvents + "/e1?fieldManager=other", object).status, 200);
  const Json after = get(kCoreEvents + "/e1").body["metadata"]["managedFields"];
  ASSERT_EQ(after.size(), 2u);
  EXPECT_EQ(after[0], core[0]);
  const Json step = Json::array({Json::object({{"op", "replace"},
                                               {"path", "/metadata/managedFields"},
                                               {"value", Json::array({view[0]})}})});
  ASSERT_EQ(patch(kEvents + "/e1", "json-patch+json", to_json(step)).status, 200);
  EXPECT_EQ(get(kCoreEvents + "/e1").body["metadata"]["managedFields"], core);
}

TEST_F(EventsOfBothGroups, TheSchemaNamesTheFieldsOfASeries) {
  const Json document = get("/openapi/v3/apis/events.k8s.io/v1").body;
  for (const auto& [name, schema] : document["components"]["schemas"].as_object()) {
    if (!name.ends_with("events.v1.Event")) continue;
    const Json& series = schema["properties"]["series"]["properties"];
    EXPECT_TRUE(series.contains("count"));
    EXPECT_FALSE(series.contains("deprecatedCount"));
    return;
  }
  FAIL() << "no Event in the document";
}

TEST_F(EventsOfBothGroups, ListsSelectionsAndTables) {
  post(kEvents, event("e1"));
  Json other = event("e2");
  other.member("regarding").set("name", "db");
  post(kEvents, other);
  Answered list = get(kEvents);
  EXPECT_EQ(list.body["apiVersion"].as_string(), "events.k8s.io/v1");
  EXPECT_EQ(list.body["items"][0]["regarding"]["name"].as_string(), "web");
  EXPECT_EQ(
      get(kEvents + "?fieldSelector=regarding.name%3Ddb,reason%3DScaled").body["items"].size(), 1U);
  EXPECT_EQ(
      get(kCoreEvents + "?fieldSelector=source%3Dclickdeploy.io/controller").body["items"].size(),
      2U);
  Answered table = get("/apis/events.k8s.io/v1/events?includeObject=Object",
                       {{"Accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}});
  EXPECT_EQ(table.body["rows"][0]["object"]["note"].as_string(), "now 3 copies");
}

TEST_F(EventsOfBothGroups, PatchesInTheirOwnWords) {
  post(kEvents, event("e1"));
  Answered merged = merge(kEvents + "/e1", Json::object({{"note", "now 4 copies"}}));
  EXPECT_EQ(merged.body["note"].as_string(), "now 4 copies");
  Answered patched = patch(kEvents + "/e1", "json-patch+json",
                           R"([{"op":"replace","path":"/series/count","value":5},)"
                           R"({"op":"replace","path":"/regarding/uid","value":"u"},)"
                           R"({"op":"test","path":"/note","value":"now 4 copies"}])");
  EXPECT_EQ(patched.status, 422);
  patched = patch(kEvents + "/e1", "json-patch+json",
                  R"([{"op":"add","path":"/regarding/uid","value":"u"}])");
  EXPECT_EQ(patched.body["regarding"]["uid"].as_string(), "u");
}

TEST_F(EventsOfBothGroups, WatchesShowTheirOwnForm) {
  OpenWatch open = watch(kEvents + "?watch=true");
  post(kCoreEvents, Json::object({{"apiVersion", "v1"},
                                  {"kind", "Event"},
                                  {"metadata", Json::object({{"name", "e3"}})},
                                  {"involvedObject", Json::object({{"namespace", "default"}})},
                                  {"message", "hello"}}));
  const Json seen = open.next();
  EXPECT_EQ(seen["type"].as_string(), "ADDED");
  EXPECT_EQ(seen["object"]["note"].as_string(), "hello");
  EXPECT_EQ(seen["object"]["apiVersion"].as_string(), "events.k8s.io/v1");
}

TEST_F(EventsOfBothGroups, RefusalsNameTheGroup) {
  Answered missing = get(kEvents + "/nope");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.message(), "events.events.k8s.io \"nope\" not found");
  EXPECT_EQ(missing.body["details"]["group"].as_string(), "events.k8s.io");
  EXPECT_EQ(get("/apis/events.k8s.io/v1/namespaces/default/secrets").text, "404 page not found\n");
  EXPECT_EQ(get("/apis/events.k8s.io/v1/namespaces").status, 404);
  Json wrong = event("e1");
  wrong.set("apiVersion", "v2");
  EXPECT_EQ(post(kEvents, wrong).status, 400);
}

}  // namespace
}  // namespace clickdeploy::apiserver
