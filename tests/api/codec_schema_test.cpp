// The typed kinds and their schemas say the same: what is encoded is valid, and nothing of it is
// unknown to the schema.

#include "api/v1alpha1/codec.h"
#include "api/v1alpha1/kind_fields_internal.h"
#include "api/v1alpha1/policy_fields_internal.h"
#include "tests/api/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace clickdeploy::api {
namespace {

// Selectors have two written forms with the same meaning: both become the text form.
Json with_plain_selectors(const Json& value) {
  if (value.contains("matchLabels") || value.contains("matchExpressions")) {
    return to_string(LabelSelector::from_json(value).value());
  }
  Json result = value;
  if (value.is_object()) {
    for (auto& [name, member] : result.object_ref()) member = with_plain_selectors(member);
  }
  if (value.is_array()) {
    for (Json& item : result.array_ref()) item = with_plain_selectors(item);
  }
  return result;
}

// Decoding and encoding a sample again keeps all that admission made of it.
template <class Kind>
void expect_same_through_types(const Json& object) {
  const Result<Kind> typed = decode<Kind>(object);
  ASSERT_TRUE(typed) << typed.error().message();
  const Result<Admitted> again = admit(encode(*typed));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_TRUE(again->unknown_fields.empty()) << again->unknown_fields.front();
  EXPECT_TRUE(again->errors.empty()) << join_errors(again->errors);
  EXPECT_EQ(to_pretty_json(with_plain_selectors(again->object["spec"])),
            to_pretty_json(with_plain_selectors(object["spec"])));
}

TEST(TypesAndSchemas, SamplesSurviveBothDirections) {
  std::size_t checked = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(source_dir() / "manifests/samples")) {
    SCOPED_TRACE(entry.path().filename().string());
    const Result<std::vector<YamlDocument>> documents = parse_yaml(read_text(entry.path()));
    ASSERT_TRUE(documents);
    for (const YamlDocument& document : *documents) {
      const Result<Admitted> admitted = admit(document.value);
      ASSERT_TRUE(admitted);
      const Json& object = admitted->object;
      const std::string& kind = object["kind"].as_string();
      if (object["apiVersion"].as_string() != "clickdeploy.io/v1alpha1") continue;
      if (kind == "Cloud") expect_same_through_types<v1alpha1::Cloud>(object);
      if (kind == "MetricsBackend") expect_same_through_types<v1alpha1::MetricsBackend>(object);
      if (kind == "Service") expect_same_through_types<v1alpha1::Service>(object);
      if (kind == "MonitoringPolicy") expect_same_through_types<v1alpha1::MonitoringPolicy>(object);
      ++checked;
    }
  }
  EXPECT_EQ(checked, 7U);
}

// A status as a controller writes it, with every field that the schema knows, must come back
// whole: what the schema has and the type has not would be lost on the next write.
Json example_of(const Json& schema) {
  if (!schema["enum"].empty()) return schema["enum"][0];
  const std::string& type = schema["type"].as_string();
  if (type == "object" && schema.contains("additionalProperties"))
    return Json::object({{"k", "v"}});
  if (type == "object") {
    Json object = Json::object();
    for (const auto& [name, member] : schema["properties"].as_object()) {
      object.set(name, example_of(member));
    }
    return object;
  }
  if (type == "array") return Json::array({example_of(schema["items"])});
  if (type == "integer") return std::max(schema["minimum"].as_int(), std::int64_t{1});
  if (type == "number") return 0.5;
  if (type == "boolean") return true;
  if (schema["format"].as_string() == "date-time") return "2026-01-01T00:00:00Z";
  return "x";
}

template <class Kind>
void expect_whole_status(std::string_view name) {
  SCOPED_TRACE(name);
  const ResourceInfo& info = *builtin_scheme().find_by_name(name);
  const Json status = example_of(info.schema_json["properties"]["status"]);
  const Result<Kind> typed = decode<Kind>(Json::object({{"status", status}}));
  ASSERT_TRUE(typed) << typed.error().message();
  const Json encoded = encode(*typed);
  EXPECT_EQ(to_pretty_json(encoded["status"]), to_pretty_json(status));
  EXPECT_TRUE(validate_object(info, encoded, nullptr, WriteTarget::Status).empty());

  const Json fresh = encode(Kind{});
  const FieldErrors errors = validate_object(info, fresh, nullptr, WriteTarget::Status);
  EXPECT_TRUE(errors.empty()) << join_errors(errors);
}

TEST(TypesAndSchemas, StatusSurvivesBothDirections) {
  expect_whole_status<v1alpha1::Cloud>("clouds");
  expect_whole_status<v1alpha1::MetricsBackend>("metricsbackends");
  expect_whole_status<v1alpha1::Service>("csvc");
  expect_whole_status<v1alpha1::Instance>("instances");
  expect_whole_status<v1alpha1::MonitoringPolicy>("monitoringpolicies");
}

// The other way round: a field that the type has and the schema has not would be written, and
// pruned without a word.
class Schemas {
 public:
  Schemas(const Json& schema, std::string path, std::vector<std::string>& unknown)
      : schema_(schema), path_(std::move(path)), unknown_(unknown) {}

  template <class T>
  void field(std::string_view name, const T&) {
    look<T>(schema_["properties"][name], path_ + "." + std::string(name));
  }

  template <class Body>
  void nested(std::string_view name, Body body) {
    const Json& schema = schema_["properties"][name];
    const std::string path = path_ + "." + std::string(name);
    if (schema.is_null()) unknown_.push_back(path);
    Schemas inner(schema, path, unknown_);
    body(inner);
  }

 private:
  template <class T>
  void look_into(const Json& schema, const std::string& path, const std::vector<T>*) {
    look<T>(schema["items"], path + "[]");
  }
  // Its keys are free, or named one by one: then the one with the most members counts.
  template <class T>
  void look_into(const Json& schema, const std::string& path, const std::map<std::string, T>*) {
    Json value = schema["additionalProperties"];
    for (const auto& [name, named] : schema["properties"].as_object()) {
      if (value.is_null() || value["properties"].size() < named["properties"].size()) value = named;
    }
    look<T>(value, path + "[]");
  }

  template <class T>
  void look(const Json& schema, const std::string& path) {
    if (schema.is_null()) return unknown_.push_back(path);
    if constexpr (requires(const T* value) { look_into(schema, path, value); }) {
      look_into(schema, path, static_cast<const T*>(nullptr));
    } else if constexpr (requires(T value) { value.has_value(); }) {
      look<typename T::value_type>(schema, path);
    } else if constexpr (requires(Schemas io, T value) { fields(io, value); }) {
      Schemas inner(schema, path, unknown_);
      T value{};
      fields(inner, value);
    }
  }

  const Json& schema_;
  std::string path_;
  std::vector<std::string>& unknown_;
};

template <class Kind>
void expect_no_unknown_field(std::string_view name) {
  const Json& schema = builtin_scheme().find_by_name(name)->schema_json["properties"];
  std::vector<std::string> unknown;
  Kind object;
  Schemas spec(schema["spec"], "spec", unknown);
  fields(spec, object.spec);
  Schemas status(schema["status"], "status", unknown);
  fields(status, object.status);
  // It is a VolumeSpec as the others are, whose name is always empty, and so never written.
  std::erase_if(unknown, [](const auto& each) { return each.ends_with("rootVolume.name"); });
  EXPECT_THAT(unknown, ::testing::IsEmpty()) << name;
}

TEST(TypesAndSchemas, NoFieldOfATypeIsUnknownToItsSchema) {
  expect_no_unknown_field<v1alpha1::Cloud>("clouds");
  expect_no_unknown_field<v1alpha1::MetricsBackend>("metricsbackends");
  expect_no_unknown_field<v1alpha1::Service>("csvc");
  expect_no_unknown_field<v1alpha1::Instance>("instances");
  expect_no_unknown_field<v1alpha1::MonitoringPolicy>("monitoringpolicies");
}

}  // namespace
}  // namespace clickdeploy::api
