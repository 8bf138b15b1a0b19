#include "api/schema/openapi_v2.h"

#include "api/schema/openapi.h"
#include "controller/base/check.h"
#include "controller/base/text.h"

#include <string_view>
#include <utility>

namespace clickdeploy::api {
namespace {

constexpr std::string_view kComponents = "#/components/schemas/";
constexpr std::string_view kDefinitions = "#/definitions/";

Json convert(const Json& schema);

std::string reference(const Json& target) {
  return std::string(kDefinitions) + target.as_string().substr(kComponents.size());
}

Json convert_members(const Json& members) {
  Json result = Json::object();
  for (const auto& [name, schema] : members.as_object()) result.set(name, convert(schema));
  return result;
}

// What v2 has no word for.
bool is_left_out(std::string_view key) {
  return key == "nullable" || key == "oneOf" || key == "anyOf" || key == "not" || key == "allOf" ||
         key == "x-kubernetes-validations";
}

// With a type, or members, a client would refuse null, a number for a text, or unknown members.
bool blurs_type(const Json& schema) {
  return schema["nullable"].as_bool() || schema["x-kubernetes-int-or-string"].as_bool() ||
         schema["x-kubernetes-preserve-unknown-fields"].as_bool();
}

bool is_of_type(std::string_view key) {
  return key == "type" || key == "properties" || key == "items" || key == "required" ||
         key == "additionalProperties" || key == "enum" || key == "format";
}

Json convert(const Json& schema) {
  Json result = Json::object();
  if (const Json* target = schema.find("$ref")) {
    result.set("$ref", reference(*target));
    return result;
  }
  if (schema["allOf"].size() == 1 && schema["allOf"][0].contains("$ref")) {
    result.set("$ref", reference(schema["allOf"][0]["$ref"]));
    if (const Json* description = schema.find("description")) {
      result.set("description", *description);
    }
    return result;
  }
  const bool blurred = blurs_type(schema);
  for (const auto& [key, value] : schema.as_object()) {
    if (is_left_out(key) || (blurred && is_of_type(key))) continue;
    if (key == "properties") {
      result.set(key, convert_members(value));
    } else if (key == "items" || (key == "additionalProperties" && value.is_object())) {
      result.set(key, convert(value));
    } else {
      result.set(key, value);
    }
  }
  return result;
}

// {"application/json": {"schema": …}, …} → the media types.
Json media_types(const Json& content) {
  Json types = Json::array();
  for (const auto& [type, value] : content.as_object()) types.push_back(type);
  return types;
}

Json convert_parameter(const Json& parameter) {
  Json result = parameter;
  result.erase("schema");
  for (const auto& [key, value] : parameter["schema"].as_object()) result.set(key, value);
  return result;
}

Json convert_operation(const Json& operation) {
  Json result = Json::object();
  Json parameters = Json::array();
  for (const Json& parameter : operation["parameters"].as_array()) {
    parameters.push_back(convert_parameter(parameter));
  }
  if (const Json* body = operation.find("requestBody")) {
    const Json& content = (*body)["content"];
    result.set("consumes", media_types(content));
    Json one = Json::object({{"name", "body"}, {"in", "body"}, {"required", true}});
    if (!content.empty()) one.set("schema", convert(content.as_object().begin()->second["schema"]));
    parameters.push_back(std::move(one));
  }
  Json responses = Json::object();
  for (const auto& [code, response] : operation["responses"].as_object()) {
    Json converted = Json::object({{"description", response["description"]}});
    const Json& content = response["content"];
    if (!content.empty()) {
      result.set("produces", media_types(content));
      converted.set("schema", convert(content.as_object().begin()->second["schema"]));
    }
    responses.set(code, std::move(converted));
  }
  result.set("parameters", std::move(parameters));
  result.set("responses", std::move(responses));
  for (const char* key :
       {"operationId", "x-kubernetes-action", "x-kubernetes-group-version-kind"}) {
    if (const Json* value = operation.find(key)) result.set(key, *value);
  }
  return result;
}

Json convert_path(const Json& item) {
  Json result = Json::object();
  for (const auto& [key, value] : item.as_object()) {
    if (key != "parameters") {
      result.set(key, convert_operation(value));
      continue;
    }
    Json parameters = Json::array();
    for (const Json& parameter : value.as_array()) {
      parameters.push_back(convert_parameter(parameter));
    }
    result.set(key, std::move(parameters));
  }
  return result;
}

}  // namespace

OpenApiV2Document build_openapi_v2(const Scheme& scheme) {
  Json paths = Json::object();
  Json definitions = Json::object();
  Json info;
  for (const auto& [group, version] : scheme.group_versions()) {
    Result<Json> document = parse_json(build_openapi(scheme, group, version).bytes);
    CHECK(document.has_value(), "the OpenAPI document is JSON");
    info = (*document)["info"];
    for (const auto& [path, item] : (*document)["paths"].as_object()) {
      paths.set(path, convert_path(item));
    }
    for (const auto& [name, schema] : (*document)["components"]["schemas"].as_object()) {
      definitions.set(name, convert(schema));
    }
  }
  info.set("version", CLICKDEPLOY_VERSION);
  const Json document = Json::object({{"swagger", "2.0"},
                                      {"info", std::move(info)},
                                      {"paths", std::move(paths)},
                                      {"definitions", std::move(definitions)}});
  OpenApiV2Document result;
  result.json = to_json(document);
  result.protobuf = encode_openapi_v2(document);
  result.hash = sha256_hex(result.json);
  for (char& c : result.hash) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

}  // namespace clickdeploy::api
