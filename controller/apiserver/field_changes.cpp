#include "controller/apiserver/field_changes_internal.h"

#include <algorithm>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

// Both sets of changes, while they are built.
struct ChangedNodes {
  FieldNodes written;
  FieldNodes removed;

  FieldChanges finish() && {
    return {.written = make_set(std::move(written)), .removed = make_set(std::move(removed))};
  }
};

// A node of both.
struct Change {
  bool written_self = false;
  bool removed_self = false;
  ChangedNodes below;

  void attach_to(ChangedNodes& parent, const std::string& key) && {
    FieldChanges sets = std::move(below).finish();
    add_node(parent.written, key, written_self, std::move(sets.written));
    add_node(parent.removed, key, removed_self, std::move(sets.removed));
  }
  bool empty() const {
    return !written_self && !removed_self && below.written.empty() && below.removed.empty();
  }
};

void compare(FieldType type, const Json* from, const Json* to, Change& change);

void compare_leaf(const Json* from, const Json* to, Change& change) {
  if (from == nullptr) {
    change.written_self = true;
  } else if (to == nullptr) {
    change.removed_self = true;
  } else if (*from != *to) {
    change.written_self = true;
  }
}

void compare_members(FieldType type, const Json* from, const Json* to, ChangedNodes& changes) {
  static const Json kNone;
  const JsonObject& a = (from != nullptr ? *from : kNone).as_object();
  const JsonObject& b = (to != nullptr ? *to : kNone).as_object();
  auto i = a.begin();
  auto j = b.begin();
  while (i != a.end() || j != b.end()) {
    const int order = i == a.end() ? 1 : j == b.end() ? -1 : i->first.compare(j->first);
    const std::string& name = order <= 0 ? i->first : j->first;
    if (order != 0 || i->second != j->second) {  // what is shared is seen to be equal at once
      Change change;
      compare(type.member(name), order <= 0 ? &i->second : nullptr,
              order >= 0 ? &j->second : nullptr, change);
      if (!change.empty()) std::move(change).attach_to(changes, field_key(name));
    }
    if (order <= 0) ++i;
    if (order >= 0) ++j;
  }
}

void compare_items(FieldType type, const Json* from, const Json* to, ChangedNodes& changes) {
  if (from != nullptr && to != nullptr && *from == *to) return;
  const KeyedItems old_items(type, from);
  const KeyedItems new_items(type, to);
  const auto compare_item = [&](const std::string& key, const Json* old_item,
                                const Json* new_item) {
    Change change;
    compare(type.item(), old_item, new_item, change);
    if (!change.empty()) std::move(change).attach_to(changes, key);
  };
  for (const auto& [key, item] : old_items) compare_item(key, item, new_items.find(key));
  for (const auto& [key, item] : new_items) {
    if (old_items.find(key) == nullptr) compare_item(key, nullptr, item);
  }
}

bool has_nothing(const Json* value) {
  return value == nullptr || value->is_null() || value->size() == 0;
}

void compare(FieldType type, const Json* from, const Json* to, Change& change) {
  const FieldShape old_shape = type.shape(from != nullptr ? *from : *to);
  const FieldShape new_shape = type.shape(to != nullptr ? *to : *from);
  if (old_shape != new_shape) {  // below preserve-unknown-fields
    compare(type, from, nullptr, change);
    compare(type, nullptr, to, change);
    change.removed_self = false;
    return;
  }
  if (new_shape == FieldShape::Leaf || (has_nothing(from) && has_nothing(to))) {
    compare_leaf(from, to, change);
    return;
  }
  if (new_shape == FieldShape::Map) {
    compare_members(type, from, to, change.below);
  } else {
    compare_items(type, from, to, change.below);
  }
  if (from == nullptr) change.written_self = true;
  if (to == nullptr) change.removed_self = true;
}

// Fills `nodes` with what is below the value; true if the value itself is a field.
bool collect(FieldType type, const Json& value, FieldNodes& nodes) {
  switch (type.shape(value)) {
    case FieldShape::Leaf:
      return true;
    case FieldShape::Map:
      for (const auto& [name, member] : value.as_object()) {
        FieldNodes below;
        bool self = collect(type.member(name), member, below);
        self = self || member.is_null() || (member.is_object() && member.size() == 0) ||
               !type.names(name);
        add_node(nodes, field_key(name), self, make_set(std::move(below)));
      }
      return false;
    case FieldShape::Set:
    case FieldShape::KeyedList:
      for (const Json& item : value.as_array()) {
        FieldNodes below;
        collect(type.item(), item, below);
        add_node(nodes, type.key_of(item), true, make_set(std::move(below)));
      }
      return false;
  }
  return false;
}

FieldType type_below(FieldType type, const std::string& key) {
  return key[0] == 'f' ? type.member(std::string_view(key).substr(2)) : type.item();
}

}  // namespace

FieldSet fields_of(FieldType type, const Json& value) {
  FieldNodes nodes;
  collect(type, value, nodes);
  return make_set(std::move(nodes));
}

FieldChanges compare_fields(FieldType type, const Json& from, const Json& to) {
  ChangedNodes changes;
  compare_members(type, &from, &to, changes);
  return std::move(changes).finish();
}

FieldSet with_named_parents(FieldType type, const FieldSet& set) {
  FieldNodes result;
  for (const auto& [key, node] : set.as_object()) {
    if (key == ".") continue;
    const bool parent = key[0] == 'f' && type.names(std::string_view(key).substr(2));
    add_node(result, key, is_member(node) || parent,
             with_named_parents(type_below(type, key), node));
  }
  return make_set(std::move(result));
}

FieldSet settle_fields(FieldType type, const FieldSet& set) {
  FieldNodes result;
  for (const auto& [key, node] : set.as_object()) {
    if (key == ".") continue;
    const FieldType below = type_below(type, key);
    const bool atomic = below.schema() != nullptr && below.schema()->type != api::SchemaType::Any &&
                        below.shape(Json()) == FieldShape::Leaf;
    add_node(result, key, is_member(node) || atomic,
             atomic ? Json::object() : settle_fields(below, node));
  }
  return make_set(std::move(result));
}

}  // namespace clickdeploy::apiserver
