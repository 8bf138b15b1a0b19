// Reader and Writer: one list of fields per struct serves both directions.
//
// A struct takes part by a function found by its type: template <class Io> void fields(Io& io, T&
// x), which calls io.field("wireName", x.member) for each member, and io.nested("spec", …) to
// group.

#pragma once

#include "api/meta/condition.h"
#include "api/meta/label_selector.h"
#include "controller/base/error.h"
#include "controller/base/json.h"

#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace clickdeploy::api::field_io {

// Where a value stands: a chain on the stack, made into text only for an error.
struct Path {
  const Path* parent = nullptr;
  std::string_view name;             // of a member
  std::optional<std::size_t> index;  // of an item

  std::string text() const {
    if (parent == nullptr) return std::string(name);
    std::string path = parent->text();
    if (index) return path + "[" + std::to_string(*index) + "]";
    if (!path.empty()) path += '.';
    return path.append(name);
  }
};

class Reader {
 public:
  // `path` outlives the Reader.
  Reader(const Json& from, const Path& path, std::optional<Error>& error)
      : from_(from), path_(path), error_(error) {}

  template <class T>
  void field(std::string_view name, T& value) {
    const Json* found = from_.find(name);
    if (found != nullptr && !found->is_null())
      read(*found, {.parent = &path_, .name = name}, value);
  }

  // An integer is kept as its digits.
  void integer_or_text(std::string_view name, std::string& value) {
    const Json* found = from_.find(name);
    if (found == nullptr || found->is_null()) return;
    if (found->is_int()) {
      value = std::to_string(found->as_int());
    } else {
      read(*found, {.parent = &path_, .name = name}, value);
    }
  }

  // A group of fields that live one level down without a struct of their own.
  template <class Body>
  void nested(std::string_view name, Body body) {
    const Path path{.parent = &path_, .name = name};
    Reader inner(from_[name], path, error_);
    body(inner);
  }

 private:
  void wrong(const Path& path, std::string_view wanted) {
    if (!error_) {
      error_ = Error(ErrorCode::InvalidArgument,
                     path.text() + ": must be of type " + std::string(wanted));
    }
  }

  void read(const Json& from, const Path& path, std::string& value) {
    if (!from.is_string()) return wrong(path, "string");
    value = from.as_string();
  }
  void read(const Json& from, const Path& path, bool& value) {
    if (!from.is_bool()) return wrong(path, "boolean");
    value = from.as_bool();
  }
  void read(const Json& from, const Path& path, std::int64_t& value) {
    if (!from.is_int()) return wrong(path, "integer");
    value = from.as_int();
  }
  void read(const Json& from, const Path& path, double& value) {
    if (!from.is_number()) return wrong(path, "number");
    value = from.as_double();
  }
  void read(const Json& from, const Path& path, ConditionStatus& value) {
    if (!from.is_string()) return wrong(path, "string");
    const std::string& text = from.as_string();
    value = text == "True"    ? ConditionStatus::True
            : text == "False" ? ConditionStatus::False
                              : ConditionStatus::Unknown;
  }
  void read(const Json& from, const Path& path, LabelSelector& value) {
    Result<LabelSelector> selector = LabelSelector::from_json(from);
    if (!selector) return wrong(path, "label selector");
    value = *std::move(selector);
  }
  template <class T>
  void read(const Json& from, const Path& path, std::optional<T>& value) {
    T inner{};
    read(from, path, inner);
    value = std::move(inner);
  }
  template <class T>
  void read(const Json& from, const Path& path, std::vector<T>& value) {
    if (!from.is_array()) return wrong(path, "array");
    value.clear();
    for (const Json& item : from.as_array()) {
      T element{};
      read(item, {.parent = &path, .index = value.size()}, element);
      value.push_back(std::move(element));
    }
  }
  template <class T>
  void read(const Json& from, const Path& path, std::map<std::string, T>& value) {
    if (!from.is_object()) return wrong(path, "object");
    value.clear();
    for (const auto& [key, item] : from.as_object()) {
      T element{};
      read(item, {.parent = &path, .name = key}, element);
      value.emplace(key, std::move(element));
    }
  }
  template <class T>
    requires std::is_class_v<T>
  void read(const Json& from, const Path& path, T& value) {
    if (!from.is_object()) return wrong(path, "object");
    Reader inner(from, path, error_);
    fields(inner, value);
  }

  const Json& from_;
  const Path& path_;
  std::optional<Error>& error_;
};

class Writer {
 public:
  explicit Writer(Json& to) : to_(to) {
    if (!to_.is_object()) to_ = Json::object();
  }

  template <class T>
  void field(std::string_view name, const T& value) {
    Json json = write(value);
    if (!json.is_null()) to_.set(name, std::move(json));
  }

  template <class Body>
  void nested(std::string_view name, Body body) {
    Json inner;
    Writer writer(inner);
    body(writer);
    if (!inner.empty()) to_.set(name, std::move(inner));
  }

 private:
  // Null means "leave it out".
  static Json write(const std::string& value) { return value.empty() ? Json() : Json(value); }
  static Json write(bool value) { return value; }
  static Json write(std::int64_t value) { return value; }
  static Json write(double value) { return value; }
  static Json write(ConditionStatus value) { return to_string(value); }
  static Json write(const LabelSelector& value);
  template <class T>
  static Json write(const std::optional<T>& value) {
    if (!value) return Json();
    Json json = write(*value);
    if (json.is_null()) json = Json::object();  // present but empty differs from absent
    return json;
  }
  template <class T>
  static Json write(const std::vector<T>& value) {
    if (value.empty()) return Json();
    Json list = Json::array();
    for (const T& item : value) {
      Json json = write(item);
      list.push_back(json.is_null() ? write_empty(item) : std::move(json));
    }
    return list;
  }
  template <class T>
  static Json write(const std::map<std::string, T>& value) {
    if (value.empty()) return Json();
    Json map = Json::object();
    for (const auto& [key, item] : value) {
      Json json = write(item);
      map.set(key, json.is_null() ? write_empty(item) : std::move(json));
    }
    return map;
  }
  template <class T>
    requires std::is_class_v<T>
  static Json write(const T& value) {
    Json object;
    Writer writer(object);
    fields(writer, const_cast<T&>(value));  // a Writer only reads
    if (object.empty()) return Json();
    return object;
  }
  static Json write_empty(const std::string&) { return ""; }
  template <class T>
  static Json write_empty(const T&) {
    return Json::object();
  }

  Json& to_;
};

}  // namespace clickdeploy::api::field_io
