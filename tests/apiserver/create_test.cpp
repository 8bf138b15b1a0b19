#include "tests/apiserver/server_fixture.h"

#include <gmock/gmock.h>

namespace clickdeploy::apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Create : public ServerTest {};

TEST_F(Create, FillsInWhatTheServerKnows) {
  Answered made = post(std::string(kServices), service("web", 2));
  ASSERT_EQ(made.status, 201) << made.text;
  const Json& metadata = made.body["metadata"];
  EXPECT_EQ(metadata["name"].as_string(), "web");
  EXPECT_EQ(metadata["namespace"].as_string(), "default");
  EXPECT_EQ(metadata["generation"].as_int(), 1);
  EXPECT_EQ(metadata["uid"].as_string().size(), 36u);
  EXPECT_THAT(metadata["creationTimestamp"].as_string(), StartsWith("2026-11-22T00:00:0"));
  EXPECT_FALSE(made.revision().empty());
  EXPECT_EQ(made.body["spec"]["rollout"]["maxSurge"].as_int(), 1) << "defaults are applied";

  Answered read = get(std::string(kServices) + "/web");
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(read.body, made.body);
}

TEST_F(Create, TakesNothingThatIsTheServersFromTheClient) {
  Json object = service("web");
  Json& metadata = object.member("metadata");
  metadata.set("uid", "u");
  metadata.set("creationTimestamp", "2000-01-01T00:00:00Z");
  metadata.set("generation", 77);
  metadata.set("deletionTimestamp", "2000-01-01T00:00:00Z");
  metadata.set("selfLink", "/x");
  metadata.set("managedFields", Json::array({Json::object({{"manager", "me"}})}));
  object.set("status", Json::object({{"replicas", 5}}));
  Answered made = post(std::string(kServices), object);
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_NE(made.body["metadata"]["uid"].as_string(), "u");
  EXPECT_EQ(made.body["metadata"]["generation"].as_int(), 1);
  EXPECT_FALSE(made.body["metadata"].contains("deletionTimestamp"));
  EXPECT_FALSE(made.body["metadata"].contains("selfLink"));
  EXPECT_EQ(made.body["metadata"]["managedFields"].size(), 1U);
  EXPECT_EQ(made.body["metadata"]["managedFields"][0]["manager"].as_string(), "unknown");
  EXPECT_THAT(made.body["metadata"]["creationTimestamp"].as_string(), StartsWith("2026-11-22"));
  EXPECT_FALSE(made.body.contains("status"));
}

TEST_F(Create, GeneratesANameFromAPrefix) {
  Json object = service("");
  object.member("metadata").set("generateName", "web-");
  object.member("metadata").erase("name");
  Answered first = post(std::string(kServices), object);
  Answered second = post(std::string(kServices), object);
  ASSERT_EQ(first.status, 201) << first.text;
  ASSERT_EQ(second.status, 201) << second.text;
  const std::string name = first.body["metadata"]["name"].as_string();
  EXPECT_THAT(name, StartsWith("web-"));
  EXPECT_EQ(name.size(), 9u);
  EXPECT_NE(name, second.body["metadata"]["name"].as_string());
}

struct Refusal {
  std::string name;
  std::string url;
  std::string type;
  std::string body;
  int status;
  std::string reason;
  std::string message;  // the whole of it, or its beginning if it ends in "…"
};

TEST_F(Create, RefusesBadBodiesInKubernetesWords) {
  make_service("web");
  const std::string good = to_json(service("e1"));
  auto with = [&good](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  const std::string url(kServices);
  const std::vector<Refusal> table = {
      {"cut off", url, "application/json", R"({"apiVersion":)", 400, "BadRequest",
       "the object provided is unrecognized (must be of type Service): couldn't get version/kind; "
       "json parse error: unexpected end of JSON input ({\"apiVersion\":)"},
      {"empty", url, "application/json", "", 400, "BadRequest",
       "the object provided is unrecognized (must be of type Service): couldn't get version/kind; "
       "json parse error: unexpected end of JSON input (<empty>)"},
      {"no object", url, "application/json", "[1]", 400, "BadRequest",
       "the object provided is unrecognized (must be of type Service): couldn't get version/kind; "
       "json parse error: …"},
      {"no kind", url, "application/json", "{}", 400, "BadRequest",
       "the object provided is unrecognized (must be of type Service): Object 'Kind' is missing in "
       "'{}' ({})"},
      {"media type", url, "text/plain", "x", 415, "UnsupportedMediaType",
       "the body of the request was in an unknown format - accepted media types include: "
       "application/json, application/yaml, application/vnd.kubernetes.protobuf"},
      {"version", url, "application/json", with("clickdeploy.io/v1alpha1", "clickdeploy.io/v1"),
       400, "BadRequest",
       "the API version in the data (clickdeploy.io/v1) does not match the expected API version "
       "(clickdeploy.io/v1alpha1)"},
      {"kind", url, "application/json", with("\"Service\"", "\"Gadget\""), 422, "Invalid",
       "Gadget.clickdeploy.io \"e1\" is invalid: kind: Invalid value: \"Gadget\": must be "
       "Service"},
      {"resourceVersion", url, "application/json",
       with(R"("name":"e1")", R"("name":"e1","resourceVersion":"5")"), 500, "",
       "resourceVersion should not be set on objects to be created"},
      {"namespace", url, "application/json",
       with(R"("name":"e1")", R"("name":"e1","namespace":"other")"), 400, "BadRequest",
       "the namespace of the provided object does not match the namespace sent on the request"},
      {"no namespace", "/apis/clickdeploy.io/v1alpha1/namespaces/nosuch/services",
       "application/json", good, 404, "NotFound", "namespaces \"nosuch\" not found"},
      {"exists", url, "application/json", with("\"e1\"", "\"web\""), 409, "AlreadyExists",
       "services.clickdeploy.io \"web\" already exists"},
      {"bad name", url, "application/json", with("\"e1\"", "\"E_1\""), 422, "Invalid",
       "Service.clickdeploy.io \"E_1\" is invalid: metadata.name: Invalid value: \"E_1\": a "
       "lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
       "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
       "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"},
      {"label type", url, "application/json",
       with(R"("name":"e1")", R"("labels":{"a":1},"name":"e1")"), 400, "BadRequest",
       "Service in version \"v1alpha1\" cannot be handled as a Service: json: cannot unmarshal "
       "number into Go struct field ObjectMeta.labels of type string"},
      {"maximum", url, "application/json", with(R"("replicas":1)", R"("replicas":2000)"), 422,
       "Invalid", "Service.clickdeploy.io \"e1\" is invalid: …"},
      {"strict", url + "?fieldValidation=Strict", "application/json",
       with(R"("name":"e1"},)", R"("bogusmeta":1,"name":"e1"},"extra":1,)"), 400, "BadRequest",
       "Service in version \"v1alpha1\" cannot be handled as a Service: strict decoding error: "
       "unknown field \"metadata.bogusmeta\", unknown field \"extra\""},
      {"duplicate", url + "?fieldValidation=Strict", "application/json",
       with(R"("replicas":1)", R"("replicas":1,"replicas":2)"), 400, "BadRequest",
       "Service in version \"v1alpha1\" cannot be handled as a Service: strict decoding error: "
       "duplicate field \"spec.replicas\""},
      {"fieldValidation", url + "?fieldValidation=Maybe", "application/json", good, 422, "Invalid",
       "CreateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: \"Maybe\": "
       "supported values: \"\", \"Ignore\", \"Strict\", \"Warn\""},
      {"dryRun", url + "?dryRun=Some", "application/json", good, 422, "Invalid",
       "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: []string{\"Some\"}: "
       "supported values: \"All\""},
      {"too large", url, "application/json", std::string(3 * 1024 * 1024 + 1, 'x'), 413,
       "RequestEntityTooLarge", "Request entity too large: limit is 3145728"},
  };
  const store::Revision before = store_->revision();
  for (const Refusal& row : table) {
    SCOPED_TRACE(row.name);
    http::Request request;
    request.method = "POST";
    request.url = row.url;
    request.headers = {{"Content-Type", row.type}};
    request.body = row.body;
    Answered answered = send(std::move(request));
    EXPECT_EQ(answered.status, row.status);
    EXPECT_EQ(answered.body["kind"].as_string(), "Status");
    EXPECT_EQ(answered.body["code"].as_int(), row.status);
    EXPECT_EQ(answered.body["reason"].as_string(), row.reason);
    if (row.message.ends_with("…")) {
      const std::string start = row.message.substr(0, row.message.size() - 3);
      EXPECT_THAT(answered.message(), StartsWith(start));
    } else {
      EXPECT_EQ(answered.message(), row.message);
    }
  }
  EXPECT_EQ(store_->revision(), before) << "a refusal writes nothing";
}

TEST_F(Create, TellsEachInvalidFieldAsACause) {
  Answered answered = post(std::string(kServices), service("e1", -1));
  ASSERT_EQ(answered.status, 422);
  const Json& details = answered.body["details"];
  EXPECT_EQ(details["kind"].as_string(), "Service");
  EXPECT_EQ(details["group"].as_string(), "clickdeploy.io");
  EXPECT_EQ(details["causes"][0]["reason"].as_string(), "FieldValueInvalid");
  EXPECT_EQ(details["causes"][0]["field"].as_string(), "spec.replicas");
  EXPECT_EQ(details["causes"][0]["message"].as_string(),
            "Invalid value: -1: spec.replicas in body should be greater than or equal to 0");
}

TEST_F(Create, WarnsOfUnknownFieldsByDefaultAndDropsThem) {
  Json object = service("e1");
  object.set("extra", 1);
  object.member("spec").set("bogus", 1);
  Answered warned = post(std::string(kServices), object);
  ASSERT_EQ(warned.status, 201) << warned.text;
  EXPECT_THAT(warned.warnings(), ElementsAre("299 - \"unknown field \\\"extra\\\"\"",
                                             "299 - \"unknown field \\\"spec.bogus\\\"\""));
  EXPECT_FALSE(warned.body.contains("extra"));
  EXPECT_FALSE(warned.body["spec"].contains("bogus"));

  object.member("metadata").set("name", "e2");
  Answered silent = post(std::string(kServices) + "?fieldValidation=Ignore", object);
  ASSERT_EQ(silent.status, 201);
  EXPECT_TRUE(silent.warnings().empty());
}

std::size_t bytes_of(const std::vector<std::string>& texts) {
  std::size_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size();
  return bytes;
}

TEST_F(Create, WarningsStaySmallHoweverManyThereAre) {
  Json object = config_map("fields");
  for (int i = 0; i < 5000; ++i) object.set("unknown" + std::to_string(i), i);
  Answered many = post(std::string(kConfigMaps), object);
  ASSERT_EQ(many.status, 201) << many.text;
  ASSERT_GT(many.warnings().size(), 10u);
  EXPECT_LT(bytes_of(many.warnings()), 8u * 1024);
  const std::string rest = std::to_string(5000 - (many.warnings().size() - 1));
  EXPECT_EQ(many.warnings().back(), "299 - \"… and " + rest + " more\"");

  Json names = Json::array();
  for (int i = 0; i < 1000; ++i) names.push_back("odd-" + std::to_string(i));
  object = config_map("finalizers");
  object.member("metadata").set("finalizers", std::move(names));
  Answered odd = post(std::string(kConfigMaps), object);
  ASSERT_EQ(odd.status, 201) << odd.text;
  EXPECT_GT(odd.warnings().size(), 1u);
  EXPECT_LT(bytes_of(odd.warnings()), 8u * 1024);
}

TEST_F(Create, WarnsOfAFinalizerWithoutADomain) {
  Json object = service("e1");
  object.member("metadata").set("finalizers", Json::array({"short"}));
  Answered answered = post(std::string(kServices), object);
  ASSERT_EQ(answered.status, 201);
  ASSERT_EQ(answered.warnings().size(), 1u);
  EXPECT_THAT(answered.warnings()[0], HasSubstr("prefer a domain-qualified finalizer name"));
}

TEST_F(Create, DryRunWritesNothing) {
  const store::Revision before = store_->revision();
  Answered dry = post(std::string(kServices) + "?dryRun=All", service("web"));
  EXPECT_EQ(dry.status, 201) << dry.text;
  EXPECT_FALSE(dry.body["metadata"]["uid"].as_string().empty());
  EXPECT_FALSE(dry.body["metadata"].contains("resourceVersion"));
  EXPECT_EQ(store_->revision(), before);
  EXPECT_EQ(get(std::string(kServices) + "/web").status, 404);

  make_service("web");
  Answered taken = post(std::string(kServices) + "?dryRun=All", service("web"));
  EXPECT_EQ(taken.status, 409);
}

TEST_F(Create, ReadsAndWritesYaml) {
  http::Request request;
  request.method = "POST";
  request.url = kConfigMaps;
  request.headers = {{"Content-Type", "application/yaml"}, {"Accept", "application/yaml"}};
  request.body = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c1}\ndata: {a: 'x'}\n";
  Answered answered = send(std::move(request));
  EXPECT_EQ(answered.status, 201) << answered.text;
  EXPECT_EQ(answered.header("Content-Type"), "application/yaml");
  EXPECT_THAT(answered.text, HasSubstr("data:\n  a: x\n"));
}

TEST_F(Create, KeepsASecretsValuesOnlyInItsData) {
  const std::string applied =
      R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"k":"hunter2"}})";
  Json secret = Json::object({{"apiVersion", "v1"}, {"kind", "Secret"}});
  secret.set("stringData", Json::object({{"k", "hunter2"}}));
  secret.set("metadata",
             Json::object(
                 {{"name", "s"},
                  {"annotations", Json::object({{"kubectl.kubernetes.io/last-applied-configuration",
                                                 applied + "\n"}})}}));
  Answered made = post(std::string(kSecrets), secret);
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.body["data"]["k"].as_string(), "aHVudGVyMg==");
  EXPECT_FALSE(made.body.contains("stringData"));
  EXPECT_EQ(made.body["type"].as_string(), "Opaque");
  EXPECT_EQ(made.text.find("hunter2"), std::string::npos);
  EXPECT_THAT(
      made.body["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
          .as_string(),
      HasSubstr(R"("stringData":{"k":"***"})"));
}

TEST_F(Create, TheNameInThePathMeansNothing) {
  Answered made = post(std::string(kServices) + "/other", service("web"));
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.body["metadata"]["name"].as_string(), "web");
  EXPECT_EQ(post(std::string(kConfigMaps) + "/other", config_map("c")).status, 405);
}

}  // namespace
}  // namespace clickdeploy::apiserver
