#include "api/schema/field_error.h"

#include "controller/base/text.h"
#include "controller/base/utf8.h"

#include <fmt/format.h>

namespace clickdeploy::api {
namespace {

constexpr std::size_t kShownBytesMax = 512;

std::string shown(const std::string& text) {
  if (text.size() <= kShownBytesMax) return text;
  return std::string(utf8_prefix(text, kShownBytesMax)) + "…";
}

std::string_view title(FieldReason reason) {
  switch (reason) {
    case FieldReason::Required:
      return "Required value";
    case FieldReason::Invalid:
    case FieldReason::TypeInvalid:
      return "Invalid value";
    case FieldReason::NotSupported:
      return "Unsupported value";
    case FieldReason::Duplicate:
      return "Duplicate value";
    case FieldReason::Forbidden:
      return "Forbidden";
    case FieldReason::TooLong:
      return "Too long";
    case FieldReason::TooMany:
      return "Too many";
  }
  return "Invalid value";
}

FieldError make(std::string path, FieldReason reason, std::string_view value,
                std::string_view detail) {
  std::string message(title(reason));
  if (!value.empty()) message.append(": ").append(value);
  if (!detail.empty()) message.append(": ").append(detail);
  return FieldError{std::move(path), reason, std::move(message)};
}

}  // namespace

std::string_view to_string(FieldReason reason) {
  switch (reason) {
    case FieldReason::Required:
      return "FieldValueRequired";
    case FieldReason::Invalid:
      return "FieldValueInvalid";
    case FieldReason::TypeInvalid:
      return "FieldValueTypeInvalid";
    case FieldReason::NotSupported:
      return "FieldValueNotSupported";
    case FieldReason::Duplicate:
      return "FieldValueDuplicate";
    case FieldReason::Forbidden:
      return "FieldValueForbidden";
    case FieldReason::TooLong:
      return "FieldValueTooLong";
    case FieldReason::TooMany:
      return "FieldValueTooMany";
  }
  return "FieldValueInvalid";
}

std::string to_string(const FieldError& error) {
  return error.path + ": " + error.message;
}

std::string join_errors(const FieldErrors& errors) {
  if (errors.size() == 1) return to_string(errors.front());
  std::string text = "[";
  for (const FieldError& error : errors) {
    if (text.size() > 1) text += ", ";
    text += to_string(error);
  }
  return text + "]";
}

FieldError required(std::string path, std::string_view detail) {
  return make(std::move(path), FieldReason::Required, {}, detail);
}

FieldError invalid(std::string path, const Json& value, std::string_view detail) {
  return make(std::move(path), FieldReason::Invalid, describe_value(value), detail);
}

FieldError not_supported(std::string path, const Json& value,
                         const std::vector<std::string>& supported) {
  std::vector<std::string> quoted;
  for (const std::string& name : supported) quoted.push_back(go_quote(name));
  return make(std::move(path), FieldReason::NotSupported, describe_value(value),
              "supported values: " + join(quoted, ", "));
}

FieldError duplicate(std::string path, const Json& value) {
  return make(std::move(path), FieldReason::Duplicate, describe_value(value), {});
}

FieldError forbidden(std::string path, std::string_view detail) {
  return make(std::move(path), FieldReason::Forbidden, {}, detail);
}

FieldError too_long(std::string path, std::string_view detail) {
  return make(std::move(path), FieldReason::TooLong, {}, detail);
}

FieldError too_many(std::string path, std::size_t actual, std::size_t most) {
  return make(std::move(path), FieldReason::TooMany, std::to_string(actual),
              fmt::format("must have at most {} {}", most, most == 1 ? "item" : "items"));
}

std::string describe_value(const Json& value) {
  if (value.is_null()) return "\"null\"";
  if (value.is_string()) return go_quote(shown(value.as_string()));
  if (value.is_object()) return "map[string]interface {}" + shown(to_json(value));
  if (value.is_array()) return "[]interface {}" + shown(to_json(value));
  return to_json(value);
}

std::string child_path(std::string_view parent, std::string_view name) {
  if (parent.empty()) return std::string(name);
  std::string path;
  path.reserve(parent.size() + 1 + name.size());
  path.append(parent).append(1, '.').append(name);
  return path;
}

std::string item_path(std::string_view parent, std::size_t index) {
  return fmt::format("{}[{}]", parent, index);
}

std::string key_path(std::string_view parent, std::string_view key) {
  return fmt::format("{}[{}]", parent, key);
}

}  // namespace clickdeploy::api
