// Whether an applied body fits the types of the schema, before it is merged. The words are those of
// Kubernetes, which show a wrong value as Go prints it.

#include "api/schema/field_error.h"
#include "controller/apiserver/apply_merge_internal.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <set>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

using api::SchemaType;

constexpr std::size_t kProblemsMax = 100;
constexpr std::size_t kShownMax = 512;

// Go's %v of a decoded value: 5, text, map[a:1], [1 2].
std::string go_value(const Json& value) {
  if (value.is_null()) return "<nil>";
  if (value.is_string()) return value.as_string();
  std::vector<std::string> parts;
  if (value.is_array()) {
    for (const Json& item : value.as_array()) parts.push_back(go_value(item));
    return "[" + join(parts, " ") + "]";
  }
  if (value.is_object()) {
    for (const auto& [key, member] : value.as_object())
      parts.push_back(key + ":" + go_value(member));
    return "map[" + join(parts, " ") + "]";
  }
  return to_json(value);
}

std::string shown(const Json& value) {
  return "&{" + go_value(value).substr(0, kShownMax) + "}";
}

std::string go_type(const Json& value) {
  if (value.is_bool()) return "bool";
  if (value.is_int()) return "int64";
  if (value.is_double()) return "float64";
  if (value.is_string()) return "string";
  return value.is_array() ? "[]interface {}" : "map[string]interface {}";
}

// "" if the value is a scalar of the type.
std::string scalar_problem(SchemaType type, const Json& value) {
  switch (type) {
    case SchemaType::Integer:
    case SchemaType::Number:
      if (value.is_number()) return "";
      return "expected numeric (int or float), got " + go_type(value);
    case SchemaType::String:
      if (value.is_string()) return "";
      return fmt::format("expected string, got &value.valueUnstructured{{Value:{}}}",
                         api::describe_value(value));
    case SchemaType::Boolean:
      if (value.is_bool()) return "";
      return "expected boolean, got " + shown(value);
    case SchemaType::IntOrString:
      if (!value.is_array() && !value.is_object()) return "";
      return "expected any scalar, got " + shown(value);
    case SchemaType::Any:
    case SchemaType::Object:
    case SchemaType::Array:
      break;
  }
  return "";
}

class Checker {
 public:
  explicit Checker(bool hide) : hide_(hide) {}

  std::string check_all(FieldType type, const Json& value) {
    check(type, value, "");
    if (problems_.size() < 2) return problems_.empty() ? "" : problems_.front();
    return "errors:\n  " + join(problems_, "\n  ");
  }

 private:
  void check(FieldType type, const Json& value, const std::string& path) {
    const api::Schema* schema = type.schema();
    if (value.is_null() || problems_.size() >= kProblemsMax) return;
    if (schema == nullptr || schema->type == SchemaType::Any) return;
    if (schema->type == SchemaType::Object) {
      check_members(type, value, path);
    } else if (schema->type == SchemaType::Array) {
      check_items(type, value, path);
    } else if (std::string problem = scalar_problem(schema->type, value); !problem.empty()) {
      add(path, hide_ ? problem.substr(0, problem.find(", got")) : problem);
    }
  }

  void check_members(FieldType type, const Json& value, const std::string& path) {
    if (!value.is_object()) return add(path, "expected map" + got(value));
    for (const auto& [name, member] : value.as_object()) {
      const std::string below = path + "." + name;
      if (!type.allows(name)) return add(below, "field not declared in schema");
      check(type.member(name), member, below);
    }
  }

  void check_items(FieldType type, const Json& value, const std::string& path) {
    if (!value.is_array()) return add(path, "expected list" + got(value));
    const bool atomic = type.schema()->list_type == api::ListType::Atomic;
    std::set<std::string> seen;
    std::size_t index = 0;
    for (const Json& item : value.as_array()) {
      std::string step = fmt::format("[{}]", index);
      if (!atomic) {
        const std::string problem = key_problem(type, item);
        if (!problem.empty()) return add(path, fmt::format("element {}: {}", index, problem));
        const std::string key = type.key_of(item);
        step = key_text(key);
        if (!seen.insert(key).second) add(path, "duplicate entries for key " + step);
      }
      check(type.item(), item, path + step);
      ++index;
    }
  }

  // Why an item of a list of type map or set has no key; "" if it has one.
  static std::string key_problem(FieldType type, const Json& item) {
    if (type.schema()->list_type == api::ListType::Set) {
      if (item.is_object()) {
        return "associative list without keys has an element that's a map type";
      }
      if (item.is_array()) return "not supported: associative list with lists as elements";
      return item.is_null() ? "associative list without keys has an element that's an explicit null"
                            : "";
    }
    if (item.is_null()) return "associative list with keys may not have a null element";
    if (!item.is_object()) return "associative list with keys may not have non-map elements";
    if (type.key_of(item) != "k:{}") return "";
    std::vector<std::string> quoted;
    for (const std::string& key : type.schema()->list_map_keys) quoted.push_back(go_quote(key));
    return fmt::format(
        "associative list with keys has an element that omits all key fields [{}] (and doesn't "
        "have default values for any key fields)",
        join(quoted, " "));
  }

  void add(const std::string& path, const std::string& problem) {
    problems_.push_back(path.empty() ? problem : path + ": " + problem);
  }

  std::string got(const Json& value) const { return hide_ ? "" : ", got " + shown(value); }

  bool hide_;
  std::vector<std::string> problems_;
};

}  // namespace

std::string type_problems(FieldType type, const Json& value, bool hide) {
  return Checker(hide).check_all(type, value);
}

}  // namespace clickdeploy::apiserver
