// FieldType: how a value is taken apart into fields: by its schema, and metadata by ObjectMeta's.
//
// A scalar, an atomic list and an atomic map are leaves; all else is looked into. Below
// preserve-unknown-fields there is no schema: there objects are maps and lists are leaves.

#pragma once

#include "api/scheme.h"
#include "controller/base/json.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clickdeploy::apiserver {

enum class FieldShape : std::uint8_t { Leaf, Map, Set, KeyedList };

class FieldType {
 public:
  // The type of a whole object of the kind; refers to `info`.
  static FieldType of(const api::ResourceInfo& info) { return {&info.schema, true}; }

  // The schema; null where there is none.
  const api::Schema* schema() const { return schema_; }

  // Of a value that fits the type; null has the shape that other values of the type have.
  FieldShape shape(const Json& value) const;

  // A field that the schema names, as opposed to a key of a map.
  bool names(std::string_view field) const;
  // False where nothing of that name may be.
  bool allows(std::string_view field) const;
  FieldType member(std::string_view name) const;
  FieldType item() const;

  // The key of an item of a list of type map or set, as in a FieldSet. Keys that the item leaves
  // out have their defaults.
  std::string key_of(const Json& item) const;

 private:
  FieldType(const api::Schema* schema, bool root) : schema_(schema), root_(root) {}
  const api::Schema* find_member(std::string_view name) const;

  const api::Schema* schema_;
  bool root_;
};

// The items of a list of type map or set with their keys, in their order. Refers to the list.
class KeyedItems {
 public:
  using Item = std::pair<std::string, const Json*>;

  KeyedItems(FieldType list, const Json* value);

  std::size_t size() const { return items_.size(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }
  const Item& operator[](std::size_t index) const { return items_[index]; }
  // The first item with the key; nullptr if there is none.
  const Json* find(std::string_view key) const;

 private:
  std::vector<Item> items_;
  std::vector<std::size_t> by_key_;  // their places, sorted; empty if they are few
};

}  // namespace clickdeploy::apiserver
