// Validation, with the wording of kube-apiserver.

#include "api/schema/pattern.h"
#include "api/schema/schema.h"
#include "controller/base/text.h"
#include "controller/base/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>

namespace clickdeploy::api {
namespace {

std::string_view type_name(SchemaType type) {
  switch (type) {
    case SchemaType::Object:
      return "object";
    case SchemaType::Array:
      return "array";
    case SchemaType::String:
      return "string";
    case SchemaType::Integer:
      return "integer";
    case SchemaType::Number:
      return "number";
    case SchemaType::Boolean:
      return "boolean";
    case SchemaType::IntOrString:
      return "integer,string";
    case SchemaType::Any:
      break;
  }
  return "any";
}

std::string_view type_name(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_bool()) return "boolean";
  if (value.is_int()) return "integer";
  if (value.is_double()) return "number";
  if (value.is_string()) return "string";
  return value.is_array() ? "array" : "object";
}

// 2.0 is an integer, as in Go's JSON numbers; 2.5 is not.
bool is_whole(const Json& value) {
  return value.is_int() ||
         (value.is_double() && std::trunc(value.as_double()) == value.as_double());
}

bool has_type(const Json& value, SchemaType type) {
  switch (type) {
    case SchemaType::Any:
      return true;
    case SchemaType::Object:
      return value.is_object();
    case SchemaType::Array:
      return value.is_array();
    case SchemaType::String:
      return value.is_string();
    case SchemaType::Integer:
      return is_whole(value);
    case SchemaType::Number:
      return value.is_number();
    case SchemaType::Boolean:
      return value.is_bool();
    case SchemaType::IntOrString:
      return value.is_string() || is_whole(value);
  }
  return false;
}

// Bytes that continue a code point are not counted.
std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (char byte : text) {
    if ((static_cast<unsigned char>(byte) & 0xC0U) != 0x80U) ++count;
  }
  return count;
}

// Where a value stands. Its text is made when there is something to say of it.
class Place {
 public:
  explicit Place(std::string_view root) : name_(root) {}
  Place(const Place& parent, std::string_view name) : parent_(&parent), name_(name) {}
  Place(const Place& parent, std::size_t index) : parent_(&parent), index_(index) {}

  std::string text() const {
    if (parent_ == nullptr) return std::string(name_);
    return index_ == kNone ? child_path(parent_->text(), name_)
                           : item_path(parent_->text(), index_);
  }

 private:
  static constexpr std::size_t kNone = SIZE_MAX;

  const Place* parent_ = nullptr;  // outlives this
  std::string_view name_;
  std::size_t index_ = kNone;
};

class Validator {
 public:
  void value(const Json& value, const Schema& schema, const Place& place, const Json* old);
  FieldErrors take() {
    errors_.insert(errors_.end(), duplicates_.begin(), duplicates_.end());
    return std::move(errors_);
  }

 private:
  void object(const Json& value, const Schema& schema, const Place& place, const Json* old);
  void array(const Json& value, const Schema& schema, const Place& place, const Json* old);
  void text(const Json& value, const Schema& schema, const Place& place);
  void number(const Json& value, const Schema& schema, const Place& place);
  void allowed(const Json& value, const Schema& schema, const Place& place);
  void unique(const Json& value, const Schema& schema, const Place& place);

  void wrong_type(const Place& place, std::string_view want, std::string_view got) {
    const std::string path = place.text();
    FieldError error = invalid(
        path, Json(got), fmt::format("{} in body must be of type {}: \"{}\"", path, want, got));
    error.reason = FieldReason::TypeInvalid;
    errors_.push_back(std::move(error));
  }
  void should(const Place& place, const Json& shown, std::string_view what) {
    const std::string path = place.text();
    errors_.push_back(invalid(path, shown, fmt::format("{} in body should {}", path, what)));
  }

  FieldErrors errors_;
  FieldErrors duplicates_;
};

void Validator::value(const Json& value, const Schema& schema, const Place& place,
                      const Json* old) {
  if (errors_.size() >= kFieldErrorsMax || (old && *old == value)) return;
  if (value.is_null() && schema.nullable) return;
  if (!has_type(value, schema.type)) {
    wrong_type(place, type_name(schema.type), type_name(value));
    return;
  }
  allowed(value, schema, place);
  if (value.is_object()) object(value, schema, place, old);
  if (value.is_array()) array(value, schema, place, old);
  if (value.is_string()) text(value, schema, place);
  if (value.is_number()) number(value, schema, place);
}

void Validator::allowed(const Json& value, const Schema& schema, const Place& place) {
  if (schema.enum_values.empty()) return;
  std::vector<std::string> names;
  for (const Json& one : schema.enum_values) {
    if (one == value) return;
    names.push_back(one.is_string() ? one.as_string() : to_json(one));
  }
  errors_.push_back(not_supported(place.text(), value, names));
}

void Validator::object(const Json& value, const Schema& schema, const Place& place,
                       const Json* old) {
  if (schema.properties_max && value.size() > *schema.properties_max) {
    errors_.push_back(too_many(place.text(), value.size(), *schema.properties_max));
    return;
  }
  if (schema.properties_min && value.size() < *schema.properties_min) {
    should(place, Json(static_cast<std::int64_t>(value.size())),
           fmt::format("have at least {} properties", *schema.properties_min));
  }
  for (const std::string& name : schema.required) {
    if (!value.contains(name)) errors_.push_back(required(Place(place, name).text()));
  }
  for (const auto& [name, member] : value.as_object()) {
    const Schema* known = schema.property(name);
    if (known) this->value(member, *known, Place(place, name), old ? old->find(name) : nullptr);
  }
}

// The item of the old list with the same keys. Only lists of type map have corresponding items.
const Json* corresponding(const Json& item, const Schema& schema, const Json* old) {
  if (!old || schema.list_type != ListType::Map) return nullptr;
  for (const Json& candidate : old->as_array()) {
    const bool same =
        std::all_of(schema.list_map_keys.begin(), schema.list_map_keys.end(),
                    [&](const std::string& key) { return candidate[key] == item[key]; });
    if (same) return &candidate;
  }
  return nullptr;
}

void Validator::array(const Json& value, const Schema& schema, const Place& place,
                      const Json* old) {
  if (schema.items_max && value.size() > *schema.items_max) {
    errors_.push_back(too_many(place.text(), value.size(), *schema.items_max));
    return;
  }
  if (schema.items_min && value.size() < *schema.items_min) {
    should(place, Json(static_cast<std::int64_t>(value.size())),
           fmt::format("have at least {} items", *schema.items_min));
  }
  if (schema.items) {
    std::size_t index = 0;
    for (const Json& item : value.as_array()) {
      this->value(item, *schema.items, Place(place, index++), corresponding(item, schema, old));
    }
  }
  if (schema.list_type != ListType::Atomic) unique(value, schema, place);
}

// Lists of map items whose keys are all different: nearly all there are, and most are short.
bool is_surely_unique(const JsonArray& items, const std::vector<std::string>& keys) {
  constexpr std::size_t kFewItems = 16;
  if (items.size() > kFewItems) return false;
  for (std::size_t i = 1; i < items.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const bool differs = std::ranges::any_of(
          keys, [&](const std::string& key) { return items[i][key] != items[j][key]; });
      if (!differs) return false;
    }
  }
  return true;
}

void Validator::unique(const Json& value, const Schema& schema, const Place& place) {
  const bool map = schema.list_type == ListType::Map;
  if (map && is_surely_unique(value.as_array(), schema.list_map_keys)) return;
  std::set<std::string> seen;
  std::size_t index = 0;
  for (const Json& item : value.as_array()) {
    Json key = item;
    if (map) {
      key = Json::object();
      for (const std::string& name : schema.list_map_keys) {
        if (item.contains(name)) key.set(name, item[name]);
      }
    }
    if (!seen.insert(to_json(key)).second && duplicates_.size() < kFieldErrorsMax) {
      duplicates_.push_back(duplicate(Place(place, index).text(), key));
    }
    ++index;
  }
}

void Validator::text(const Json& value, const Schema& schema, const Place& place) {
  const std::string& text = value.as_string();
  const std::size_t length =
      schema.length_max || schema.length_min ? count_code_points(text) : text.size();
  if (schema.length_max && length > *schema.length_max) {
    errors_.push_back(
        too_long(place.text(), fmt::format("may not be more than {} bytes", *schema.length_max)));
    return;
  }
  if (schema.length_min && length < *schema.length_min) {
    should(place, value, fmt::format("be at least {} chars long", *schema.length_min));
  }
  if (schema.pattern && !schema.pattern->matches(text)) {
    should(place, value, fmt::format("match '{}'", schema.pattern->text()));
  }
  if (schema.format == "date-time" && !parse_time(text)) {
    const std::string path = place.text();
    FieldError error = invalid(
        path, value, fmt::format("{} in body must be of type date-time: {}", path, go_quote(text)));
    error.reason = FieldReason::TypeInvalid;
    errors_.push_back(std::move(error));
  }
}

void Validator::number(const Json& value, const Schema& schema, const Place& place) {
  const double number = value.as_double();
  if (schema.format == "int32" && (number < std::numeric_limits<std::int32_t>::min() ||
                                   number > std::numeric_limits<std::int32_t>::max())) {
    wrong_type(place, "int32", "integer");
    return;
  }
  if (schema.type == SchemaType::Integer && value.is_double() && std::abs(number) > 9.2e18) {
    wrong_type(place, "int64", "number");
    return;
  }
  const auto limit = [](double bound) {
    return bound == std::trunc(bound) ? fmt::format("{:.0f}", bound) : fmt::format("{}", bound);
  };
  if (schema.maximum) {
    if (schema.maximum_exclusive && number >= *schema.maximum) {
      should(place, value, "be less than " + limit(*schema.maximum));
    } else if (number > *schema.maximum) {
      should(place, value, "be less than or equal to " + limit(*schema.maximum));
    }
  }
  if (schema.minimum) {
    if (schema.minimum_exclusive && number <= *schema.minimum) {
      should(place, value, "be greater than " + limit(*schema.minimum));
    } else if (number < *schema.minimum) {
      should(place, value, "be greater than or equal to " + limit(*schema.minimum));
    }
  }
}

}  // namespace

FieldErrors validate(const Json& value, const Schema& schema, std::string_view path,
                     const Json* old) {
  Validator validator;
  validator.value(value, schema, Place(path), old);
  return validator.take();
}

}  // namespace clickdeploy::api
