// Json: a JSON value that can be copied, compared and looked into without a crash.
//
// Reading through a path that is not there gives null, so chains are safe:
//   value["spec"]["replicas"].as_int(1)
// Objects keep their keys sorted bytewise, so equal values print to equal bytes. Integers that fit
// in 64 signed bits stay integers; all other numbers are doubles. RapidJSON does the reading and
// the writing and never shows outside json.cpp.
//
// Threads: a value is as safe as an int: share it only while nobody writes.

#pragma once

#include "controller/base/error.h"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace clickdeploy {

class Json;
class JsonObject;
using JsonArray = std::vector<Json>;

class Json {
 public:
  Json() = default;                                             // null
  Json(std::nullptr_t) {}                                       // NOLINT: literals convert
  Json(bool value) : value_(value) {}                           // NOLINT
  Json(int value) : value_(std::int64_t{value}) {}              // NOLINT
  Json(std::int64_t value) : value_(value) {}                   // NOLINT
  Json(double value) : value_(value) {}                         // NOLINT
  Json(const char* value) : value_(std::string(value)) {}       // NOLINT
  Json(std::string value) : value_(std::move(value)) {}         // NOLINT
  Json(std::string_view value) : value_(std::string(value)) {}  // NOLINT
  Json(JsonArray value);                                        // NOLINT
  Json(JsonObject value);                                       // NOLINT
  Json(const Json&);
  Json(Json&&) noexcept;
  Json& operator=(const Json&);
  Json& operator=(Json&&) noexcept;
  ~Json();

  // Json::object({{"a", 1}, {"b", "x"}}), Json::array({1, "x"}).
  static Json object(std::initializer_list<std::pair<std::string, Json>> members = {});
  static Json array(std::initializer_list<Json> items = {});

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_int() const { return std::holds_alternative<std::int64_t>(value_); }
  bool is_double() const { return std::holds_alternative<double>(value_); }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const;
  bool is_object() const;

  // The value if it has that type, else the fallback. No conversion, but int → double.
  bool as_bool(bool fallback = false) const;
  std::int64_t as_int(std::int64_t fallback = 0) const;
  double as_double(double fallback = 0) const;
  const std::string& as_string() const;  // "" if not a string
  std::string as_string(std::string_view fallback) const;
  const JsonArray& as_array() const;    // empty if not an array
  const JsonObject& as_object() const;  // empty if not an object

  // Null (a shared constant) where there is no such member or item.
  const Json& operator[](std::string_view key) const;
  const Json& operator[](std::size_t index) const;
  const Json& operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  const Json& operator[](int index) const { return (*this)[static_cast<std::size_t>(index)]; }
  const Json* find(std::string_view key) const;  // nullptr if absent
  Json* find(std::string_view key);
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  bool empty() const;        // null, "", [] or {}
  std::size_t size() const;  // items or members, else 0

  // For writing. Turn the value into an array or object first if it is not one.
  JsonArray& array_ref();
  JsonObject& object_ref();
  Json& member(std::string_view key);  // creates a null member
  void set(std::string_view key, Json value) { member(key) = std::move(value); }
  bool erase(std::string_view key);  // true if it was there
  void push_back(Json value) { array_ref().push_back(std::move(value)); }

  bool operator==(const Json& other) const;  // 1 == 1.0

 private:
  // Deletes out of line, where the types are complete.
  struct Delete {
    void operator()(JsonArray* array) const;
    void operator()(JsonObject* object) const;
  };
  using ArrayPointer = std::unique_ptr<JsonArray, Delete>;
  using ObjectPointer = std::unique_ptr<JsonObject, Delete>;

  // Arrays and objects are behind a pointer: a Json is 40 bytes and cheap to move.
  std::variant<std::monostate, bool, std::int64_t, double, std::string, ArrayPointer, ObjectPointer>
      value_;
};

class JsonObject {
 public:
  using Member = std::pair<std::string, Json>;

  const Json* find(std::string_view key) const;
  Json* find(std::string_view key);
  Json& member(std::string_view key);  // creates a null member
  bool erase(std::string_view key);
  bool empty() const { return members_.empty(); }
  std::size_t size() const { return members_.size(); }
  auto begin() const { return members_.begin(); }
  auto end() const { return members_.end(); }
  auto begin() { return members_.begin(); }  // keys must not be changed
  auto end() { return members_.end(); }

  // Adopts members in any order; of equal keys the last one wins.
  static JsonObject from_members(std::vector<Member> members);

  bool operator==(const JsonObject&) const = default;

 private:
  std::vector<Member> members_;  // sorted by key, no duplicates
};

struct JsonLimits {
  std::size_t depth_max = 64;
  std::size_t nodes_max = 1'000'000;
};

// A path repeats the keys above it: a small text could have a hundred thousand long ones.
inline constexpr std::size_t kJsonDuplicatesMax = 100;
inline constexpr std::size_t kJsonDuplicatePathBytesMax = 256;

// Reads one JSON document (RFC 8259, UTF-8 validated, nothing after it but white space).
// Duplicate keys: the last one wins; their paths ("spec.image") are appended to `duplicates` if
// given, until it holds kJsonDuplicatesMax of at most kJsonDuplicatePathBytesMax each.
// InvalidArgument with the offset in bytes otherwise.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {},
                        std::vector<std::string>* duplicates = nullptr);

std::string to_json(const Json& value);         // compact
std::string to_pretty_json(const Json& value);  // indented by four spaces, as kubectl prints it

// RFC 7396: null removes, objects merge, everything else replaces.
void apply_merge_patch(Json& target, const Json& patch);

}  // namespace clickdeploy
