// Prune, default, validate: the rules and the wording of kube-apiserver.

#include "api/schema/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::api {
namespace {

using testing::ElementsAre;

Json json(std::string_view text) {
  return parse_json(text).value();
}

// A small kind with one of everything.
const Schema& example() {
  static const Schema schema = Schema::compile(json(R"({
    "type": "object", "required": ["spec"],
    "properties": {
      "apiVersion": {"type": "string"}, "kind": {"type": "string"},
      "metadata": {"type": "object"},
      "spec": {
        "type": "object", "required": ["image"],
        "properties": {
          "replicas": {"type": "integer", "format": "int32", "default": 1, "minimum": 0,
                       "maximum": 1000},
          "image": {"type": "string", "minLength": 1, "maxLength": 5, "pattern": "^[a-zé]*$"},
          "flavor": {"type": "string", "default": "standard",
                     "enum": ["standard", "small", "large"]},
          "agents": {"type": "object", "default": {}, "properties": {
            "nodeExporter": {"type": "object", "default": {}, "properties": {
              "enabled": {"type": "boolean", "default": true},
              "port": {"type": "integer", "default": 9100}}}}},
          "env": {"type": "array", "x-kubernetes-list-type": "map",
                  "x-kubernetes-list-map-keys": ["name"], "maxItems": 3,
                  "items": {"type": "object", "required": ["name"], "properties": {
                    "name": {"type": "string"}, "value": {"type": "string", "default": "-"}}}},
          "args": {"type": "array", "minItems": 1, "items": {"type": "string"}},
          "zones": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
          "settings": {"type": "object", "maxProperties": 2, "minProperties": 1,
                       "additionalProperties": {"type": "string"}},
          "share": {"x-kubernetes-int-or-string": true, "pattern": "%$"},
          "ratio": {"type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 1,
                    "exclusiveMaximum": true},
          "since": {"type": "string", "format": "date-time"},
          "note": {"type": "string", "nullable": true},
          "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
                   "properties": {"known": {"type": "object", "properties": {}}}}
        }}}})"))
                                   .value();
  return schema;
}

std::vector<std::string> errors_of(std::string_view spec) {
  Json object = Json::object({{"spec", json(spec)}});
  std::vector<std::string> texts;
  for (const FieldError& error : validate(object, example())) texts.push_back(to_string(error));
  return texts;
}

struct WordingCase {
  std::string name;
  std::string spec;
  std::vector<std::string> want;
};

class Wording : public testing::TestWithParam<WordingCase> {};

TEST_P(Wording, IsThatOfKubernetes) {
  EXPECT_EQ(errors_of(GetParam().spec), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Wording,
    testing::Values(
        WordingCase{"Valid", R"({"image": "a"})", {}},
        WordingCase{"Missing", "{}", {"spec.image: Required value"}},
        WordingCase{"WrongType",
                    R"({"image": "a", "replicas": "two"})",
                    {R"(spec.replicas: Invalid value: "string": spec.replicas in body must be of )"
                     R"(type integer: "string")"}},
        WordingCase{"NullWhereNotNullable",
                    R"({"image": null})",
                    {R"(spec.image: Invalid value: "null": spec.image in body must be of type )"
                     R"(string: "null")"}},
        WordingCase{"NullWhereNullable", R"({"image": "a", "note": null})", {}},
        WordingCase{"Fraction",
                    R"({"image": "a", "replicas": 2.5})",
                    {R"(spec.replicas: Invalid value: "number": spec.replicas in body must be of )"
                     R"(type integer: "number")"}},
        WordingCase{"WholeDouble", R"({"image": "a", "replicas": 2.0})", {}},
        WordingCase{"Maximum",
                    R"({"image": "a", "replicas": 2000})",
                    {"spec.replicas: Invalid value: 2000: spec.replicas in body should be less "
                     "than or equal to 1000"}},
        WordingCase{"Minimum",
                    R"({"image": "a", "replicas": -1})",
                    {"spec.replicas: Invalid value: -1: spec.replicas in body should be greater "
                     "than or equal to 0"}},
        WordingCase{"ExclusiveMinimum",
                    R"({"image": "a", "ratio": 0})",
                    {"spec.ratio: Invalid value: 0: spec.ratio in body should be greater than 0"}},
        WordingCase{"ExclusiveMaximum",
                    R"({"image": "a", "ratio": 1})",
                    {"spec.ratio: Invalid value: 1: spec.ratio in body should be less than 1"}},
        WordingCase{"Int32",
                    R"({"image": "a", "replicas": 3000000000})",
                    {R"(spec.replicas: Invalid value: "integer": spec.replicas in body must be of )"
                     R"(type int32: "integer")"}},
        WordingCase{"MinLength",
                    R"({"image": ""})",
                    {R"(spec.image: Invalid value: "": spec.image in body should be at least 1 )"
                     "chars long"}},
        WordingCase{"MaxLengthCountsCodePoints", R"({"image": "ééééé"})", {}},
        WordingCase{"MaxLength",
                    R"({"image": "aaaaaa"})",
                    {"spec.image: Too long: may not be more than 5 bytes"}},
        WordingCase{"Pattern",
                    R"({"image": "A"})",
                    {R"(spec.image: Invalid value: "A": spec.image in body should match )"
                     "'^[a-zé]*$'"}},
        WordingCase{"Enum",
                    R"({"image": "a", "flavor": "giant"})",
                    {R"(spec.flavor: Unsupported value: "giant": supported values: "standard", )"
                     R"("small", "large")"}},
        WordingCase{"ItemType",
                    R"({"image": "a", "args": [1]})",
                    {R"(spec.args[0]: Invalid value: "integer": spec.args[0] in body must be of )"
                     R"(type string: "integer")"}},
        WordingCase{
            "MinItems",
            R"({"image": "a", "args": []})",
            {"spec.args: Invalid value: 0: spec.args in body should have at least 1 items"}},
        WordingCase{"MaxItems",
                    R"({"image": "a", "env": [{"name": "a"}, {"name": "b"},
                      {"name": "c"}, {"name": "d"}]})",
                    {"spec.env: Too many: 4: must have at most 3 items"}},
        WordingCase{
            "MapValueType",
            R"({"image": "a", "settings": {"debug": true}})",
            {R"(spec.settings.debug: Invalid value: "boolean": spec.settings.debug in body )"
             R"(must be of type string: "boolean")"}},
        WordingCase{"MaxProperties",
                    R"({"image": "a", "settings": {"a": "", "b": "", "c": ""}})",
                    {"spec.settings: Too many: 3: must have at most 2 items"}},
        WordingCase{"IntOrStringTakesBoth", R"({"image": "a", "share": 3})", {}},
        WordingCase{"IntOrStringPattern",
                    R"({"image": "a", "share": "x"})",
                    {R"(spec.share: Invalid value: "x": spec.share in body should match '%$')"}},
        WordingCase{"IntOrStringType",
                    R"({"image": "a", "share": true})",
                    {R"(spec.share: Invalid value: "boolean": spec.share in body must be of type )"
                     R"(integer,string: "boolean")"}},
        WordingCase{
            "DateTime",
            R"({"image": "a", "since": "yesterday"})",
            {R"(spec.since: Invalid value: "yesterday": spec.since in body must be of type )"
             R"(date-time: "yesterday")"}},
        WordingCase{"SetDuplicate",
                    R"({"image": "a", "zones": ["a", "a"]})",
                    {R"(spec.zones[1]: Duplicate value: "a")"}},
        WordingCase{"MapDuplicate",
                    R"({"image": "a", "env": [{"name": "A"}, {"name": "A"}]})",
                    {R"(spec.env[1]: Duplicate value: map[string]interface {}{"name":"A"})"}}),
    [](const testing::TestParamInfo<WordingCase>& row) { return row.param.name; });

TEST(Validate, PutsDuplicatesLast) {
  EXPECT_THAT(errors_of(R"({"env": [{"name": "A"}, {"name": "A"}], "image": "", "zones": [1]})"),
              ElementsAre(testing::HasSubstr("spec.image"), testing::HasSubstr("spec.zones[0]"),
                          testing::HasSubstr("spec.env[1]: Duplicate")));
}

TEST(Validate, ToleratesWhatWasStoredAndIsNotChanged) {
  const Json old = json(R"({"spec": {"image": "TOO BAD", "replicas": 1,
                                     "env": [{"name": "a", "value": 1}]}})");
  Json changed = old;
  changed.member("spec").set("replicas", 2);
  EXPECT_TRUE(validate(changed, example(), "", &old).empty());

  changed.member("spec").set("image", "ALSO BAD");
  EXPECT_EQ(validate(changed, example(), "", &old).size(), 1U);

  // Items of a list map correspond by key, whatever their place.
  changed = old;
  changed.member("spec").set("env", json(R"([{"name": "b"}, {"name": "a", "value": 1}])"));
  EXPECT_TRUE(validate(changed, example(), "", &old).empty());
}

TEST(Validate, TakesTimeLinearInHostileText) {
  const Schema schema =
      Schema::compile(json(R"({"type": "string", "pattern": "^(a+)+$"})")).value();
  const std::string text = std::string(100'000, 'a') + "!";
  EXPECT_EQ(validate(Json(text), schema, "x").size(), 1U);
}

TEST(Prune, DropsUnknownFieldsAtEveryLevelAndNamesThem) {
  Json object = json(R"({"apiVersion": "v1", "kind": "X", "metadata": {"anything": 1}, "extra": 1,
    "spec": {"image": "a", "bogus": 1, "agents": {"nope": {}}, "env": [{"name": "a", "x": 1}],
             "settings": {"free": "text"}, "free": {"some": 1, "known": {"gone": 1}}}})");
  std::vector<std::string> unknown;
  prune(object, example(), &unknown);
  EXPECT_THAT(unknown, ElementsAre("extra", "spec.agents.nope", "spec.bogus", "spec.env[0].x",
                                   "spec.free.known.gone"));
  EXPECT_EQ(object, json(R"({"apiVersion": "v1", "kind": "X", "metadata": {"anything": 1},
    "spec": {"image": "a", "agents": {}, "env": [{"name": "a"}], "settings": {"free": "text"},
             "free": {"some": 1, "known": {}}}})"));
}

TEST(Prune, TakesTimeLinearInTheNumberOfUnknownFields) {
  std::vector<JsonObject::Member> members;
  for (int i = 0; i < 200'000; ++i) members.emplace_back("x" + std::to_string(i), nullptr);
  Json object = Json::object({{"spec", JsonObject::from_members(std::move(members))}});
  prune(object, example());
  EXPECT_EQ(object["spec"].size(), 0U);
}

TEST(Prune, LeavesValuesOfTheWrongTypeToValidation) {
  Json object = json(R"({"spec": [1, 2]})");
  prune(object, example());
  EXPECT_EQ(object, json(R"({"spec": [1, 2]})"));
}

TEST(ApplyDefaults, FillsInBelowParentsThatExist) {
  Json object = json(R"({"spec": {"image": "a", "env": [{"name": "x"}]}})");
  apply_defaults(object, example());
  EXPECT_EQ(object, json(R"({"spec": {"image": "a", "replicas": 1, "flavor": "standard",
    "agents": {"nodeExporter": {"enabled": true, "port": 9100}},
    "env": [{"name": "x", "value": "-"}]}})"));

  Json without_spec = json("{}");
  apply_defaults(without_spec, example());
  EXPECT_EQ(without_spec, json("{}"));
}

TEST(ApplyDefaults, NullCountsAsAbsentUnlessNullable) {
  Json object = json(R"({"spec": {"image": "a", "flavor": null, "args": null, "note": null,
                                  "settings": {"a": null}}})");
  apply_defaults(object, example());
  const Json& spec = object["spec"];
  EXPECT_EQ(spec["flavor"].as_string(), "standard");
  EXPECT_FALSE(spec.contains("args"));
  EXPECT_TRUE(spec.contains("note"));
  EXPECT_FALSE(spec["settings"].contains("a"));
}

TEST(ApplyDefaults, TwiceIsOnce) {
  Json once = json(R"({"spec": {"image": "a"}})");
  apply_defaults(once, example());
  Json twice = once;
  apply_defaults(twice, example());
  EXPECT_EQ(once, twice);
}

TEST(Compile, NamesThePlaceOfAFault) {
  const auto message = [](std::string_view text) {
    const Result<Schema> schema = Schema::compile(json(text));
    return schema ? "" : schema.error().message();
  };
  EXPECT_EQ(message(R"({"type": "object", "properties": {"a": {"type": "array", "items":
              {"type": "strin"}}}})"),
            "schema.a[]: unknown type strin");
  EXPECT_EQ(message(R"({"type": "object", "properties": {"a": {}}})"), "schema.a: type is missing");
  EXPECT_THAT(message(R"({"type": "string", "pattern": "("})"), testing::HasSubstr("pattern"));
  EXPECT_EQ(message("3"), "schema: a schema must be an object");
}

}  // namespace
}  // namespace clickdeploy::api
