// ObjectMeta: types, unknown fields, names, labels, with Kubernetes' wording.

#include "api/schema/metadata_rules.h"
#include "controller/base/utf8.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::api {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

Json json(std::string_view text) {
  return parse_json(text).value();
}

std::string decode_error(std::string_view text) {
  Json metadata = json(text);
  const Result<void> decoded = decode_metadata(metadata, nullptr);
  return decoded ? "" : decoded.error().message();
}

TEST(DecodeMetadata, WrongTypesAreToldAsGoTellsThem) {
  EXPECT_EQ(decode_error(R"({"labels": {"a": 1}})"),
            "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string");
  EXPECT_EQ(decode_error(R"({"name": true})"),
            "json: cannot unmarshal bool into Go struct field ObjectMeta.name of type string");
  EXPECT_EQ(decode_error(R"({"annotations": []})"),
            "json: cannot unmarshal array into Go struct field ObjectMeta.annotations of type "
            "map[string]string");
  EXPECT_EQ(decode_error(R"({"finalizers": [{}]})"),
            "json: cannot unmarshal object into Go struct field ObjectMeta.finalizers of type "
            "string");
  EXPECT_EQ(decode_error(R"({"ownerReferences": [{"controller": "yes"}]})"),
            "json: cannot unmarshal string into Go struct field OwnerReference.controller of type "
            "bool");
  EXPECT_THAT(decode_error(R"({"creationTimestamp": "soon"})"), HasSubstr("parsing time \"soon\""));
  EXPECT_THAT(decode_error("[]"), HasSubstr("cannot unmarshal array"));
}

TEST(DecodeMetadata, DropsUnknownFieldsNullsAndSelfLink) {
  Json metadata = json(R"({"name": "a", "bogusmeta": 1, "creationTimestamp": null, "selfLink": "/x",
    "ownerReferences": [{"name": "b", "nope": 1}], "labels": {"a": null}})");
  std::vector<std::string> unknown;
  ASSERT_TRUE(decode_metadata(metadata, &unknown));
  EXPECT_THAT(unknown, ElementsAre("metadata.bogusmeta", "metadata.ownerReferences[0].nope"));
  EXPECT_EQ(metadata, json(R"({"name": "a", "ownerReferences": [{"name": "b"}],
                               "labels": {"a": ""}})"));
}

std::vector<std::string> problems(std::string_view text, NameRule rule = NameRule::DnsSubdomain) {
  Json metadata = json(text);
  if (!metadata.contains("namespace")) metadata.set("namespace", "default");
  std::vector<std::string> texts;
  for (const FieldError& error : validate_metadata(metadata, rule, true)) {
    texts.push_back(to_string(error));
  }
  return texts;
}

TEST(ValidateMetadata, Names) {
  EXPECT_THAT(problems(R"({"name": "web.example-1"})"), ElementsAre());
  EXPECT_THAT(
      problems(R"({"name": "E_1"})"),
      ElementsAre(
          R"(metadata.name: Invalid value: "E_1": a lowercase RFC 1123 subdomain must consist of )"
          "lower case alphanumeric characters, '-' or '.', and must start and end with an "
          "alphanumeric character (e.g. 'example.com', regex used for validation is "
          R"('[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'))"));
  EXPECT_THAT(problems("{}"),
              ElementsAre("metadata.name: Required value: name or generateName is required"));
  const std::string long_name(254, 'a');
  EXPECT_THAT(problems(R"({"name": ")" + long_name + R"("})"),
              ElementsAre("metadata.name: Invalid value: \"" + long_name +
                          "\": must be no more than 253 characters"));
  EXPECT_THAT(problems(R"({"name": "a.b"})", NameRule::DnsLabel),
              ElementsAre(HasSubstr("a lowercase RFC 1123 label")));
  EXPECT_THAT(problems(R"({"name": "web-x1", "generateName": "web-"})"), ElementsAre());
  EXPECT_THAT(problems(R"({"name": "web-x1", "generateName": "Web-"})"),
              ElementsAre(HasSubstr("metadata.generateName: Invalid value: \"Web-\"")));
}

TEST(ValidateMetadata, Labels) {
  EXPECT_THAT(
      problems(R"({"name": "a", "labels": {"a b": "c d"}})"),
      ElementsAre(
          R"(metadata.labels: Invalid value: "a b": name part must consist of alphanumeric )"
          "characters, '-', '_' or '.', and must start and end with an alphanumeric character "
          "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
          "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
          R"(metadata.labels: Invalid value: "c d": a valid label must be an empty string or )"
          "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
          "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
          "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"));
  EXPECT_THAT(problems(R"({"name": "a", "labels": {"example.com/x": ""}})"), ElementsAre());
  EXPECT_THAT(problems(R"({"name": "a", "labels": {"Example.com/x": ""}})"),
              ElementsAre(HasSubstr("prefix part a lowercase RFC 1123 subdomain")));
  EXPECT_THAT(problems(R"({"name": "a", "labels": {"a/b/c": ""}})"),
              ElementsAre(HasSubstr("with an optional DNS subdomain prefix and '/'")));
}

TEST(ValidateMetadata, AnnotationsHaveAnOverallLimit) {
  Json metadata = Json::object({{"name", "a"}, {"namespace", "default"}});
  metadata.member("annotations").set("a", std::string(262'143, 'x'));
  EXPECT_TRUE(validate_metadata(metadata, NameRule::DnsSubdomain, true).empty());
  metadata.member("annotations").set("b", "");
  const FieldErrors errors = validate_metadata(metadata, NameRule::DnsSubdomain, true);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(to_string(errors[0]),
            "metadata.annotations: Too long: may not be more than 262144 bytes");
  EXPECT_EQ(to_string(errors[0].reason), "FieldValueTooLong");
}

TEST(ValidateMetadata, NamespaceFollowsTheScope) {
  const Json with = json(R"({"name": "a", "namespace": "b"})");
  const Json without = json(R"({"name": "a"})");
  EXPECT_TRUE(validate_metadata(with, NameRule::DnsSubdomain, true).empty());
  EXPECT_EQ(to_string(validate_metadata(with, NameRule::DnsLabel, false).at(0)),
            "metadata.namespace: Forbidden: not allowed on this type");
  EXPECT_TRUE(validate_metadata(without, NameRule::DnsLabel, false).empty());
  EXPECT_EQ(to_string(validate_metadata(without, NameRule::DnsSubdomain, true).at(0)),
            "metadata.namespace: Required value");
}

TEST(ValidateMetadata, OwnersAndFinalizers) {
  EXPECT_THAT(
      problems(R"({"name": "a", "ownerReferences": [{"apiVersion": "v1", "kind": "K",
                           "name": "n", "uid": ""}]})"),
      ElementsAre("metadata.ownerReferences.uid: Invalid value: \"\": uid must not be empty"));
  EXPECT_THAT(problems(R"({"name": "a", "ownerReferences": [
                {"apiVersion": "v1", "kind": "K", "name": "n", "uid": "1", "controller": true},
                {"apiVersion": "v1", "kind": "K", "name": "m", "uid": "2", "controller": true}]})"),
              ElementsAre("metadata.ownerReferences: Invalid value: \"2\": Only one reference can "
                          "have Controller set to true. Found \"true\" in references for K/n and "
                          "K/m"));
  EXPECT_THAT(problems(R"({"name": "a", "finalizers": ["a b"]})"),
              ElementsAre(HasSubstr("metadata.finalizers: Invalid value: \"a b\"")));
}

TEST(ValidateMetadata, ManyControllersAreReportedOnce) {
  Json metadata = Json::object({{"name", "a"}, {"namespace", "default"}});
  Json owners = Json::array();
  for (int i = 0; i < 1000; ++i) {
    owners.push_back(Json::object({{"apiVersion", "v1"},
                                   {"kind", "K"},
                                   {"name", "n" + std::to_string(i)},
                                   {"uid", "u" + std::to_string(i)},
                                   {"controller", true}}));
  }
  metadata.set("ownerReferences", std::move(owners));
  const FieldErrors errors = validate_metadata(metadata, NameRule::DnsSubdomain, true);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(to_string(errors[0]), HasSubstr("Invalid value: \"u1\""));
  EXPECT_THAT(to_string(errors[0]), HasSubstr("for K/n0 and K/n1"));
}

TEST(ValidateMetadata, TheFinalizersShownInAnErrorAreCut) {
  Json metadata = Json::object({{"name", "a"}, {"namespace", "default"}});
  Json finalizers = Json::array();
  for (const char* name : {"orphan", "foregroundDeletion"}) finalizers.push_back(name);
  for (int i = 0; i < 1000; ++i) finalizers.push_back("example.com/f" + std::to_string(i));
  metadata.set("finalizers", std::move(finalizers));
  const FieldErrors errors = validate_metadata(metadata, NameRule::DnsSubdomain, true);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0].message, HasSubstr(R"([]interface {}["orphan","foregroundDeletion",)"));
  EXPECT_THAT(errors[0].message, EndsWith("…: finalizer orphan and foregroundDeletion cannot be "
                                          "both set"));
  EXPECT_LT(errors[0].message.size(), 700U);
}

TEST(DescribeValue, LargeValuesAreCutBetweenCharacters) {
  std::string text = "x";  // the 512th byte is inside a character
  for (int i = 0; i < 1000; ++i) text += "é";
  const auto cut = [](std::string_view shown) {
    return std::string(utf8_prefix(shown, 512)) + "…";
  };
  EXPECT_EQ(describe_value(text), "\"" + cut(text) + "\"");
  EXPECT_EQ(describe_value(Json::array({text})), "[]interface {}" + cut("[\"" + text));
  EXPECT_EQ(describe_value(Json::object({{"k", text}})),
            "map[string]interface {}" + cut("{\"k\":\"" + text));
  EXPECT_EQ(describe_value(Json::array({1, 2})), "[]interface {}[1,2]");
}

TEST(ValidateMetadataUpdate, NoFinalizerIsAddedDuringDeletion) {
  const Json old = json(R"({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a/b"]})");
  EXPECT_TRUE(validate_metadata_update(json(R"({"finalizers": []})"), old).empty());
  const FieldErrors errors =
      validate_metadata_update(json(R"({"finalizers": ["a/b", "c/d"]})"), old);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(to_string(errors[0]),
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being "
            "deleted, found new finalizers []string{\"c/d\"}");
}

TEST(MetadataWarnings, FinalizersShouldNameTheirDomain) {
  EXPECT_THAT(
      metadata_warnings(json(R"({"finalizers": ["short", "a/b", "orphan"]})")),
      ElementsAre("metadata.finalizers: \"short\": prefer a domain-qualified finalizer name "
                  "to avoid accidental conflicts with other finalizer writers"));
}

}  // namespace
}  // namespace clickdeploy::api
