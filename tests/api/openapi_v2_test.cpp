#include "api/schema/openapi_v2.h"

#include "controller/base/protobuf.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace clickdeploy::api {
namespace {

const Json& document() {
  static const Json json = parse_json(build_openapi_v2(builtin_scheme()).json).value();
  return json;
}

void for_each_value(const Json& value, const std::function<void(const Json&)>& visit) {
  visit(value);
  for (const Json& item : value.as_array()) for_each_value(item, visit);
  for (const auto& [key, member] : value.as_object()) for_each_value(member, visit);
}

// The messages with this number in a message.
std::vector<std::string_view> children(std::string_view bytes, std::uint32_t number) {
  std::vector<std::string_view> found;
  ProtoReader reader(bytes);
  for (;;) {
    Result<std::optional<WireField>> field = reader.next();
    EXPECT_TRUE(field.has_value());
    if (!field || !*field) return found;
    if ((*field)->number == number) found.push_back((*field)->bytes);
  }
}

TEST(OpenApiV2, EveryReferenceHasItsDefinition) {
  std::set<std::string> targets;
  for_each_value(document(), [&targets](const Json& value) {
    if (value.contains("$ref")) targets.insert(value["$ref"].as_string());
  });
  EXPECT_FALSE(targets.empty());
  for (const std::string& target : targets) {
    ASSERT_TRUE(target.starts_with("#/definitions/")) << target;
    EXPECT_TRUE(document()["definitions"].contains(target.substr(14))) << target;
  }
}

TEST(OpenApiV2, HasNoWordsOfVersionThree) {
  for_each_value(document(), [](const Json& value) {
    for (const char* word : {"nullable", "oneOf", "anyOf", "allOf", "requestBody", "content"}) {
      EXPECT_FALSE(value.contains(word)) << word;
    }
  });
}

TEST(OpenApiV2, EachKindHasAPatchThatKnowsDryRun) {
  for (const ResourceInfo& info : builtin_scheme().resources()) {
    if (info.read_only) continue;
    bool found = false;
    for (const auto& [path, item] : document()["paths"].as_object()) {
      const Json& patch = item["patch"];
      if (patch["x-kubernetes-group-version-kind"]["kind"].as_string() != info.kind) continue;
      for (const Json& parameter : patch["parameters"].as_array()) {
        found = found || parameter["name"].as_string() == "dryRun";
      }
    }
    EXPECT_TRUE(found) << info.kind;
  }
}

TEST(OpenApiV2, WhatMayBeNullHasNoType) {
  const Json& lease =
      document()["definitions"]["io.k8s.api.coordination.v1.Lease"]["properties"]["spec"];
  const Json& holder = lease["properties"]["holderIdentity"];
  EXPECT_FALSE(holder.contains("type"));
  EXPECT_FALSE(holder["description"].as_string().empty());
}

TEST(OpenApiV2, TheProtobufFormHasTheSamePathsAndDefinitions) {
  const std::string bytes = build_openapi_v2(builtin_scheme()).protobuf;
  EXPECT_EQ(children(bytes, 1).at(0), "2.0");
  std::set<std::string> paths;
  for (const std::string_view named : children(children(bytes, 8).at(0), 2)) {
    paths.emplace(children(named, 1).at(0));
  }
  EXPECT_EQ(paths.size(), document()["paths"].size());
  std::size_t kinds = 0;
  for (const std::string_view named : children(children(bytes, 9).at(0), 1)) {
    const std::string name(children(named, 1).at(0));
    EXPECT_TRUE(document()["definitions"].contains(name)) << name;
    // Clients find a kind by this extension, whose value is YAML.
    for (const std::string_view extension : children(children(named, 2).at(0), 31)) {
      if (children(extension, 1).at(0) == "x-kubernetes-group-version-kind") ++kinds;
    }
  }
  EXPECT_EQ(kinds, 2 * builtin_scheme().resources().size() + 2);  // and Status and Scale
}

TEST(OpenApiV2, WritesWhatClientsRead) {
  const Json small = Json::object(
      {{"swagger", "2.0"},
       {"info", Json::object({{"title", "t"}, {"version", "v"}})},
       {"definitions", Json::object({{"A", Json::object({{"type", "object"},
                                                         {"required", Json::array({"x"})}})}})}});
  const std::string want = std::string(
                               "\x0a\x03"
                               "2.0"
                               "\x12\x06\x0a\x01t\x12\x01v") +
                           std::string("\x42\0", 2) +
                           "\x4a\x16\x0a\x14\x0a\x01"
                           "A"
                           "\x12\x0f\x9a\x01\x01x\xb2\x01\x08\x0a\x06object";
  EXPECT_EQ(encode_openapi_v2(small), want);
}

}  // namespace
}  // namespace clickdeploy::api
