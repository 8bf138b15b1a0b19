// From the JSON form of a schema to the tree that the other functions walk.

#include "api/schema/pattern.h"
#include "api/schema/schema.h"

#include <array>
#include <utility>

namespace clickdeploy::api {
namespace {

class Compiler {
 public:
  Result<Schema> compile(const Json& source, const std::string& path);

 private:
  Result<void> read_type(const Json& source, Schema& schema) const;
  Result<void> read_list(const Json& source, Schema& schema) const;
  void read_limits(const Json& source, Schema& schema) const;
  Result<void> read_children(const Json& source, const std::string& path, Schema& schema);
  Result<std::shared_ptr<const Schema>> child(const Json& source, const std::string& path,
                                              Schema& parent);
};

std::optional<std::size_t> read_count(const Json& value) {
  if (!value.is_int() || value.as_int() < 0) return std::nullopt;
  return static_cast<std::size_t>(value.as_int());
}

std::optional<double> read_number(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  return value.as_double();
}

Result<Schema> Compiler::compile(const Json& source, const std::string& path) {
  if (!source.is_object()) {
    return fail(ErrorCode::InvalidArgument, path + ": a schema must be an object");
  }
  Schema schema;
  schema.description = source["description"].as_string();
  schema.format = source["format"].as_string();
  schema.nullable = source["nullable"].as_bool();
  schema.preserve_unknown_fields = source["x-kubernetes-preserve-unknown-fields"].as_bool();
  schema.has_validations = !source["x-kubernetes-validations"].empty();
  schema.atomic_map = source["x-kubernetes-map-type"].as_string() == "atomic";
  schema.enum_values = source["enum"].as_array();
  if (const Json* value = source.find("default")) schema.default_value = *value;
  for (const Json& name : source["required"].as_array()) {
    schema.required.push_back(name.as_string());
  }
  read_limits(source, schema);

  Result<void> read = read_type(source, schema);
  if (read) read = read_list(source, schema);
  if (read) read = read_children(source, path, schema);
  if (!read && read.error().message().starts_with("schema")) return std::unexpected(read.error());
  if (!read) return std::unexpected(std::move(read).error().with_context(path));
  return schema;
}

Result<void> Compiler::read_type(const Json& source, Schema& schema) const {
  static constexpr std::array<std::pair<std::string_view, SchemaType>, 6> kTypes{{
      {"object", SchemaType::Object},
      {"array", SchemaType::Array},
      {"string", SchemaType::String},
      {"integer", SchemaType::Integer},
      {"number", SchemaType::Number},
      {"boolean", SchemaType::Boolean},
  }};
  if (source["x-kubernetes-int-or-string"].as_bool()) {
    schema.type = SchemaType::IntOrString;
    return {};
  }
  const std::string& name = source["type"].as_string();
  if (name.empty()) {
    if (schema.preserve_unknown_fields) return {};
    return fail(ErrorCode::InvalidArgument, "type is missing");
  }
  for (const auto& [known, type] : kTypes) {
    if (name == known) {
      schema.type = type;
      return {};
    }
  }
  return fail(ErrorCode::InvalidArgument, "unknown type " + name);
}

Result<void> Compiler::read_list(const Json& source, Schema& schema) const {
  const std::string& list_type = source["x-kubernetes-list-type"].as_string();
  if (list_type == "set") schema.list_type = ListType::Set;
  if (list_type == "map") {
    schema.list_type = ListType::Map;
    for (const Json& key : source["x-kubernetes-list-map-keys"].as_array()) {
      schema.list_map_keys.push_back(key.as_string());
    }
    if (schema.list_map_keys.empty()) {
      return fail(ErrorCode::InvalidArgument,
                  "a list of type map needs x-kubernetes-list-map-keys");
    }
  }
  return {};
}

void Compiler::read_limits(const Json& source, Schema& schema) const {
  schema.properties_min = read_count(source["minProperties"]);
  schema.properties_max = read_count(source["maxProperties"]);
  schema.items_min = read_count(source["minItems"]);
  schema.items_max = read_count(source["maxItems"]);
  schema.length_min = read_count(source["minLength"]);
  schema.length_max = read_count(source["maxLength"]);
  schema.minimum = read_number(source["minimum"]);
  schema.maximum = read_number(source["maximum"]);
  schema.minimum_exclusive = source["exclusiveMinimum"].as_bool();
  schema.maximum_exclusive = source["exclusiveMaximum"].as_bool();
}

Result<std::shared_ptr<const Schema>> Compiler::child(const Json& source, const std::string& path,
                                                      Schema& parent) {
  Result<Schema> compiled = compile(source, path);
  if (!compiled) return std::unexpected(compiled.error());
  parent.has_validations = parent.has_validations || compiled->has_validations;
  return std::make_shared<const Schema>(std::move(*compiled));
}

Result<void> Compiler::read_children(const Json& source, const std::string& path, Schema& schema) {
  for (const auto& [name, value] : source["properties"].as_object()) {
    Result<std::shared_ptr<const Schema>> member = child(value, path + "." + name, schema);
    if (!member) return std::unexpected(member.error());
    schema.properties.emplace(name, std::move(*member));
  }
  if (const Json* values = source.find("additionalProperties")) {
    Result<std::shared_ptr<const Schema>> member = child(*values, path + ".*", schema);
    if (!member) return std::unexpected(member.error());
    schema.additional_properties = std::move(*member);
  }
  if (schema.type == SchemaType::Array) {
    Result<std::shared_ptr<const Schema>> item = child(source["items"], path + "[]", schema);
    if (!item) return std::unexpected(item.error());
    schema.items = std::move(*item);
  }
  if (const Json* expression = source.find("pattern")) {
    Result<std::shared_ptr<const Pattern>> pattern = Pattern::compile(expression->as_string());
    if (!pattern) return std::unexpected(pattern.error());
    schema.pattern = std::move(*pattern);
  }
  return {};
}

}  // namespace

const Schema* Schema::property(std::string_view name) const {
  if (auto found = properties.find(name); found != properties.end()) return found->second.get();
  return additional_properties.get();
}

Result<Schema> Schema::compile(const Json& open_api_v3_schema) {
  return Compiler().compile(open_api_v3_schema, "schema");
}

}  // namespace clickdeploy::api
