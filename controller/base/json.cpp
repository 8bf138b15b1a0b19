#include "controller/base/json.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <numeric>

namespace clickdeploy {

namespace {

const Json kNull;
const std::string kEmptyString;
const JsonArray kEmptyArray;
const JsonObject kEmptyObject;

bool key_less(const JsonObject::Member& member, std::string_view key) {
  return member.first < key;
}

// Objects are small: comparing lengths first beats a search by halves.
constexpr std::size_t kSmallObject = 16;

}  // namespace

template <class T>
struct Json::Shared {
  explicit Shared(T its_value) : value(std::move(its_value)) {}

  // One more that shares this; a copy if references for writing are about.
  Shared* share() {
    if (lent) return new Shared(value);
    users.fetch_add(1, std::memory_order_relaxed);
    return this;
  }
  void release() {
    const bool last = users.load(std::memory_order_acquire) == 1 ||
                      users.fetch_sub(1, std::memory_order_acq_rel) == 1;
    if (last) delete this;
  }
  // One that nobody else sees, in place of `shared`.
  static T& own(Shared*& shared) {
    if (shared == nullptr) {
      shared = new Shared(T());
    } else if (shared->users.load(std::memory_order_acquire) != 1) {
      Shared* copy = new Shared(shared->value);
      shared->release();
      shared = copy;
    }
    return shared->value;
  }

  std::atomic<std::uint32_t> users = 1;
  bool lent = false;  // then it has one user
  T value;
};

// Empty ones need no memory: a null pointer stands for them.
Json::Json(JsonArray value)
    : kind_(Kind::Array),
      array_(value.empty() ? nullptr : new Shared<JsonArray>(std::move(value))) {}
Json::Json(JsonObject value)
    : kind_(Kind::Object),
      object_(value.empty() ? nullptr : new Shared<JsonObject>(std::move(value))) {}

void Json::copy(const Json& other) {
  if (other.kind_ == Kind::String) {
    std::construct_at(&text_, other.text_);
  } else if (other.kind_ == Kind::Array) {
    array_ = other.array_ != nullptr ? other.array_->share() : nullptr;
  } else if (other.kind_ == Kind::Object) {
    object_ = other.object_ != nullptr ? other.object_->share() : nullptr;
  } else {
    bits_ = other.bits_;
  }
  kind_ = other.kind_;
}

void Json::clear() noexcept {
  const Kind kind = std::exchange(kind_, Kind::Null);
  if (kind == Kind::String) {
    std::destroy_at(&text_);
  } else if (kind == Kind::Array) {
    if (array_ != nullptr) array_->release();
  } else if (kind == Kind::Object) {
    if (object_ != nullptr) object_->release();
  }
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

bool Json::as_bool(bool fallback) const {
  return is_bool() ? bool_ : fallback;
}

std::int64_t Json::as_int(std::int64_t fallback) const {
  return is_int() ? int_ : fallback;
}

double Json::as_double(double fallback) const {
  if (is_int()) return static_cast<double>(int_);
  return is_double() ? double_ : fallback;
}

const std::string& Json::as_string() const {
  return is_string() ? text_ : kEmptyString;
}

std::string Json::as_string(std::string_view fallback) const {
  return is_string() ? as_string() : std::string(fallback);
}

const JsonArray& Json::as_array() const {
  return is_array() && array_ != nullptr ? array_->value : kEmptyArray;
}

const JsonObject& Json::as_object() const {
  return is_object() && object_ != nullptr ? object_->value : kEmptyObject;
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
  return std::as_const(*this).find(key) != nullptr ? object_ref().find(key) : nullptr;
}

bool Json::empty() const {
  return is_null() || (size() == 0 && (is_array() || is_object())) ||
         (is_string() && as_string().empty());
}

std::size_t Json::size() const {
  return is_array() ? as_array().size() : as_object().size();
}

JsonArray& Json::own_array() {
  if (!is_array()) *this = Json(JsonArray());
  return Shared<JsonArray>::own(array_);
}

JsonObject& Json::own_object() {
  if (!is_object()) *this = Json(JsonObject());
  return Shared<JsonObject>::own(object_);
}

JsonArray& Json::array_ref() {
  JsonArray& items = own_array();
  array_->lent = true;
  return items;
}

JsonObject& Json::object_ref() {
  JsonObject& members = own_object();
  object_->lent = true;
  return members;
}

void Json::set(std::string_view key, Json value) {
  own_object().member(key) = std::move(value);
}

void Json::push_back(Json value) {
  own_array().push_back(std::move(value));
}

Json& Json::member(std::string_view key) {
  return object_ref().member(key);
}

bool Json::erase(std::string_view key) {
  return contains(key) && own_object().erase(key);
}

bool Json::operator==(const Json& other) const {
  if (is_int() && other.is_int()) return as_int() == other.as_int();
  if (is_number() && other.is_number()) return as_double() == other.as_double();
  if (kind_ != other.kind_) return false;
  if (is_array()) return array_ == other.array_ || as_array() == other.as_array();
  if (is_object()) return object_ == other.object_ || as_object() == other.as_object();
  if (is_string()) return text_ == other.text_;
  return !is_bool() || bool_ == other.bool_;
}

const Json* JsonObject::find(std::string_view key) const {
  if (members_.size() <= kSmallObject) {
    for (const Member& member : members_) {
      if (member.first == key) return &member.second;
    }
    return nullptr;
  }
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

namespace {

JsonObject merge_members(JsonObject& target, const JsonObject& patch) {
  std::vector<JsonObject::Member> merged;
  merged.reserve(target.size() + patch.size());
  auto i = target.begin();
  for (const auto& [key, value] : patch) {
    for (; i != target.end() && i->first < key; ++i) merged.push_back(std::move(*i));
    const bool present = i != target.end() && i->first == key;
    Json old = present ? std::move(i->second) : Json();
    if (present) ++i;
    if (value.is_null()) continue;
    apply_merge_patch(old, value);
    merged.emplace_back(key, std::move(old));
  }
  std::move(i, target.end(), std::back_inserter(merged));
  return JsonObject::from_members(std::move(merged));
}

}  // namespace

void apply_merge_patch(Json& target, const Json& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  JsonObject& object = target.object_ref();
  if (patch.size() > kSmallObject) {  // one walk: each insertion by itself moves all behind it
    object = merge_members(object, patch.as_object());
    return;
  }
  for (const auto& [key, value] : patch.as_object()) {
    if (value.is_null()) {
      object.erase(key);
    } else {
      apply_merge_patch(object.member(key), value);
    }
  }
}

}  // namespace clickdeploy
