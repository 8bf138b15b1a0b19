// The OpenAPI documents, as kubectl reads them.

#include "api/schema/openapi.h"

#include <gtest/gtest.h>

#include <set>

namespace clickdeploy::api {
namespace {

const Json& document() {
  static const Json json =
      parse_json(build_openapi(builtin_scheme(), "clickdeploy.io", "v1alpha1").bytes).value();
  return json;
}

TEST(OpenApi, SameSchemeGivesTheSameBytes) {
  const OpenApiDocument one = build_openapi(builtin_scheme(), "clickdeploy.io", "v1alpha1");
  const OpenApiDocument two = build_openapi(builtin_scheme(), "clickdeploy.io", "v1alpha1");
  EXPECT_EQ(one.bytes, two.bytes);
  EXPECT_EQ(one.hash, two.hash);
  EXPECT_EQ(one.hash.size(), 64U);
  EXPECT_NE(one.hash, build_openapi(builtin_scheme(), "", "v1").hash);
}

TEST(OpenApi, EachKindHasThePatchThatMakesKubectlLeaveValidationToTheServer) {
  for (const ResourceInfo& info : builtin_scheme().resources()) {
    SCOPED_TRACE(info.kind);
    if (info.read_only) continue;
    const Json json =
        parse_json(build_openapi(builtin_scheme(), info.group, info.version).bytes).value();
    bool found = false;
    for (const auto& [path, item] : json["paths"].as_object()) {
      const Json& patch = item["patch"];
      if (patch["x-kubernetes-group-version-kind"]["kind"].as_string() != info.kind) continue;
      EXPECT_EQ(patch["x-kubernetes-action"].as_string(), "patch");
      for (const Json& parameter : patch["parameters"].as_array()) {
        found = found || parameter["name"].as_string() == "fieldValidation";
      }
    }
    EXPECT_TRUE(found);
  }
}

TEST(OpenApi, PathsFollowScopeAndGroup) {
  EXPECT_TRUE(document()["paths"].contains(
      "/apis/clickdeploy.io/v1alpha1/namespaces/{namespace}/services/{name}"));
  const Json core = parse_json(build_openapi(builtin_scheme(), "", "v1").bytes).value();
  EXPECT_TRUE(core["paths"].contains("/api/v1/namespaces/{name}"));
  EXPECT_TRUE(core["paths"].contains("/api/v1/namespaces/{namespace}/secrets/{name}"));
}

std::set<std::string> parameters_of(const Json& operation) {
  std::set<std::string> names;
  for (const Json& one : operation["parameters"].as_array()) names.insert(one["name"].as_string());
  return names;
}

std::string answer_of(const Json& operation) {
  const std::string& reference =
      operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].as_string();
  return reference.substr(reference.rfind('.') + 1);
}

TEST(OpenApi, PathsSayWhatCanBeAskedForAndHow) {
  const Json& paths = document()["paths"];
  const std::string root = "/apis/clickdeploy.io/v1alpha1/";
  const std::string services = root + "namespaces/{namespace}/services";
  const Json& list = paths[services]["get"];
  EXPECT_TRUE(parameters_of(list).contains("labelSelector"));
  EXPECT_TRUE(parameters_of(list).contains("sendInitialEvents"));
  EXPECT_EQ(paths[services]["delete"]["x-kubernetes-action"].as_string(), "deletecollection");
  const Json& removal = paths[services + "/{name}"]["delete"];
  EXPECT_EQ(parameters_of(removal),
            (std::set<std::string>{"dryRun", "gracePeriodSeconds", "orphanDependents",
                                   "propagationPolicy"}));
  EXPECT_EQ(answer_of(removal), "Status");
  EXPECT_EQ(answer_of(paths[services + "/{name}/status"]["put"]), "Service");
  EXPECT_EQ(answer_of(paths[services + "/{name}/scale"]["patch"]), "Scale");
  EXPECT_FALSE(paths.contains(root + "namespaces/{namespace}/clouds/{name}/scale"));
  EXPECT_EQ(answer_of(paths[root + "services"]["get"]), "ServiceList");
  EXPECT_FALSE(paths[root + "services"].contains("post"));
}

TEST(OpenApi, OnlyKindsOfKubernetesOwnTakeStrategicPatches) {
  const std::string strategic = "application/strategic-merge-patch+json";
  const auto types = [](const Json& json, const std::string& path) {
    return json["paths"][path]["patch"]["requestBody"]["content"];
  };
  EXPECT_FALSE(types(document(),
                     "/apis/clickdeploy.io/v1alpha1/namespaces/{namespace}/services/"
                     "{name}")
                   .contains(strategic));
  const Json core = parse_json(build_openapi(builtin_scheme(), "", "v1").bytes).value();
  EXPECT_TRUE(types(core, "/api/v1/namespaces/{namespace}/secrets/{name}").contains(strategic));
}

TEST(OpenApi, OperationsHaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const auto& [group, version] : builtin_scheme().group_versions()) {
    const Json json = parse_json(build_openapi(builtin_scheme(), group, version).bytes).value();
    for (const auto& [path, item] : json["paths"].as_object()) {
      for (const auto& [method, operation] : item.as_object()) {
        if (method == "parameters") continue;
        EXPECT_TRUE(names.insert(operation["operationId"].as_string()).second)
            << operation["operationId"].as_string();
      }
    }
  }
  EXPECT_TRUE(names.contains("listClickdeployIoV1alpha1ServiceForAllNamespaces"));
  EXPECT_TRUE(names.contains("deleteCoreV1CollectionNamespacedSecret"));
  EXPECT_TRUE(names.contains("readCoordinationV1NamespacedLease"));
}

TEST(OpenApi, SchemasAreFoundByKindAndDescribeTheirFields) {
  const Json& schemas = document()["components"]["schemas"];
  const Json& service = schemas["io.clickdeploy.v1alpha1.Service"];
  EXPECT_EQ(service["x-kubernetes-group-version-kind"][0]["kind"].as_string(), "Service");
  EXPECT_EQ(service["properties"]["metadata"]["allOf"][0]["$ref"].as_string(),
            "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
  EXPECT_FALSE(
      service["properties"]["spec"]["properties"]["replicas"]["description"].as_string().empty());
  EXPECT_EQ(
      schemas["io.clickdeploy.v1alpha1.ServiceList"]["x-kubernetes-group-version-kind"][0]["kind"]
          .as_string(),
      "ServiceList");
}

void collect_references(const Json& value, std::set<std::string>& references) {
  if (const Json* reference = value.find("$ref")) references.insert(reference->as_string());
  for (const auto& [name, member] : value.as_object()) collect_references(member, references);
  for (const Json& item : value.as_array()) collect_references(item, references);
}

TEST(OpenApi, EveryReferenceLeadsSomewhere) {
  std::set<std::string> references;
  collect_references(document(), references);
  EXPECT_GT(references.size(), 10U);
  for (const std::string& reference : references) {
    const std::string prefix = "#/components/schemas/";
    ASSERT_TRUE(reference.starts_with(prefix));
    EXPECT_TRUE(document()["components"]["schemas"].contains(reference.substr(prefix.size())))
        << reference;
  }
}

TEST(OpenApi, AGroupVersionThatIsNotThereHasNoPaths) {
  const Json json = parse_json(build_openapi(builtin_scheme(), "apps", "v1").bytes).value();
  EXPECT_TRUE(json["paths"].is_object());
  EXPECT_EQ(json["paths"].size(), 0U);
}

}  // namespace
}  // namespace clickdeploy::api
