// The embedded definitions: that they load, and that a real cluster would take them.

#include "api/scheme.h"

#include "api/embedded.h"

#include <gtest/gtest.h>

#include <set>

namespace clickdeploy::api {
namespace {

TEST(BuiltinScheme, HasEveryKindWithItsHooks) {
  const Scheme& scheme = builtin_scheme();
  EXPECT_EQ(scheme.resources().size(), embedded_definitions().size());
  std::vector<std::string> names;
  for (const ResourceInfo& info : scheme.resources()) names.push_back(info.group_resource());
  const std::vector<std::string> want = {"clouds.clickdeploy.io",
                                         "metricsbackends.clickdeploy.io",
                                         "services.clickdeploy.io",
                                         "instances.clickdeploy.io",
                                         "monitoringpolicies.clickdeploy.io",
                                         "namespaces",
                                         "secrets",
                                         "configmaps",
                                         "events",
                                         "events.events.k8s.io",
                                         "leases.coordination.k8s.io",
                                         "customresourcedefinitions.apiextensions.k8s.io",
                                         "apiservices.apiregistration.k8s.io"};
  EXPECT_EQ(names, want);
  for (const ResourceInfo& info : scheme.resources()) {
    SCOPED_TRACE(info.kind);
    if (info.custom) {
      EXPECT_TRUE(info.cross_field_rules);
      EXPECT_TRUE(info.has_status);
      EXPECT_EQ(info.categories, std::vector<std::string>{"clickdeploy"});
    }
  }
}

TEST(BuiltinScheme, FindsKindsByAnyNameThatKubectlAccepts) {
  const Scheme& scheme = builtin_scheme();
  for (const char* name : {"services", "service", "Service", "csvc", "services.clickdeploy.io",
                           "csvc.clickdeploy.io", "services.v1alpha1.clickdeploy.io"}) {
    SCOPED_TRACE(name);
    const ResourceInfo* info = scheme.find_by_name(name);
    ASSERT_NE(info, nullptr);
    EXPECT_EQ(info->kind, "Service");
  }
  EXPECT_EQ(scheme.find_by_name("ns")->kind, "Namespace");
  EXPECT_EQ(scheme.find_by_name("mpol")->kind, "MonitoringPolicy");
  EXPECT_EQ(scheme.find_by_name("pods"), nullptr);
  EXPECT_EQ(scheme.find_by_name("services.apps"), nullptr);
  EXPECT_EQ(scheme.find_by_name(""), nullptr);
  EXPECT_EQ(scheme.find_by_category("clickdeploy").size(), 5U);
}

TEST(BuiltinScheme, FindsByGroupVersionAndKind) {
  const Scheme& scheme = builtin_scheme();
  EXPECT_EQ(scheme.find_kind("clickdeploy.io/v1alpha1", "Cloud")->plural, "clouds");
  EXPECT_EQ(scheme.find_kind("v1", "Secret")->api_version(), "v1");
  EXPECT_EQ(scheme.find_kind("clickdeploy.io/v1", "Cloud"), nullptr);
  EXPECT_EQ(scheme.find_resource("", "v1", "events")->kind, "Event");
  EXPECT_EQ(scheme.find_resource("clickdeploy.io", "v1alpha1", "service"), nullptr);
  const auto versions = scheme.group_versions();
  ASSERT_EQ(versions.size(), 6U);
  EXPECT_EQ(versions[0].first, "clickdeploy.io");
  EXPECT_EQ(versions[1].second, "v1");
}

TEST(BuiltinScheme, ServiceScalesAndOthersDoNot) {
  const ResourceInfo* service = builtin_scheme().find_by_name("csvc");
  ASSERT_TRUE(service->scale);
  EXPECT_EQ(service->scale->spec_replicas, (std::vector<std::string>{"spec", "replicas"}));
  EXPECT_EQ(service->scale->label_selector, (std::vector<std::string>{"status", "selector"}));
  EXPECT_FALSE(builtin_scheme().find_by_name("cloud")->scale);
}

// What the API server of a real cluster requires of a schema, checked over the whole tree.
class StructuralRules {
 public:
  void check(const Json& schema, const std::string& path, bool described) {
    SCOPED_TRACE(path);
    const bool int_or_string = schema["x-kubernetes-int-or-string"].as_bool();
    EXPECT_NE(schema.contains("type"), int_or_string) << "exactly one of type and int-or-string";
    if (described) EXPECT_TRUE(!schema["description"].as_string().empty());
    EXPECT_FALSE(schema.contains("properties") && schema.contains("additionalProperties"));
    check_bounds(schema);
    check_default(schema, path);
    check_keys(schema);
    for (const auto& [name, member] : schema["properties"].as_object()) {
      check(member, path + "." + name, name != "metadata" || path != "");
    }
    for (const Json& name : schema["required"].as_array()) {
      EXPECT_TRUE(schema["properties"].contains(name.as_string())) << name.as_string();
    }
    if (schema.contains("items")) check(schema["items"], path + "[]", false);
    if (schema.contains("additionalProperties")) {
      check(schema["additionalProperties"], path + ".*", false);
    }
  }

 private:
  // Rules in CEL are cheap only if everything they may walk over is bounded.
  static void check_bounds(const Json& schema) {
    const std::string& type = schema["type"].as_string();
    if (type == "array") EXPECT_TRUE(schema.contains("maxItems"));
    if (schema.contains("additionalProperties")) EXPECT_TRUE(schema.contains("maxProperties"));
    const bool fixed = schema.contains("enum") || schema["format"].as_string() == "date-time";
    const bool root_name =
        schema["description"].as_string().find("of this object: ") != std::string::npos;
    if (type == "string" && !fixed && !root_name) EXPECT_TRUE(schema.contains("maxLength"));
    for (const Json& rule : schema["x-kubernetes-validations"].as_array()) {
      EXPECT_FALSE(rule["rule"].as_string().empty());
      EXPECT_FALSE(rule["message"].as_string().empty());
    }
  }

  static void check_default(const Json& schema, const std::string& path) {
    const Json* value = schema.find("default");
    if (!value) return;
    Result<Schema> compiled = Schema::compile(schema);
    ASSERT_TRUE(compiled) << compiled.error().message();
    EXPECT_TRUE(validate(*value, *compiled).empty());
    Json pruned = *value;
    prune(pruned, *compiled);
    EXPECT_EQ(pruned, *value) << path;
    EXPECT_FALSE(path.starts_with(".metadata")) << "no defaults inside metadata";
  }

  // Keys of a list map must be required or have a default.
  static void check_keys(const Json& schema) {
    for (const Json& key : schema["x-kubernetes-list-map-keys"].as_array()) {
      bool required = false;
      for (const Json& name : schema["items"]["required"].as_array()) {
        required = required || name == key;
      }
      EXPECT_TRUE(required) << key.as_string();
    }
  }
};

TEST(CustomResourceDefinitions, AreStructuralDescribedAndBounded) {
  for (const ResourceInfo& info : builtin_scheme().resources()) {
    if (!info.custom) continue;
    SCOPED_TRACE(info.kind);
    StructuralRules().check(info.schema_json, "", true);
    EXPECT_EQ(info.definition["apiVersion"].as_string(), "apiextensions.k8s.io/v1");
    EXPECT_EQ(info.definition["metadata"]["name"].as_string(), info.group_resource());
  }
}

TEST(CustomResourceDefinitions, ShowWhatOperatorsLookFor) {
  const auto headings = [](const char* name) {
    std::vector<std::string> names;
    for (const Column& column : builtin_scheme().find_by_name(name)->columns) {
      names.push_back(column.name + (column.priority > 0 ? " (wide)" : ""));
    }
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(headings("csvc"), (Names{"Name", "Desired", "Ready", "Monitored", "UpToDate", "Status",
                                     "Policy", "Cloud", "Age"}));
  EXPECT_EQ(headings("inst"),
            (Names{"Name", "Phase", "State", "IP", "Agents", "Scraped", "Revision", "Age",
                   "Server (wide)", "Flavor (wide)", "Fault (wide)", "Retries (wide)"}));
  EXPECT_EQ(headings("secrets"), (Names{"Name", "Type", "Data", "Age"}));
  EXPECT_EQ(headings("events"),
            (Names{"Last Seen", "Type", "Reason", "Object", "Subobject (wide)", "Source (wide)",
                   "Message", "First Seen (wide)", "Count (wide)", "Name (wide)"}));
}

TEST(ReadDefinition, RefusesWhatIsNotADefinition) {
  EXPECT_FALSE(read_definition(Json()));
  EXPECT_FALSE(read_definition(Json::object({{"spec", 1}})));
}

}  // namespace
}  // namespace clickdeploy::api
