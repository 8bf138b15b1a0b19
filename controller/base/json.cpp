#include "controller/base/json.h"

#include <algorithm>
#include <numeric>
#include <type_traits>

namespace clickdeploy {

namespace {

const Json kNull;
const std::string kEmptyString;
const JsonArray kEmptyArray;
const JsonObject kEmptyObject;

bool key_less(const JsonObject::Member& member, std::string_view key) {
  return member.first < key;
}

}  // namespace

void Json::Delete::operator()(JsonArray* array) const {
  delete array;
}
void Json::Delete::operator()(JsonObject* object) const {
  delete object;
}

Json::Json(JsonArray value) : value_(ArrayPointer(new JsonArray(std::move(value)))) {}
Json::Json(JsonObject value) : value_(ObjectPointer(new JsonObject(std::move(value)))) {}
Json::Json(Json&&) noexcept = default;
Json& Json::operator=(Json&&) noexcept = default;
Json::~Json() = default;

Json::Json(const Json& other) {
  std::visit(
      [this](const auto& value) {
        using T = std::remove_cvref_t<decltype(value)>;
        if constexpr (std::is_same_v<T, ArrayPointer>) {
          value_ = ArrayPointer(new JsonArray(*value));
        } else if constexpr (std::is_same_v<T, ObjectPointer>) {
          value_ = ObjectPointer(new JsonObject(*value));
        } else {
          value_ = value;
        }
      },
      other.value_);
}

// Copies first: `other` may be a part of this value.
Json& Json::operator=(const Json& other) {
  Json copy(other);
  *this = std::move(copy);
  return *this;
}

Json Json::object(std::initializer_list<std::pair<std::string, Json>> members) {
  return JsonObject::from_members({members.begin(), members.end()});
}

Json Json::array(std::initializer_list<Json> items) {
  return JsonArray(items.begin(), items.end());
}

bool Json::is_array() const {
  return std::holds_alternative<ArrayPointer>(value_);
}
bool Json::is_object() const {
  return std::holds_alternative<ObjectPointer>(value_);
}

bool Json::as_bool(bool fallback) const {
  const bool* value = std::get_if<bool>(&value_);
  return value != nullptr ? *value : fallback;
}

std::int64_t Json::as_int(std::int64_t fallback) const {
  const std::int64_t* value = std::get_if<std::int64_t>(&value_);
  return value != nullptr ? *value : fallback;
}

double Json::as_double(double fallback) const {
  if (is_int()) return static_cast<double>(as_int());
  const double* value = std::get_if<double>(&value_);
  return value != nullptr ? *value : fallback;
}

const std::string& Json::as_string() const {
  const std::string* value = std::get_if<std::string>(&value_);
  return value != nullptr ? *value : kEmptyString;
}

std::string Json::as_string(std::string_view fallback) const {
  return is_string() ? as_string() : std::string(fallback);
}

const JsonArray& Json::as_array() const {
  const auto* value = std::get_if<ArrayPointer>(&value_);
  return value != nullptr ? **value : kEmptyArray;
}

const JsonObject& Json::as_object() const {
  const auto* value = std::get_if<ObjectPointer>(&value_);
  return value != nullptr ? **value : kEmptyObject;
}

const Json& Json::operator[](std::string_view key) const {
  const Json* value = find(key);
  return value != nullptr ? *value : kNull;
}

const Json& Json::operator[](std::size_t index) const {
  const JsonArray& items = as_array();
  return index < items.size() ? items[index] : kNull;
}

const Json* Json::find(std::string_view key) const {
  return as_object().find(key);
}

Json* Json::find(std::string_view key) {
  return is_object() ? object_ref().find(key) : nullptr;
}

bool Json::empty() const {
  return is_null() || (size() == 0 && (is_array() || is_object())) ||
         (is_string() && as_string().empty());
}

std::size_t Json::size() const {
  return is_array() ? as_array().size() : as_object().size();
}

JsonArray& Json::array_ref() {
  if (!is_array()) value_ = ArrayPointer(new JsonArray);
  return *std::get<ArrayPointer>(value_);
}

JsonObject& Json::object_ref() {
  if (!is_object()) value_ = ObjectPointer(new JsonObject);
  return *std::get<ObjectPointer>(value_);
}

Json& Json::member(std::string_view key) {
  return object_ref().member(key);
}

bool Json::erase(std::string_view key) {
  return is_object() && object_ref().erase(key);
}

bool Json::operator==(const Json& other) const {
  if (is_int() && other.is_int()) return as_int() == other.as_int();
  if (is_number() && other.is_number()) return as_double() == other.as_double();
  if (value_.index() != other.value_.index()) return false;
  if (is_array()) return as_array() == other.as_array();
  if (is_object()) return as_object() == other.as_object();
  return value_ == other.value_;
}

const Json* JsonObject::find(std::string_view key) const {
  const auto at = std::lower_bound(members_.begin(), members_.end(), key, key_less);
  return at != members_.end() && at->first == key ? &at->second : nullptr;
}

Json* JsonObject::find(std::string_view key) {
  return const_cast<Json*>(std::as_const(*this).find(key));
}

Json& JsonObject::member(std::string_view key) {
  auto at = std::lower_bound(members_.begin(), members_.end(), key, key_less);
  if (at == members_.end() || at->first != key) at = members_.emplace(at, std::string(key), Json());
  return at->second;
}

bool JsonObject::erase(std::string_view key) {
  const auto at = std::lower_bound(members_.begin(), members_.end(), key, key_less);
  if (at == members_.end() || at->first != key) return false;
  members_.erase(at);
  return true;
}

JsonObject JsonObject::from_members(std::vector<Member> members) {
  const auto out_of_order = [](const Member& a, const Member& b) { return a.first >= b.first; };
  JsonObject object;
  if (std::adjacent_find(members.begin(), members.end(), out_of_order) == members.end()) {
    object.members_ = std::move(members);  // the usual case: we wrote them
    return object;
  }
  std::vector<std::size_t> order(members.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const int difference = members[a].first.compare(members[b].first);
    return difference != 0 ? difference < 0 : a < b;
  });
  object.members_.reserve(members.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool last =
        i + 1 == order.size() || members[order[i + 1]].first != members[order[i]].first;
    if (last) object.members_.push_back(std::move(members[order[i]]));
  }
  return object;
}

void apply_merge_patch(Json& target, const Json& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  JsonObject& object = target.object_ref();
  for (const auto& [key, value] : patch.as_object()) {
    if (value.is_null()) {
      object.erase(key);
    } else {
      apply_merge_patch(object.member(key), value);
    }
  }
}

}  // namespace clickdeploy
