// Schema: a structural OpenAPI v3 schema, compiled once, that prunes, defaults and validates.
//
// The input is the `openAPIV3Schema` of a CustomResourceDefinition. Supported: type, properties,
// required, additionalProperties, items, enum, pattern, format (int32, int64, date-time), minimum,
// maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength, minItems, maxItems,
// minProperties, maxProperties, nullable, default, description, and the extensions
// x-kubernetes-int-or-string, -preserve-unknown-fields, -list-type, -list-map-keys, -map-type.
// x-kubernetes-validations are published but not evaluated: the same rules are written in C++
// (ResourceInfo::cross_field_rules).
//
// Threads: immutable after compile(); share freely. Depth of the input is bounded by the schema
// itself, except below preserve-unknown-fields, which is not walked.

#pragma once

#include "api/schema/field_error.h"
#include "controller/base/error.h"
#include "controller/base/json.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::api {

class Pattern;  // a compiled regular expression; matching takes time linear in the text

enum class SchemaType : std::uint8_t {
  Any,
  Object,
  Array,
  String,
  Integer,
  Number,
  Boolean,
  IntOrString
};
enum class ListType : std::uint8_t { Atomic, Set, Map };

struct Schema {
  SchemaType type = SchemaType::Any;
  std::string format;
  std::string description;
  bool nullable = false;
  bool preserve_unknown_fields = false;
  bool has_validations = false;  // x-kubernetes-validations here or anywhere below
  std::optional<Json> default_value;

  // Objects: named members, or a map when `additional_properties` is set.
  std::map<std::string, std::shared_ptr<const Schema>, std::less<>> properties;
  std::vector<std::string> required;
  std::shared_ptr<const Schema> additional_properties;
  bool atomic_map = false;  // x-kubernetes-map-type: atomic
  std::optional<std::size_t> properties_min;
  std::optional<std::size_t> properties_max;

  // Arrays.
  std::shared_ptr<const Schema> items;
  ListType list_type = ListType::Atomic;
  std::vector<std::string> list_map_keys;
  std::optional<std::size_t> items_min;
  std::optional<std::size_t> items_max;

  // Scalars.
  std::vector<Json> enum_values;
  std::shared_ptr<const Pattern> pattern;
  std::optional<std::size_t> length_min;  // code points
  std::optional<std::size_t> length_max;
  std::optional<double> minimum;
  std::optional<double> maximum;
  bool minimum_exclusive = false;
  bool maximum_exclusive = false;

  // The schema of a member: named, else of the map's values, else nullptr.
  const Schema* property(std::string_view name) const;

  // InvalidArgument names the path in the schema that is malformed or not supported.
  static Result<Schema> compile(const Json& open_api_v3_schema);
};

// Drops what the schema does not name, at every level. At the root apiVersion, kind and metadata
// stay. The paths dropped ("spec.bogus", "spec.list[0].x") are appended to `unknown_paths`, in
// alphabetical order of the members. Nulls that are not allowed stay: apply_defaults removes them.
void prune(Json& object, const Schema& schema, std::vector<std::string>* unknown_paths = nullptr);

// Fills in `default` values of absent members whose parent exists. A null for a member that is not
// nullable counts as absent: it is defaulted, or dropped where there is no default. By the rule
// Keep it stays there, for validation to find.
enum class NullRule : std::uint8_t { Drop, Keep };
void apply_defaults(Json& value, const Schema& schema, NullRule nulls = NullRule::Drop);

// Every violation: values in the order of the object's keys, then duplicates in set and map lists.
// `path` is that of `value` in the whole object. With `old`, parts that are equal in it are not
// looked at again (an object that was stored may stay as it is where a change does not touch it).
FieldErrors validate(const Json& value, const Schema& schema, std::string_view path = {},
                     const Json* old = nullptr);

}  // namespace clickdeploy::api
