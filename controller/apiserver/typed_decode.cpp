#include "controller/apiserver/typed_decode_internal.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

namespace clickdeploy::apiserver {
namespace {

using api::Schema;
using api::SchemaType;

// The fields whose Go type has a name of its own.
struct NamedType {
  std::string_view field;  // with the kind in front
  std::string_view type;
};
constexpr std::array kNamedTypes = {
    NamedType{"Event.involvedObject", "ObjectReference"},
    NamedType{"Event.related", "ObjectReference"},
    NamedType{"Event.series", "EventSeries"},
    NamedType{"Event.source", "EventSource"},
    NamedType{"Lease.spec", "LeaseSpec"},
    NamedType{"Lease.spec.strategy", "CoordinatedLeaseStrategy"},
    NamedType{"Namespace.spec", "NamespaceSpec"},
    NamedType{"Namespace.spec.finalizers", "FinalizerName"},
    NamedType{"Namespace.status", "NamespaceStatus"},
    NamedType{"Namespace.status.phase", "NamespacePhase"},
    NamedType{"Secret.type", "SecretType"},
};

constexpr std::string_view kTime = "2006-01-02T15:04:05Z07:00";
constexpr std::string_view kMicroTime = "2006-01-02T15:04:05.000000Z07:00";
constexpr std::array kMicroTimes = {"spec.acquireTime", "spec.renewTime", "eventTime",
                                    "series.lastObservedTime"};

// Where a value stands: the Go struct that has the field, and the field's path from the root.
struct Place {
  std::string_view kind;
  std::string structure;
  std::string path;

  std::string_view type_name() const {
    const std::string field = fmt::format("{}.{}", kind, path);
    for (const NamedType& named : kNamedTypes) {
      if (named.field == field) return named.type;
    }
    return {};
  }
};

std::string_view go_kind(const Json& value) {
  if (value.is_bool()) return "bool";
  if (value.is_int()) return "int64";
  if (value.is_double()) return "float64";
  if (value.is_string()) return "string";
  return value.is_array() ? "slice" : "map";
}

std::string go_type(const Schema& schema, const Place& place) {
  const std::string_view name = place.type_name();
  if (schema.type == SchemaType::Array) {
    return "[]" + (schema.items ? go_type(*schema.items, place) : std::string("interface {}"));
  }
  if (!name.empty()) return fmt::format("v1.{}", name);
  if (schema.type == SchemaType::Object && schema.additional_properties) {
    return "map[string]" + go_type(*schema.additional_properties, place);
  }
  if (schema.type == SchemaType::Integer) return schema.format.empty() ? "int64" : schema.format;
  if (schema.type == SchemaType::Boolean) return "bool";
  return schema.format == "byte" ? "[]uint8" : "string";
}

Misfit misfit(const Json& value, std::string_view shown, const Schema& schema, const Place& place) {
  const std::string type = go_type(schema, place);
  std::string converted = fmt::format("cannot convert {} to {}", go_kind(value), type);
  if (schema.type == SchemaType::Array || schema.format == "byte") {
    converted = fmt::format("cannot restore slice from {}", go_kind(value));
  } else if (schema.type == SchemaType::Object) {
    converted = schema.additional_properties
                    ? fmt::format("cannot restore map from {}", go_kind(value))
                    : fmt::format("cannot restore struct from: {}", go_kind(value));
  }
  return {fmt::format("json: cannot unmarshal {} into Go struct field {}.{} of type {}", shown,
                      place.structure, place.path, type),
          std::move(converted)};
}

std::optional<Misfit> check_time(const Json& value, const Place& place) {
  if (!value.is_string()) {
    const std::string why =
        fmt::format("json: cannot unmarshal {} into Go value of type string", json_kind(value));
    return Misfit{why, why};
  }
  const std::string& text = value.as_string();
  if (text.empty() || parse_time(text)) return std::nullopt;
  const bool micro = std::ranges::find(kMicroTimes, place.path) != kMicroTimes.end();
  const std::string why = fmt::format("parsing time {} as \"{}\": cannot parse {} as \"2006\"",
                                      go_quote(text), micro ? kMicroTime : kTime, go_quote(text));
  return Misfit{why, why};
}

// The first byte that base64 has no use for, counted as Go counts.
std::optional<Misfit> check_bytes(const Json& value) {
  const std::string& text = value.as_string();
  if (base64_decode(text)) return std::nullopt;
  auto known = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
  };
  const auto bad = std::ranges::find_if_not(text, known);
  const std::string why = fmt::format("illegal base64 data at input byte {}", bad - text.begin());
  return Misfit{why, why};
}

std::optional<Misfit> check_number(const Json& value, const Schema& schema, const Place& place) {
  if (!value.is_number()) return misfit(value, json_kind(value), schema, place);
  const double number = value.as_double();
  const bool small =
      schema.format != "int32" || (number >= std::numeric_limits<std::int32_t>::min() &&
                                   number <= std::numeric_limits<std::int32_t>::max());
  if (small && (value.is_int() || std::trunc(number) == number)) return std::nullopt;
  return misfit(value, "number " + to_json(value), schema, place);
}

std::optional<Misfit> check(const Json& value, const Schema& schema, const Place& place);

std::optional<Misfit> check_members(const Json& value, const Schema& schema, const Place& place) {
  const bool map = schema.additional_properties != nullptr;
  for (const auto& [name, member] : value.as_object()) {
    const Schema* known = schema.property(name);
    if (known == nullptr || (place.path.empty() && name == "metadata")) continue;
    Place inside = place;
    if (!map) {
      inside.structure = place.path.empty() ? place.kind : place.type_name();
      inside.path = place.path.empty() ? name : place.path + "." + name;
    }
    if (std::optional<Misfit> found = check(member, *known, inside)) return found;
  }
  return std::nullopt;
}

// Go passes over a null.
std::optional<Misfit> check(const Json& value, const Schema& schema, const Place& place) {
  if (value.is_null()) return std::nullopt;
  const bool bytes = schema.format == "byte";
  bool fits = true;
  switch (schema.type) {
    case SchemaType::Object:
      fits = value.is_object();
      if (fits) return check_members(value, schema, place);
      break;
    case SchemaType::Array:
      fits = value.is_array();
      for (const Json& item : value.as_array()) {
        std::optional<Misfit> found =
            schema.items ? check(item, *schema.items, place) : std::nullopt;
        if (found) return found;
      }
      break;
    case SchemaType::String:
      if (schema.format == "date-time") return check_time(value, place);
      fits = value.is_string();
      if (fits && bytes) return check_bytes(value);
      break;
    case SchemaType::Integer:
      return check_number(value, schema, place);
    case SchemaType::Boolean:
      fits = value.is_bool();
      break;
    case SchemaType::Any:
    case SchemaType::Number:
    case SchemaType::IntOrString:
      break;
  }
  if (fits) return std::nullopt;
  return misfit(value, json_kind(value), schema, place);
}

bool is_map_of_texts(const Schema* schema) {
  return schema != nullptr && schema->additional_properties &&
         schema->additional_properties->type == SchemaType::String &&
         schema->additional_properties->format.empty();
}

bool has_null(const Json& object) {
  return std::ranges::any_of(object.as_object(),
                             [](const auto& member) { return member.second.is_null(); });
}

}  // namespace

std::optional<Misfit> find_misfit(const api::ResourceInfo& info, Json& object) {
  const Place root{info.kind, info.kind, ""};
  if (std::optional<Misfit> found = check_members(object, info.schema, root)) return found;
  std::vector<std::string> maps;
  for (const auto& [name, value] : std::as_const(object).as_object()) {
    if (is_map_of_texts(info.schema.property(name)) && has_null(value)) maps.push_back(name);
  }
  for (const std::string& name : maps) {
    for (auto& [key, value] : object.member(name).object_ref()) {
      if (value.is_null()) value = "";
    }
  }
  return std::nullopt;
}

std::string_view json_kind(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_bool()) return "bool";
  if (value.is_number()) return "number";
  if (value.is_string()) return "string";
  return value.is_array() ? "array" : "object";
}

std::string go_text(const Json& value) {
  if (value.is_null()) return "<nil>";
  if (value.is_string()) return value.as_string();
  std::vector<std::string> parts;
  for (const Json& item : value.as_array()) parts.push_back(go_text(item));
  for (const auto& [name, member] : value.as_object()) {
    parts.push_back(name + ":" + go_text(member));
  }
  if (value.is_array()) return "[" + join(parts, " ") + "]";
  return value.is_object() ? "map[" + join(parts, " ") + "]" : to_json(value);
}

}  // namespace clickdeploy::apiserver
