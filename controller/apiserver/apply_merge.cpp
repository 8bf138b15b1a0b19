#include "controller/apiserver/apply_merge_internal.h"
#include "controller/apiserver/field_changes_internal.h"

#include <optional>
#include <set>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

bool has_nothing(const Json* value) {
  return value == nullptr || value->is_null() || value->size() == 0;
}

Json merge(FieldType type, const Json* live, const Json* applied);

Json merge_members(FieldType type, const Json& live, const Json& applied) {
  const JsonObject& before = live.as_object();
  std::vector<JsonObject::Member> merged(before.begin(), before.end());
  for (const auto& [name, value] : applied.as_object()) {
    merged.emplace_back(name, merge(type.member(name), live.find(name), &value));
  }
  return JsonObject::from_members(std::move(merged));
}

// The order of the result: see the header. `wanted` is the next item of `applied` that is live too;
// live items that come before it, but later in `applied`, wait for their turn there.
class ListMerger {
 public:
  ListMerger(FieldType type, const Json& live, const Json& applied)
      : type_(type), live_(type, &live), applied_(type, &applied) {
    for (const auto& [key, item] : live_) live_keys_.insert(key);
    for (const auto& [key, item] : applied_) applied_keys_.insert(key);
  }

  Json merge_all() {
    advance_wanted();
    while (i_ < live_.size() || j_ < applied_.size()) step();
    return std::move(merged_);
  }

 private:
  void step() {
    if (i_ < live_.size() && j_ < applied_.size()) {
      if (live_[i_].first == applied_[j_].first) {
        ++i_;
        take_applied();
        return;
      }
      const std::string& key = live_[i_].first;
      if (applied_keys_.contains(key) && wanted_ < applied_.size() &&
          applied_[wanted_].first != key) {
        ++i_;
        return;
      }
    }
    if (i_ < live_.size()) {
      const auto& [key, item] = live_[i_];
      if (!applied_keys_.contains(key)) {
        merged_.push_back(*item);
        ++i_;
        return;
      }
      if (taken_.contains(key)) ++i_;
    }
    if (j_ < applied_.size()) take_applied();
  }

  void take_applied() {
    const auto& [key, item] = applied_[j_];
    taken_.insert(key);
    merged_.push_back(merge(type_.item(), live_.find(key), item));
    const bool was_wanted = j_ == wanted_;
    ++j_;
    if (was_wanted) {
      ++wanted_;
      advance_wanted();
    }
  }

  void advance_wanted() {
    while (wanted_ < applied_.size() && !live_keys_.contains(applied_[wanted_].first)) ++wanted_;
  }

  FieldType type_;
  KeyedItems live_;
  KeyedItems applied_;
  std::set<std::string, std::less<>> live_keys_;
  std::set<std::string, std::less<>> applied_keys_;
  std::set<std::string, std::less<>> taken_;
  std::size_t i_ = 0;
  std::size_t j_ = 0;
  std::size_t wanted_ = 0;
  Json merged_ = Json::array();
};

Json merge(FieldType type, const Json* live, const Json* applied) {
  const FieldShape shape = type.shape(*applied);
  const bool leaf = shape == FieldShape::Leaf || live == nullptr || live->is_null() ||
                    type.shape(*live) != shape || (has_nothing(live) && has_nothing(applied));
  if (leaf) return *applied;
  if (has_nothing(applied)) return *live;
  if (shape == FieldShape::Map) return merge_members(type, *live, *applied);
  return ListMerger(type, *live, *applied).merge_all();
}

std::optional<Json> remove(FieldType type, const Json& value, const FieldSet& set) {
  const FieldShape shape = type.shape(value);
  if (shape == FieldShape::Leaf || value.size() == 0) return value;
  if (shape == FieldShape::Map) {
    std::vector<JsonObject::Member> kept;
    for (const auto& [name, member] : value.as_object()) {
      const FieldSet* node = set.find(field_key(name));
      if (node == nullptr) {
        kept.emplace_back(name, member);
      } else if (!is_member(*node)) {
        std::optional<Json> rest = remove(type.member(name), member, *node);
        if (rest) kept.emplace_back(name, std::move(*rest));
      }
    }
    if (kept.empty()) return std::nullopt;
    return JsonObject::from_members(std::move(kept));
  }
  JsonArray kept;
  for (const Json& item : value.as_array()) {
    const FieldSet* node = set.find(type.key_of(item));
    if (node == nullptr) {
      kept.push_back(item);
    } else if (!is_member(*node)) {
      std::optional<Json> rest = remove(type.item(), item, *node);
      if (rest) kept.push_back(std::move(*rest));
    }
  }
  if (kept.empty()) return std::nullopt;
  return kept;
}

}  // namespace

Json merge_applied(FieldType type, const Json& live, const Json& applied) {
  return merge(type, &live, &applied);
}

Json without_fields(FieldType type, const Json& value, const FieldSet& set) {
  return remove(type, value, set).value_or(Json::object());
}

// Taking out all of `last` may take away too much: a parent goes with children that others own. So
// what is owned goes back in, and of what is still missing only that goes which was in `last`.
Json prune_given_up(FieldType type, const Json& merged, const FieldSet& last,
                    const FieldSet& owned) {
  if (last.empty()) return merged;
  const FieldSet given_up = with_named_parents(type, last);
  const auto fields = [type](const Json& object) {
    return with_named_parents(type, fields_of(type, object));
  };
  const FieldSet all = fields(merged);
  const Json rest = without_fields(type, merged, given_up);
  const FieldSet staying = unite(fields(rest), with_named_parents(type, owned));
  const Json kept = without_fields(type, merged, subtract(all, staying));
  return without_fields(type, merged, intersect(subtract(all, fields(kept)), given_up));
}

}  // namespace clickdeploy::apiserver
