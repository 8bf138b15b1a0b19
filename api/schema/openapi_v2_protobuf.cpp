// The field numbers are those of OpenAPIv2.proto of the gnostic models, which clients read with.

#include "api/schema/openapi_v2.h"
#include "controller/base/protobuf.h"

#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace clickdeploy::api {
namespace {

ProtoWriter write_schema(const Json& schema);

void add_text(ProtoWriter& writer, std::uint32_t number, const Json& value) {
  if (!value.as_string().empty()) writer.add_bytes(number, value.as_string());
}

void add_texts(ProtoWriter& writer, std::uint32_t number, const Json& list) {
  for (const Json& item : list.as_array()) writer.add_bytes(number, item.as_string());
}

void add_flag(ProtoWriter& writer, std::uint32_t number, const Json& value) {
  if (value.as_bool()) writer.add_bool(number, true);
}

// The message Any, which holds a value as YAML: JSON is that too.
ProtoWriter write_any(const Json& value) {
  ProtoWriter any;
  any.add_bytes(2, to_json(value));
  return any;
}

// {name = 1, value = 2}, of which all maps consist.
void add_named(ProtoWriter& writer, std::uint32_t number, std::string_view name,
               const ProtoWriter& value) {
  ProtoWriter named;
  named.add_bytes(1, name);
  named.add_message(2, value);
  writer.add_message(number, named);
}

void add_extensions(ProtoWriter& writer, std::uint32_t number, const Json& object) {
  for (const auto& [key, value] : object.as_object()) {
    if (key.starts_with("x-")) add_named(writer, number, key, write_any(value));
  }
}

struct SchemaNumber {
  std::string_view name;
  std::uint32_t number;
};
constexpr std::array kSchemaDoubles = {SchemaNumber{"multipleOf", 6}, SchemaNumber{"maximum", 7},
                                       SchemaNumber{"minimum", 9}};
constexpr std::array kSchemaSizes = {
    SchemaNumber{"maxLength", 11},     SchemaNumber{"minLength", 12},
    SchemaNumber{"maxItems", 14},      SchemaNumber{"minItems", 15},
    SchemaNumber{"maxProperties", 17}, SchemaNumber{"minProperties", 18}};

void add_bounds(ProtoWriter& writer, const Json& schema) {
  for (const auto& [name, number] : kSchemaDoubles) {
    if (const Json* value = schema.find(name)) writer.add_double(number, value->as_double());
  }
  for (const auto& [name, number] : kSchemaSizes) {
    if (const Json* value = schema.find(name)) {
      writer.add_varint(number, static_cast<std::uint64_t>(value->as_int()));
    }
  }
  add_flag(writer, 8, schema["exclusiveMaximum"]);
  add_flag(writer, 10, schema["exclusiveMinimum"]);
  add_flag(writer, 16, schema["uniqueItems"]);
}

void add_children(ProtoWriter& writer, const Json& schema) {
  if (const Json* values = schema.find("additionalProperties")) {
    ProtoWriter item;
    if (values->is_bool()) {
      item.add_bool(2, values->as_bool());
    } else {
      item.add_message(1, write_schema(*values));
    }
    writer.add_message(21, item);
  }
  if (const Json* items = schema.find("items")) {
    ProtoWriter item;
    item.add_message(1, write_schema(*items));
    writer.add_message(23, item);
  }
  if (const Json* properties = schema.find("properties")) {
    ProtoWriter members;
    for (const auto& [name, member] : properties->as_object()) {
      add_named(members, 1, name, write_schema(member));
    }
    writer.add_message(25, members);
  }
}

ProtoWriter write_schema(const Json& schema) {
  ProtoWriter writer;
  add_text(writer, 1, schema["$ref"]);
  add_text(writer, 2, schema["format"]);
  add_text(writer, 4, schema["description"]);
  if (const Json* value = schema.find("default")) writer.add_message(5, write_any(*value));
  add_text(writer, 13, schema["pattern"]);
  add_bounds(writer, schema);
  add_texts(writer, 19, schema["required"]);
  for (const Json& value : schema["enum"].as_array()) writer.add_message(20, write_any(value));
  if (const Json* type = schema.find("type")) {
    ProtoWriter types;
    types.add_bytes(1, type->as_string());
    writer.add_message(22, types);
  }
  add_children(writer, schema);
  add_extensions(writer, 31, schema);
  return writer;
}

ProtoWriter write_body_parameter(const Json& parameter) {
  ProtoWriter body;
  add_text(body, 1, parameter["description"]);
  add_text(body, 2, parameter["name"]);
  add_text(body, 3, parameter["in"]);
  add_flag(body, 4, parameter["required"]);
  body.add_message(5, write_schema(parameter["schema"]));
  ProtoWriter result;
  result.add_message(1, body);
  return result;
}

// Parameters in the query and in the path differ in the place of `type` and `uniqueItems`.
ProtoWriter write_plain_parameter(const Json& parameter) {
  const bool query = parameter["in"].as_string() == "query";
  ProtoWriter plain;
  add_flag(plain, 1, parameter["required"]);
  add_text(plain, 2, parameter["in"]);
  add_text(plain, 3, parameter["description"]);
  add_text(plain, 4, parameter["name"]);
  add_text(plain, query ? 6 : 5, parameter["type"]);
  add_flag(plain, query ? 20 : 19, parameter["uniqueItems"]);
  ProtoWriter one_of;
  one_of.add_message(query ? 3 : 4, plain);
  ProtoWriter result;
  result.add_message(2, one_of);
  return result;
}

void add_parameters(ProtoWriter& writer, std::uint32_t number, const Json& parameters) {
  for (const Json& parameter : parameters.as_array()) {
    ProtoWriter item;
    item.add_message(1, parameter["in"].as_string() == "body" ? write_body_parameter(parameter)
                                                              : write_plain_parameter(parameter));
    writer.add_message(number, item);
  }
}

ProtoWriter write_response(const Json& response) {
  ProtoWriter inner;
  add_text(inner, 1, response["description"]);
  if (const Json* schema = response.find("schema")) {
    ProtoWriter item;
    item.add_message(1, write_schema(*schema));
    inner.add_message(2, item);
  }
  ProtoWriter result;
  result.add_message(1, inner);
  return result;
}

ProtoWriter write_operation(const Json& operation) {
  ProtoWriter writer;
  add_text(writer, 5, operation["operationId"]);
  add_texts(writer, 6, operation["produces"]);
  add_texts(writer, 7, operation["consumes"]);
  add_parameters(writer, 8, operation["parameters"]);
  ProtoWriter responses;
  for (const auto& [code, response] : operation["responses"].as_object()) {
    add_named(responses, 1, code, write_response(response));
  }
  writer.add_message(9, responses);
  add_extensions(writer, 13, operation);
  return writer;
}

ProtoWriter write_path(const Json& item) {
  constexpr std::array kOperations = {SchemaNumber{"get", 2}, SchemaNumber{"put", 3},
                                      SchemaNumber{"post", 4}, SchemaNumber{"delete", 5},
                                      SchemaNumber{"patch", 8}};
  ProtoWriter writer;
  for (const auto& [name, number] : kOperations) {
    const Json* operation = item.find(name);
    if (operation != nullptr) writer.add_message(number, write_operation(*operation));
  }
  add_parameters(writer, 9, item["parameters"]);
  return writer;
}

}  // namespace

std::string encode_openapi_v2(const Json& document) {
  ProtoWriter writer;
  add_text(writer, 1, document["swagger"]);
  ProtoWriter info;
  add_text(info, 1, document["info"]["title"]);
  add_text(info, 2, document["info"]["version"]);
  writer.add_message(2, info);
  ProtoWriter paths;
  for (const auto& [path, item] : document["paths"].as_object()) {
    add_named(paths, 2, path, write_path(item));
  }
  writer.add_message(8, paths);
  ProtoWriter definitions;
  for (const auto& [name, schema] : document["definitions"].as_object()) {
    add_named(definitions, 1, name, write_schema(schema));
  }
  writer.add_message(9, definitions);
  return writer.bytes();
}

}  // namespace clickdeploy::api
