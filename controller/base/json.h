// Json: a JSON value that can be copied, compared and looked into without a crash.
//
// Reading through a path that is not there gives null, so chains are safe:
//   value["spec"]["replicas"].as_int(1)
// Objects keep their keys sorted bytewise, so equal values print to equal bytes. Integers that fit
// in 64 signed bits stay integers; all other numbers are doubles. RapidJSON does the reading and
// the pretty printing and never shows outside the .cpp files.
//
// A copy of an array or object shares it until one of the two is written to, so copies are cheap.
// References that were given out for writing (member(), object_ref(), …) stay good: what has been
// lent that way is copied at once. They end when the value they lead into is moved into another
// one: that one knows nothing of them and may be shared.
//
// Threads: a value is as safe as an int: share it only while nobody writes. Copies are values of
// their own, whoever they share with.

#pragma once

#include "controller/base/error.h"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clickdeploy {

class Json;
class JsonObject;
using JsonArray = std::vector<Json>;

class Json {
 public:
  Json() {}                                                    // NOLINT: null
  Json(std::nullptr_t) {}                                      // NOLINT: literals convert
  Json(bool value) : kind_(Kind::Bool), bool_(value) {}        // NOLINT
  Json(int value) : kind_(Kind::Int), int_(value) {}           // NOLINT
  Json(std::int64_t value) : kind_(Kind::Int), int_(value) {}  // NOLINT
  Json(double value) : kind_(Kind::Double), double_(value) {}  // NOLINT
  Json(const char* value) : Json(std::string(value)) {}        // NOLINT
  Json(std::string value) : kind_(Kind::String), text_(std::move(value)) {}  // NOLINT
  Json(std::string_view value) : kind_(Kind::String), text_(value) {}        // NOLINT
  Json(JsonArray value);                                                     // NOLINT
  Json(JsonObject value);                                                    // NOLINT
  Json(const Json& other) { copy(other); }
  Json(Json&& other) noexcept { take(other); }
  Json& operator=(const Json& other);
  Json& operator=(Json&& other) noexcept {
    if (this == &other) return *this;
    Json old(std::move(*this));  // `other` may be a part of it
    take(other);
    return *this;
  }
  ~Json() {
    if (kind_ >= Kind::String) clear();
  }

  // Json::object({{"a", 1}, {"b", "x"}}), Json::array({1, "x"}).
  static Json object(std::initializer_list<std::pair<std::string, Json>> members = {});
  static Json array(std::initializer_list<Json> items = {});

  bool is_null() const { return kind_ == Kind::Null; }
  bool is_bool() const { return kind_ == Kind::Bool; }
  bool is_int() const { return kind_ == Kind::Int; }
  bool is_double() const { return kind_ == Kind::Double; }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return kind_ == Kind::String; }
  bool is_array() const { return kind_ == Kind::Array; }
  bool is_object() const { return kind_ == Kind::Object; }

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
  void set(std::string_view key, Json value);
  bool erase(std::string_view key);  // true if it was there
  void push_back(Json value);

  bool operator==(const Json& other) const;  // 1 == 1.0

 private:
  enum class Kind : std::uint8_t { Null, Bool, Int, Double, String, Array, Object };
  template <class T>
  struct Shared;  // the value, how many share it, and whether it was lent for writing

  JsonArray& own_array();  // as array_ref(), but no reference leaves this class
  JsonObject& own_object();
  void copy(const Json& other);      // of a null
  void take(Json& other) noexcept {  // of a null; leaves null
    kind_ = std::exchange(other.kind_, Kind::Null);
    if (kind_ == Kind::String) {
      std::construct_at(&text_, std::move(other.text_));
      std::destroy_at(&other.text_);
    } else {
      bits_ = other.bits_;
    }
  }
  void clear() noexcept;  // leaves null

  // Arrays and objects are behind a pointer: a Json is 40 bytes and cheap to move.
  Kind kind_ = Kind::Null;
  union {
    std::uint64_t bits_ = 0;
    bool bool_;
    std::int64_t int_;
    double double_;
    std::string text_;
    Shared<JsonArray>* array_;
    Shared<JsonObject>* object_;
  };
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

std::string to_json(const Json& value);                  // compact
void append_json(std::string& text, const Json& value);  // the same, at the end of a text
// Indented by so many spaces: kubectl prints four, a Kubernetes API server two.
std::string to_pretty_json(const Json& value, unsigned indent = 4);

// RFC 7396: null removes, objects merge, everything else replaces.
void apply_merge_patch(Json& target, const Json& patch);

}  // namespace clickdeploy
