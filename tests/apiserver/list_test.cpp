#include "tests/apiserver/server_fixture.h"

#include <gmock/gmock.h>

namespace clickdeploy::apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> names(const Json& list) {
  std::vector<std::string> result;
  for (const Json& item : list["items"].as_array()) {
    result.push_back(item["metadata"]["name"].as_string());
  }
  return result;
}

const std::string kUrl(kServices);
constexpr const char* kTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

class List : public ServerTest {
 protected:
  void make(const std::string& name, const std::string& label) {
    make_service(name, Json::object({{"labels", Json::object({{"l", label}})}}));
  }
};

TEST_F(List, HoldsWholeObjectsInOrderAtTheStoresVersion) {
  EXPECT_TRUE(get(kUrl).body["items"].is_array());
  const Json b = make_service("b");
  const Json a = make_service("a");
  post(std::string(kConfigMaps), config_map("c"));
  Answered list = get(kUrl);
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(list.body["kind"].as_string(), "ServiceList");
  EXPECT_EQ(list.body["apiVersion"].as_string(), "clickdeploy.io/v1alpha1");
  EXPECT_EQ(list.body["items"], Json::array({a, b}));
  EXPECT_EQ(list.revision(), std::to_string(store_->revision()));
  EXPECT_TRUE(names(get("/apis/clickdeploy.io/v1alpha1/namespaces/none/services").body).empty());
  EXPECT_THAT(names(get("/apis/clickdeploy.io/v1alpha1/services").body), ElementsAre("a", "b"));
}

TEST_F(List, SelectsByLabelsAndFields) {
  make("a", "x");
  make("b", "y");
  make_service("c");
  EXPECT_THAT(names(get(kUrl + "?labelSelector=l%3Dx").body), ElementsAre("a"));
  EXPECT_THAT(names(get(kUrl + "?labelSelector=l!%3Dx").body), ElementsAre("b", "c"));
  EXPECT_THAT(names(get(kUrl + "?labelSelector=l+in+(x,y)").body), ElementsAre("a", "b"));
  EXPECT_THAT(names(get(kUrl + "?fieldSelector=metadata.name%3Db").body), ElementsAre("b"));
  EXPECT_THAT(
      names(get(kUrl + "?fieldSelector=metadata.name!%3Db,metadata.namespace%3Ddefault").body),
      ElementsAre("a", "c"));
}

TEST_F(List, SelectsEventsByWhatTheyAreAbout) {
  for (const char* name : {"one", "two"}) {
    Json event = Json::object({{"apiVersion", "v1"}, {"kind", "Event"}, {"reason", name}});
    event.set("metadata", Json::object({{"name", name}}));
    event.set("involvedObject", Json::object({{"kind", "Service"}, {"name", name}}));
    ASSERT_EQ(post("/api/v1/namespaces/default/events", event).status, 201);
  }
  EXPECT_THAT(names(get("/api/v1/namespaces/default/events?fieldSelector="
                        "involvedObject.kind%3DService,involvedObject.name%3Dtwo")
                        .body),
              ElementsAre("two"));
  EXPECT_THAT(names(get("/api/v1/events?fieldSelector=reason%3Done").body), ElementsAre("one"));
}

TEST_F(List, RefusesBadQueriesInKubernetesWords) {
  struct Row {
    std::string query;
    int status;
    std::string message;
  };
  for (const Row& row : std::vector<Row>{
           {"limit=abc", 400, "strconv.ParseInt: parsing \"abc\": invalid syntax"},
           {"limit=9999999999999999999", 400,
            "strconv.ParseInt: parsing \"9999999999999999999\": value out of range"},
           {"labelSelector=a%20b", 400,
            "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"},
           {"fieldSelector=spec.image%3Dx", 400, "field label not supported: spec.image"},
           {"fieldSelector=x", 400, "invalid selector: 'x'; can't understand 'x'"},
           {"resourceVersion=abc", 500,
            "resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid "
            "syntax"},
           {"resourceVersionMatch=Exact", 422,
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: "
            "resourceVersionMatch is forbidden unless resourceVersion is provided"},
           {"resourceVersion=0&resourceVersionMatch=Exact", 422,
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: "
            "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""},
           {"resourceVersion=1&resourceVersionMatch=Foo", 422,
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Unsupported value: "
            "\"Foo\": supported values: \"Exact\", \"NotOlderThan\", \"\""},
           {"resourceVersion=99999&resourceVersionMatch=Exact", 500,
            "etcdserver: mvcc: required revision is a future revision"},
           {"resourceVersion=99999", 504,
            "Timeout: Too large resource version: 99999, current: " +
                std::to_string(store_->revision())},
       }) {
    Answered answered = get(kUrl + "?" + row.query);
    EXPECT_EQ(answered.status, row.status) << row.query;
    EXPECT_EQ(answered.message(), row.message);
  }
  EXPECT_EQ(get(kUrl + "?whatever=1").status, 200);
}

TEST_F(List, PagesShowOneStateWhateverIsWrittenMeanwhile) {
  for (const char* name : {"a", "b", "c", "d", "e"}) make_service(name);
  Answered first = get(kUrl + "?limit=2");
  EXPECT_THAT(names(first.body), ElementsAre("a", "b"));
  EXPECT_EQ(first.body["metadata"]["remainingItemCount"].as_int(), 3);
  const std::string token = first.body["metadata"]["continue"].as_string();

  make_service("bb");
  remove(kUrl + "/d");
  merge(kUrl + "/c", Json::object({{"spec", Json::object({{"replicas", 9}})}}));

  Answered second = get(kUrl + "?limit=2&continue=" + token);
  EXPECT_THAT(names(second.body), ElementsAre("c", "d"));
  EXPECT_EQ(second.body["items"][0]["spec"]["replicas"].as_int(), 1);
  EXPECT_EQ(second.revision(), first.revision());
  Answered third =
      get(kUrl + "?limit=2&continue=" + second.body["metadata"]["continue"].as_string());
  EXPECT_THAT(names(third.body), ElementsAre("e"));
  EXPECT_FALSE(third.body["metadata"].contains("continue"));

  Answered both = get(kUrl + "?limit=2&resourceVersion=7&continue=" + token);
  EXPECT_EQ(both.status, 400);
  EXPECT_EQ(both.message(), "specifying resource version is not allowed when using continue");
  Answered bad = get(kUrl + "?continue=abc");
  EXPECT_EQ(bad.status, 400);
  EXPECT_THAT(bad.message(), HasSubstr("invalid continue token: continue key is not valid: "));
}

TEST_F(List, ShowsAnOlderStateOnRequest) {
  const Json a = make_service("a");
  const std::string then = a["metadata"]["resourceVersion"].as_string();
  make_service("b");
  EXPECT_THAT(names(get(kUrl + "?resourceVersionMatch=Exact&resourceVersion=" + then).body),
              ElementsAre("a"));
  EXPECT_THAT(names(get(kUrl + "?limit=5&resourceVersion=" + then).body), ElementsAre("a"));
  EXPECT_THAT(names(get(kUrl + "?resourceVersion=" + then).body), ElementsAre("a", "b"));
  EXPECT_THAT(names(get(kUrl + "?limit=5&resourceVersion=0").body), ElementsAre("a", "b"));
}

TEST_F(List, AnOldTokenIsExpiredAndBringsANewOne) {
  open({}, 4);
  for (const char* name : {"a", "b", "c"}) make_service(name);
  const std::string then = std::to_string(store_->revision());
  Answered first = get(kUrl + "?limit=1");
  for (int i = 0; i < 8; ++i) {
    post(std::string(kConfigMaps), config_map("c" + std::to_string(i)));
  }
  Answered old = get(kUrl + "?limit=1&continue=" + first.body["metadata"]["continue"].as_string());
  EXPECT_EQ(old.status, 410);
  EXPECT_EQ(old.body["reason"].as_string(), "Expired");
  EXPECT_THAT(old.message(), HasSubstr("The provided continue parameter is too old"));
  const std::string fresh = old.body["metadata"]["continue"].as_string();
  ASSERT_FALSE(fresh.empty());
  EXPECT_THAT(names(get(kUrl + "?continue=" + fresh).body), ElementsAre("b", "c"));

  Answered exact = get(kUrl + "?resourceVersionMatch=Exact&resourceVersion=" + then);
  EXPECT_EQ(exact.status, 410);
  EXPECT_EQ(exact.message(), "The resourceVersion for the provided list is too old.");
}

TEST_F(List, TableHasColumnsAndCells) {
  make("web", "x");
  Answered table = get(kUrl + "?limit=500", {{"Accept", kTable}});
  ASSERT_EQ(table.status, 200);
  EXPECT_EQ(table.body["kind"].as_string(), "Table");
  EXPECT_EQ(table.body["apiVersion"].as_string(), "meta.k8s.io/v1");
  EXPECT_EQ(table.body["columnDefinitions"][0]["name"].as_string(), "Name");
  EXPECT_EQ(table.body["columnDefinitions"][0]["format"].as_string(), "name");
  const Json& row = table.body["rows"][0];
  EXPECT_EQ(row["cells"][0].as_string(), "web");
  EXPECT_EQ(row["cells"][1].as_int(), 1);
  EXPECT_EQ(row["object"]["kind"].as_string(), "PartialObjectMetadata");
  EXPECT_EQ(row["object"]["metadata"]["labels"]["l"].as_string(), "x");
  EXPECT_EQ(table.revision(), std::to_string(store_->revision()));

  const http::Headers accept = {{"Accept", kTable}};
  EXPECT_TRUE(get(kUrl + "?includeObject=None", accept).body["rows"][0]["object"].is_null());
  EXPECT_TRUE(
      get(kUrl + "?includeObject=Object", accept).body["rows"][0]["object"].contains("spec"));
  Answered bad = get(kUrl + "?includeObject=Foo", accept);
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.message(),
            "Unable to convert to Table as requested: includeObject: Invalid value: \"Foo\": must "
            "be 'Metadata', 'Object', 'None', or empty");
  Answered one = get(kUrl + "/web", accept);
  EXPECT_EQ(one.body["rows"].size(), 1u);
}

TEST_F(List, PartialMetadataHasNothingElse) {
  make("web", "x");
  Answered list =
      get(kUrl, {{"Accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}});
  EXPECT_EQ(list.body["kind"].as_string(), "PartialObjectMetadataList");
  EXPECT_EQ(list.body["items"][0]["kind"].as_string(), "PartialObjectMetadata");
  EXPECT_FALSE(list.body["items"][0].contains("spec"));
  Answered one = get(kUrl + "/web",
                     {{"Accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}});
  EXPECT_EQ(one.body["metadata"]["name"].as_string(), "web");
  EXPECT_FALSE(one.body.contains("spec"));
}

TEST_F(List, ChoosesTheFirstAcceptedForm) {
  make_service("web");
  EXPECT_EQ(get(kUrl, {{"Accept", "application/vnd.kubernetes.protobuf,application/json"}}).status,
            200);
  EXPECT_EQ(get(kUrl, {{"Accept", "*/*"}}).body["kind"].as_string(), "ServiceList");
  Answered refused = get(kUrl, {{"Accept", "application/vnd.kubernetes.protobuf"}});
  EXPECT_EQ(refused.status, 406);
  EXPECT_EQ(refused.body["reason"].as_string(), "NotAcceptable");
  EXPECT_THAT(get(kUrl + "/web", {{"Accept", "application/yaml"}}).text,
              HasSubstr("kind: Service\n"));
  EXPECT_THAT(get(kUrl + "/web?pretty=true").text, HasSubstr("\n  \""));
  EXPECT_THAT(get(kUrl + "/web", {{"User-Agent", "curl/7.88"}}).text, HasSubstr("\n  \""));
  EXPECT_THAT(get("/apis/clickdeploy.io/v1alpha1", {{"User-Agent", "curl/7.88"}}).text,
              HasSubstr("\n  \""));
}

TEST_F(List, PrefersWhatTheClientPrefers) {
  make_service("web");
  const auto type = [this](const char* accept) {
    return get(kUrl + "/web", {{"Accept", accept}}).header("Content-Type");
  };
  EXPECT_EQ(type("application/yaml;q=0.5, application/json"), "application/json");
  EXPECT_EQ(type("application/json;q=0.5, application/yaml;q=0.9"), "application/yaml");
  EXPECT_EQ(type("*/*, application/yaml"), "application/yaml");
  EXPECT_EQ(type("application/*, application/yaml"), "application/yaml");
  EXPECT_EQ(type("text/html,application/xml;q=0.9,*/*;q=0.8"), "application/json");
  EXPECT_EQ(type("application/json, application/yaml"), "application/json");
}

TEST_F(List, FlagsAreReadAsKubernetesReadsThem) {
  make_service("web");
  for (const char* on : {"watch", "watch=", "watch=TRUE", "watch=yes"}) {
    EXPECT_EQ(watch(kUrl + "?" + on).next()["type"].as_string(), "ADDED") << on;
  }
  for (const char* off : {"watch=False", "watch=0"}) {
    EXPECT_EQ(get(kUrl + "?" + off).body["kind"].as_string(), "ServiceList") << off;
  }
}

TEST_F(List, WhoLooksForClusterServicesFindsNone) {
  const std::string url =
      "/apis/clickdeploy.io/v1alpha1/namespaces/kube-system/services?labelSelector="
      "kubernetes.io%2Fcluster-service%3Dtrue";
  Answered none = get(url);
  EXPECT_EQ(none.body["kind"].as_string(), "ServiceList");
  EXPECT_EQ(none.body["apiVersion"].as_string(), "v1");
  EXPECT_TRUE(none.body["items"].empty());
  // One of ours is what it is, whatever its label.
  ASSERT_EQ(post("/api/v1/namespaces",
                 Json::object({{"apiVersion", "v1"},
                               {"kind", "Namespace"},
                               {"metadata", Json::object({{"name", "kube-system"}})}}))
                .status,
            201);
  Json one = service("dns");
  one.member("metadata").set("labels", Json::object({{"kubernetes.io/cluster-service", "true"}}));
  one.member("metadata").set("namespace", "kube-system");
  ASSERT_EQ(post("/apis/clickdeploy.io/v1alpha1/namespaces/kube-system/services", one).status, 201);
  EXPECT_EQ(get(url).body["apiVersion"].as_string(), "clickdeploy.io/v1alpha1");
  EXPECT_EQ(get(url).body["items"].size(), 1U);
}

TEST_F(List, RefusalsHaveTheFormThatWasAskedFor) {
  const std::string absent = kUrl + "/absent";
  EXPECT_THAT(get(absent).text, Not(HasSubstr("\n ")));
  EXPECT_THAT(get(absent + "?pretty=1").text, HasSubstr("\n  \"code\": 404"));
  EXPECT_THAT(get(absent, {{"User-Agent", "curl/7.88"}}).text, HasSubstr("\n  \"code\": 404"));
  Answered yaml = get(absent, {{"Accept", "application/yaml"}});
  EXPECT_EQ(yaml.status, 404);
  EXPECT_EQ(yaml.header("Content-Type"), "application/yaml");
  EXPECT_THAT(yaml.text, HasSubstr("code: 404\n"));
  Answered watch = get(kUrl + "?watch=1", {{"Accept", "application/yaml"}});
  EXPECT_EQ(watch.status, 406);
  EXPECT_THAT(watch.text, HasSubstr("reason: NotAcceptable\n"));
  EXPECT_EQ(get(absent, {{"Accept", "text/plain"}}).header("Content-Type"), "application/json");
}

TEST_F(List, GetWaitsForAVersionOnlyForAWhile) {
  make_service("web");
  const SteadyTime before = context_.now();
  EXPECT_EQ(get(kUrl + "/web?resourceVersion=0").status, 200);
  Answered late = get(kUrl + "/web?resourceVersion=99999");
  EXPECT_EQ(late.status, 504);
  EXPECT_EQ(late.header("Retry-After"), "1");
  EXPECT_EQ(late.body["details"]["causes"][0]["reason"].as_string(), "ResourceVersionTooLarge");
  EXPECT_GE(context_.now() - before, std::chrono::seconds(3));
}

TEST_F(List, LargeAnswersAreCompressedForWhoTakesIt) {
  const std::string large(200 * 1024, 'x');
  post(std::string(kConfigMaps), config_map("large", large));
  post(std::string(kConfigMaps), config_map("small"));
  const http::Headers gzip = {{"Accept-Encoding", "gzip"}};
  Answered packed = get(std::string(kConfigMaps) + "/large", gzip);
  EXPECT_EQ(packed.header("Content-Encoding"), "gzip");
  EXPECT_LT(packed.text.size(), 10'000U);
  EXPECT_EQ(packed.text.substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(get(std::string(kConfigMaps) + "/large").body["data"]["key"].as_string(), large);
  EXPECT_EQ(get(std::string(kConfigMaps) + "/small", gzip).header("Content-Encoding"), "");
}

// Whoever asks for everything must not keep all others waiting while it is compressed.
TEST_F(List, VeryLargeAnswersAreSentAsTheyAre) {
  for (int i = 0; i < 5; ++i) {
    const std::string name = "large" + std::to_string(i);
    post(std::string(kConfigMaps), config_map(name, std::string(1000 * 1024, 'x')));
  }
  const http::Headers gzip = {{"Accept-Encoding", "gzip"}};
  const Answered plain = get(std::string(kConfigMaps), gzip);
  EXPECT_EQ(plain.header("Content-Encoding"), "");
  EXPECT_EQ(plain.body["items"].size(), 5u);
  EXPECT_EQ(get(std::string(kConfigMaps) + "?limit=2", gzip).header("Content-Encoding"), "gzip");
}

TEST_F(List, InitialEventsAreForWatches) {
  Answered refused = get(kUrl + "?sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.message(), HasSubstr("sendInitialEvents is forbidden for list"));
}

}  // namespace
}  // namespace clickdeploy::apiserver
