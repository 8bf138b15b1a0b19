// FieldError: one thing that is wrong with one field, in the words of the Kubernetes API.
//
// An invalid object is reported as a list of these; each becomes a cause of a 422 Status. The
// factories below produce the exact wording that kubectl users know.

#pragma once

#include "controller/base/json.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::api {

enum class FieldReason : std::uint8_t {
  Required,
  Invalid,
  TypeInvalid,
  NotSupported,
  Duplicate,
  Forbidden,
  TooLong,
  TooMany,
};

// "FieldValueRequired", "FieldValueInvalid", …: the `reason` of a cause.
std::string_view to_string(FieldReason reason);

struct FieldError {
  std::string path;  // "spec.networks[0].name"; "<nil>" where Kubernetes has no field to name
  FieldReason reason = FieldReason::Invalid;
  std::string message;  // the text after the path: "Invalid value: 2000: should be …"

  bool operator==(const FieldError&) const = default;
};

using FieldErrors = std::vector<FieldError>;

// About as many errors as are collected for one object. A hostile object with a million faults must
// not fill memory with messages; people fix the first few anyway.
inline constexpr std::size_t kFieldErrorsMax = 100;

// "spec.replicas: Invalid value: 2000: …"
std::string to_string(const FieldError& error);

// The message of an Invalid Status: one error as it is, several as "[first, second]".
std::string join_errors(const FieldErrors& errors);

FieldError required(std::string path, std::string_view detail = {});
FieldError invalid(std::string path, const Json& value, std::string_view detail);
FieldError not_supported(std::string path, const Json& value,
                         const std::vector<std::string>& supported);
FieldError duplicate(std::string path, const Json& value);
FieldError forbidden(std::string path, std::string_view detail);
FieldError too_long(std::string path, std::string_view detail);
FieldError too_many(std::string path, std::size_t actual, std::size_t most);

// A value as error messages show it: 2000, "text", map[string]interface {}{"name":"A"}.
// Of a string, or the JSON of a list or map, only the first 512 bytes are shown: a hundred errors
// about one large object must not make a hundred copies of it.
std::string describe_value(const Json& value);

// "spec" + "name" → "spec.name"; "" + "spec" → "spec".
std::string child_path(std::string_view parent, std::string_view name);
// "spec.args" + 1 → "spec.args[1]".
std::string item_path(std::string_view parent, std::size_t index);
// "spec.labels" + "a.b" → "spec.labels[a.b]": a key of a map.
std::string key_path(std::string_view parent, std::string_view key);

}  // namespace clickdeploy::api
