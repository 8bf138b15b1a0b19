#include "tests/apiserver/server_fixture.h"

#include <gmock/gmock.h>

namespace clickdeploy::apiserver {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Discovery : public ServerTest {
 protected:
  static const Json& named(const Json& list, std::string_view key, std::string_view name) {
    static const Json none;
    for (const Json& item : list.as_array()) {
      if (item[key].as_string() == name) return item;
    }
    return none;
  }
};

constexpr const char* kV2 =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
constexpr const char* kV2Beta1 =
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

TEST_F(Discovery, LegacyFormNamesGroupsAndResources) {
  EXPECT_EQ(get("/api").body["versions"], Json::array({"v1"}));
  const Json groups = get("/apis").body;
  EXPECT_EQ(groups["kind"].as_string(), "APIGroupList");
  EXPECT_EQ(groups["groups"][0]["name"].as_string(), "clickdeploy.io");
  EXPECT_EQ(get("/apis/clickdeploy.io").body["preferredVersion"]["version"].as_string(),
            "v1alpha1");
  const Json resources = get("/apis/clickdeploy.io/v1alpha1").body["resources"];
  const Json& services = named(resources, "name", "services");
  EXPECT_EQ(services["kind"].as_string(), "Service");
  EXPECT_EQ(services["shortNames"], Json::array({"csvc"}));
  EXPECT_TRUE(services["namespaced"].as_bool());
  EXPECT_EQ(named(resources, "name", "services/scale")["group"].as_string(), "autoscaling");
  EXPECT_EQ(named(resources, "name", "services/status")["kind"].as_string(), "Service");
  const Json core = get("/api/v1").body["resources"];
  EXPECT_FALSE(named(core, "name", "namespaces")["namespaced"].as_bool(true));
}

TEST_F(Discovery, AggregatedFormAnswersInTheVersionAskedFor) {
  Answered v2 = get("/apis", {{"Accept", kV2}});
  EXPECT_EQ(v2.header("Content-Type"),
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  EXPECT_EQ(v2.header("Vary"), "Accept");
  EXPECT_EQ(v2.body["apiVersion"].as_string(), "apidiscovery.k8s.io/v2");
  const Json& version = v2.body["items"][0]["versions"][0];
  EXPECT_EQ(version["version"].as_string(), "v1alpha1");
  EXPECT_EQ(version["freshness"].as_string(), "Current");
  const Json& services = named(version["resources"], "resource", "services");
  EXPECT_EQ(services["scope"].as_string(), "Namespaced");
  EXPECT_EQ(services["subresources"].size(), 2u);

  Answered beta = get("/apis", {{"Accept", kV2Beta1}});
  EXPECT_EQ(beta.header("Content-Type"),
            "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList");
  EXPECT_EQ(beta.body["apiVersion"].as_string(), "apidiscovery.k8s.io/v2beta1");
  EXPECT_EQ(beta.header("ETag"), v2.header("ETag"));

  Answered same = get("/apis", {{"Accept", kV2}, {"If-None-Match", v2.header("ETag")}});
  EXPECT_EQ(same.status, 304);
  EXPECT_TRUE(same.text.empty());
  EXPECT_EQ(get("/apis", {{"Accept", "application/json"}}).body["kind"].as_string(),
            "APIGroupList");
  EXPECT_EQ(get("/api", {{"Accept", kV2}}).body["items"][0]["versions"][0]["version"].as_string(),
            "v1");
}

TEST_F(Discovery, WhatCannotBeServedIsNotAcceptable) {
  const std::string only = "application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList";
  EXPECT_EQ(get("/apis", {{"Accept", only}}).status, 406);
  EXPECT_EQ(get("/apis", {{"Accept", only + ",application/json"}}).body["kind"].as_string(),
            "APIGroupList");
}

TEST_F(Discovery, TheRootNamesWhereOneCanBegin) {
  const Json root = get("/").body;
  std::vector<std::string> paths;
  for (const Json& path : root["paths"].as_array()) paths.push_back(path.as_string());
  for (const char* path : {"/api/v1", "/apis/clickdeploy.io/v1alpha1", "/openapi/v3", "/readyz"}) {
    EXPECT_THAT(paths, ::testing::Contains(path));
  }
}

TEST_F(Discovery, OpenApiDocumentsAreNamedByTheirHash) {
  const Json root = get("/openapi/v3").body;
  const std::string url =
      root["paths"]["apis/clickdeploy.io/v1alpha1"]["serverRelativeURL"].as_string();
  ASSERT_THAT(url, StartsWith("/openapi/v3/apis/clickdeploy.io/v1alpha1?hash="));
  EXPECT_TRUE(root["paths"].contains("api/v1"));
  Answered document = get(url + "&timeout=32s");
  EXPECT_EQ(document.status, 200);
  EXPECT_EQ(document.header("Cache-Control"), "public, immutable");
  EXPECT_THAT(document.header("Expires"), AllOf(HasSubstr("Nov 2027"), HasSubstr("GMT")));
  EXPECT_EQ(document.body["openapi"].as_string(), "3.0.0");
  EXPECT_EQ(url.substr(url.find('=') + 1), document.header("ETag").substr(1, 64));

  Answered old = get("/openapi/v3/apis/clickdeploy.io/v1alpha1?hash=OLD");
  EXPECT_EQ(old.status, 301);
  EXPECT_EQ(old.header("Location"), url);
  EXPECT_EQ(get("/openapi/v3/apis/clickdeploy.io/v1alpha1").header("Cache-Control"),
            "no-cache, private");
  EXPECT_EQ(get("/openapi/v3/apis/no.such/v1").status, 404);
  EXPECT_EQ(get(url, {{"If-None-Match", document.header("ETag")}}).status, 304);
}

TEST_F(Discovery, OpenApiDocumentsAreCompressedOnce) {
  const auto ask = [this](const char* path, http::Headers headers) {
    http::Request request;
    request.method = "GET";
    request.url = path;
    request.headers = std::move(headers);
    return run(server_->handle(std::move(request)));
  };
  for (const char* path : {"/openapi/v2", "/openapi/v3/apis/clickdeploy.io/v1alpha1"}) {
    SCOPED_TRACE(path);
    const http::Reply plain = ask(path, {});
    ASSERT_NE(plain.shared, nullptr);
    EXPECT_EQ(http::find_header(plain.response.headers, "Content-Encoding"), nullptr);
    const http::Reply packed = ask(path, {{"Accept-Encoding", "gzip"}});
    const http::Reply again = ask(path, {{"Accept-Encoding", "gzip"}});
    EXPECT_EQ(again.shared, packed.shared) << "the same bytes, not made anew";
    const bool large = plain.shared->size() >= std::size_t{128} * 1024;
    EXPECT_EQ(http::find_header(packed.response.headers, "Content-Encoding") != nullptr, large);
    EXPECT_EQ(packed.shared->starts_with("\x1f\x8b"), large);
  }
  EXPECT_GE(ask("/openapi/v2", {}).shared->size(), std::size_t{128} * 1024);
}

TEST_F(Discovery, OpenApiVersionTwoIsServedInJsonAndInProtobuf) {
  Answered json = get("/openapi/v2");
  EXPECT_EQ(json.header("Content-Type"), "application/json");
  EXPECT_EQ(json.body["swagger"].as_string(), "2.0");
  EXPECT_TRUE(json.body["definitions"].contains("io.clickdeploy.v1alpha1.Service"));
  Answered protobuf = get(
      "/openapi/v2", {{"Accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"}});
  EXPECT_EQ(protobuf.header("Content-Type"),
            "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
  EXPECT_THAT(protobuf.text, StartsWith("\x0a\x03"
                                        "2.0"));
  EXPECT_EQ(protobuf.header("ETag"), json.header("ETag"));
  Answered known = get("/openapi/v2", {{"If-None-Match", json.header("ETag")}});
  EXPECT_EQ(known.status, 304);
  EXPECT_TRUE(known.text.empty());
}

TEST_F(Discovery, HealthAndVersion) {
  for (const char* path : {"/healthz", "/livez", "/readyz", "/readyz/ping"}) {
    Answered answered = get(path);
    EXPECT_EQ(answered.status, 200) << path;
    EXPECT_EQ(answered.text, "ok");
    EXPECT_EQ(answered.header("Content-Type"), "text/plain; charset=utf-8");
  }
  EXPECT_EQ(get("/readyz?verbose").text, "[+]ping ok\n[+]store ok\nreadyz check passed\n");
  EXPECT_EQ(get("/livez?verbose").text, "[+]ping ok\nlivez check passed\n");
  EXPECT_EQ(get("/readyz?verbose&exclude=store").text,
            "[+]ping ok\n[+]store excluded: ok\nreadyz check passed\n");
  EXPECT_THAT(get("/readyz?verbose&exclude=x").text, HasSubstr("no matches for \"x\""));
  EXPECT_THAT(get("/version?timeout=32s").body["gitVersion"].as_string(), StartsWith("v1.32."));
}

TEST_F(Discovery, WhatMeansNothingIsAPlain404) {
  for (const char* path :
       {"/nothing", "/apis/no.such/v1", "/apis/clickdeploy.io/v2",
        "/apis/clickdeploy.io/v1alpha1/nothing", "/api/v1/namespaces/a/b/c/d/e",
        "/apis/clickdeploy.io/v1alpha1/services/web", "/openapi", "/readyz/x",
        "/api/v1/namespaces/default/pods", "/api/v1/namespaces/a/configmaps/b/c"}) {
    Answered answered = get(path);
    EXPECT_EQ(answered.status, 404) << path;
    EXPECT_EQ(answered.text, "404 page not found\n");
    EXPECT_EQ(answered.header("Content-Type"), "text/plain; charset=utf-8");
  }
  EXPECT_EQ(post("/apis/clickdeploy.io/v1alpha1/services", service("a")).text,
            "404 page not found\n");
  EXPECT_EQ(get("/api/v1/%zz").status, 400);
}

TEST_F(Discovery, MethodsThatAPathDoesNotHaveAreRefused) {
  http::Request request;
  request.method = "OPTIONS";
  request.url = kServices;
  Answered answered = send(std::move(request));
  EXPECT_EQ(answered.status, 405);
  EXPECT_EQ(answered.message(),
            " is not supported on resources of kind \"services.clickdeploy.io\"");
  EXPECT_EQ(post(std::string(kServices) + "/web/status", service("web")).message(),
            "create is not supported on resources of kind \"services.clickdeploy.io\"");
  http::Request head;
  head.method = "HEAD";
  head.url = std::string(kServices) + "?limit=1";
  Answered bare = send(std::move(head));
  EXPECT_EQ(bare.status, 200);
  EXPECT_TRUE(bare.text.empty());
  EXPECT_FALSE(bare.header("X-Kubernetes-Pf-Flowschema-Uid").empty());
}

TEST_F(Discovery, EachAnswerHasANameForLogs) {
  const std::string first = get("/healthz").header("Audit-Id");
  const std::string second = get(std::string(kServices)).header("Audit-Id");
  EXPECT_EQ(first.size(), 36U);
  EXPECT_EQ(second.size(), 36U);
  EXPECT_NE(first, second);
  EXPECT_EQ(get("/nothing", {{"Audit-ID", "mine-1"}}).header("Audit-Id"), "mine-1");
}

TEST_F(Discovery, ReviewsAllowEverything) {
  const std::string url = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  Json review = Json::object({{"apiVersion", "authorization.k8s.io/v1"},
                              {"kind", "SelfSubjectAccessReview"},
                              {"spec", Json::object()}});
  Answered answered = post(url, review);
  EXPECT_EQ(answered.status, 201);
  EXPECT_TRUE(answered.body["status"]["allowed"].as_bool());
  EXPECT_EQ(get(url).status, 405);
  EXPECT_EQ(post(url, Json::object()).status, 201);  // typed clients leave the kind out
  review.set("kind", "Secret");
  EXPECT_EQ(post(url, review).status, 400);
  EXPECT_EQ(post(url, Json::array()).status, 400);
}

TEST_F(Discovery, WhoImpersonatesSomebodyIsThatUser) {
  http::Request request;
  request.method = "POST";
  request.url = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  request.body = R"({"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"})";
  EXPECT_EQ(send(request).body["status"]["userInfo"]["username"].as_string(), "system:anonymous");
  request.headers = {{"Impersonate-User", "ann"},
                     {"Impersonate-Group", "dev"},
                     {"Impersonate-Group", "ops"},
                     {"Impersonate-Uid", "7"}};
  EXPECT_EQ(send(request).body["status"]["userInfo"], *parse_json(R"({"username":"ann","uid":"7",
                            "groups":["dev","ops","system:authenticated"]})"));
}

TEST_F(Discovery, CountsWhatWasAsked) {
  make_service("web");
  get(std::string(kServices) + "/web");
  get(std::string(kServices) + "/nope");
  get(kServices.data());
  merge(std::string(kServices) + "/web/status", Json::object());
  std::vector<std::string> texts;
  for (const RequestCount& one : server_->request_counts()) {
    if (one.resource != "services") continue;
    texts.push_back(one.verb + " " + one.subresource + " " + std::to_string(one.code) + " " +
                    std::to_string(one.count));
  }
  EXPECT_THAT(texts, ::testing::ElementsAre("GET  200 1", "GET  404 1", "LIST  200 1",
                                            "POST  201 1", "PATCH status 200 1"));
}

}  // namespace
}  // namespace clickdeploy::apiserver
