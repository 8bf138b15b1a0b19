// The order of errors of a whole object, updates, and the status subresource.

#include "api/scheme.h"
#include "controller/base/text.h"
#include "tests/api/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::api {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kRulesNotChecked =
    "<nil>: Invalid value: \"null\": some validation rules were not checked because the object was "
    "invalid; correct the existing errors to complete validation";

const ResourceInfo& service_info() {
  return *builtin_scheme().find_by_name("csvc");
}

Json service() {
  Json object = parse_single_yaml(R"(
apiVersion: clickdeploy.io/v1alpha1
kind: Service
metadata: {name: web}
spec:
  cloudRef: {name: c}
  template: {spec: {image: {name: i}, flavors: [{name: f}], networks: [{name: a, network: {name: n}}]}}
)")
                    .value();
  apply_defaults(object, service_info().schema);
  return object;
}

std::vector<std::string> texts(const FieldErrors& errors) {
  std::vector<std::string> result;
  for (const FieldError& error : errors) result.push_back(to_string(error));
  return result;
}

TEST(ValidateObject, MetadataThenSchemaThenScaleThenDuplicatesThenTheNote) {
  Json object = service();
  object.member("spec").set("replicas", "two");
  Json& networks = object.member("spec").member("template").member("spec").member("networks");
  networks.push_back(networks[0]);
  const FieldErrors metadata = {required("metadata.name", "name or generateName is required")};
  EXPECT_THAT(
      texts(validate_object(service_info(), object, nullptr, WriteTarget::Object, metadata)),
      ElementsAre(
          "metadata.name: Required value: name or generateName is required",
          R"(spec.replicas: Invalid value: "string": spec.replicas in body must be of type )"
          R"(integer: "string")",
          ".spec.replicas: Invalid value: 0: .spec.replicas accessor error: two is of the "
          "type string, expected int64",
          "spec.template.spec.networks[1]: Duplicate value: map[string]interface "
          "{}{\"name\":\"a\"}",
          kRulesNotChecked));
}

TEST(ValidateObject, NegativeReplicasAreToldTwiceAsInKubernetes) {
  Json object = service();
  object.member("spec").set("replicas", -6);
  EXPECT_THAT(texts(validate_object(service_info(), object, nullptr)),
              ElementsAre("spec.replicas: Invalid value: -6: spec.replicas in body should be "
                          "greater than or equal to 0",
                          ".spec.replicas: Invalid value: -6: should be a non-negative integer"));
}

TEST(ValidateObject, RulesStillRunAfterAnErrorThatDoesNotBlockThem) {
  Json object = service();
  object.member("spec").set("replicas", 2000);
  object.member("spec").set("rollout", Json::object({{"maxSurge", 0}, {"maxUnavailable", 0}}));
  EXPECT_THAT(
      texts(validate_object(service_info(), object, nullptr)),
      ElementsAre("spec.replicas: Invalid value: 2000: spec.replicas in body should be less "
                  "than or equal to 1000",
                  "spec.rollout: Invalid value: \"object\": maxSurge and maxUnavailable may "
                  "not both be 0"));
}

TEST(ValidateObject, StatusIsJudgedOnlyWhenItIsWritten) {
  Json object = service();
  object.set("status",
             parse_json(R"({"conditions": [{"type": "Ready", "status": "Maybe"}]})").value());
  EXPECT_TRUE(validate_object(service_info(), object, nullptr).empty());
  EXPECT_THAT(texts(validate_object(service_info(), object, &object)), ElementsAre());
  const Json stored = service();
  EXPECT_THAT(texts(validate_object(service_info(), object, &stored, WriteTarget::Status)),
              ElementsAre("status.conditions[0].status: Unsupported value: \"Maybe\": supported "
                          "values: \"True\", \"False\", \"Unknown\"",
                          kRulesNotChecked));

  object.member("spec").set("replicas", -1);
  object.set("status", Json::object());
  EXPECT_TRUE(validate_object(service_info(), object, &stored, WriteTarget::Status).empty());
}

TEST(ValidateObject, AnImmutableSecretStaysAsItIs) {
  const ResourceInfo& info = *builtin_scheme().find_by_name("secrets");
  const Json old =
      parse_json(R"({"immutable": true, "type": "Opaque", "data": {"a": "YQ=="}})").value();
  EXPECT_TRUE(validate_object(info, old, &old).empty());
  Json changed = old;
  changed.member("data").set("a", "Yg==");
  changed.set("type", "other");
  EXPECT_THAT(texts(validate_object(info, changed, &old)),
              ElementsAre("type: Invalid value: \"other\": field is immutable",
                          "data: Forbidden: field is immutable when `immutable` is set"));
}

TEST(ValidateObject, TheFoldersOfAMetricsBackendStayWhereTheyAre) {
  const ResourceInfo& info = *builtin_scheme().find_by_name("metricsbackends");
  const Json old = parse_json(R"({"spec": {"url": "http://p:9090",
      "targets": {"directory": "/t"}, "rules": {"directory": "/r"}}})")
                       .value();
  EXPECT_TRUE(validate_object(info, old, &old).empty());
  Json changed = old;
  changed.member("spec").set("url", "http://other:9090");
  EXPECT_TRUE(validate_object(info, changed, &old).empty());
  changed.member("spec").member("targets").set("directory", "/t2");
  changed.member("spec").member("rules").set("directory", "/r2");
  const std::string why =
      ", and the files there would stay; make another MetricsBackend for another folder";
  EXPECT_THAT(texts(validate_object(info, changed, &old)),
              ElementsAre("spec.targets.directory: Invalid value: \"/t2\": field is immutable: it "
                          "was \"/t\"" +
                              why,
                          "spec.rules.directory: Invalid value: \"/r2\": field is immutable: it "
                          "was \"/r\"" +
                              why));
}

TEST(ValidateObject, AMetricsBackendThatHasOneFolderForBothCanStillGo) {
  const ResourceInfo& info = *builtin_scheme().find_by_name("metricsbackends");
  const Json old = parse_json(R"({"spec": {"url": "http://p:9090",
      "targets": {"directory": "/t"}, "rules": {"directory": "/t/"}}})")
                       .value();
  EXPECT_FALSE(validate_object(info, old, nullptr).empty());
  EXPECT_TRUE(validate_object(info, old, &old).empty());
}

TEST(Normalize, ANamespaceHasAPhaseAndItsNameAsALabel) {
  const ResourceInfo& info = *builtin_scheme().find_by_name("ns");
  Json object = parse_json(R"({"metadata": {"name": "shop"}})").value();
  info.normalize(object);
  EXPECT_EQ(object["status"]["phase"].as_string(), "Active");
  EXPECT_EQ(object["metadata"]["labels"]["kubernetes.io/metadata.name"].as_string(), "shop");
  object.member("metadata").set("deletionTimestamp", "2026-01-01T00:00:00Z");
  info.normalize(object);
  EXPECT_EQ(object["status"]["phase"].as_string(), "Terminating");
}

TEST(ValidateObject, AMillionFaultsAreNotAMillionMessages) {
  std::vector<JsonObject::Member> values;
  std::vector<JsonObject::Member> keys;
  for (int i = 0; i < 20'000; ++i) {
    values.emplace_back("a/" + std::to_string(i), i % 2 == 0 ? Json(1) : Json("!"));
    keys.emplace_back("a b" + std::to_string(i), "-");
  }
  const Json data = JsonObject::from_members(std::move(values));
  const Json labels = JsonObject::from_members(std::move(keys));
  for (const char* kind : {"Secret", "ConfigMap"}) {
    const Result<Admitted> admitted =
        admit(Json::object({{"apiVersion", "v1"},
                            {"kind", kind},
                            {"metadata", Json::object({{"name", "s"}, {"labels", labels}})},
                            {"data", data}}));
    ASSERT_TRUE(admitted);
    EXPECT_GE(admitted->errors.size(), kFieldErrorsMax);
    EXPECT_LE(admitted->errors.size(), 3 * kFieldErrorsMax);
  }
}

// Whatever comes in, rules answer; they never assume what the schema would have refused.
TEST(CrossFieldRules, TakeAnyJson) {
  const std::vector<std::string> values = {
      "null", "1", "\"x\"", "[]", "{}", "[1, [2]]", R"({"a": {"b": []}})"};
  for (const ResourceInfo& info : builtin_scheme().resources()) {
    if (!info.cross_field_rules) continue;
    SCOPED_TRACE(info.kind);
    for (const std::string& value : values) {
      Json object = Json::object();
      object.set("spec", parse_json(value).value());
      object.set("data", parse_json(value).value());
      info.cross_field_rules(object, &object);
      for (const char* part : {"template", "server", "agents", "scrape", "rules", "rollout", "url",
                               "serviceSelector", "allowedNamespaces", "targets"}) {
        Json spec = Json::object();
        spec.set(part, parse_json(value).value());
        object.set("spec", spec);
        info.cross_field_rules(object, nullptr);
      }
    }
  }
}

}  // namespace
}  // namespace clickdeploy::api
