#include "controller/apiserver/field_set_internal.h"
#include "controller/apiserver/field_type_internal.h"
#include "controller/base/check.h"

#include <algorithm>
#include <numeric>

namespace clickdeploy::apiserver {
namespace {

using api::SchemaType;

constexpr std::size_t kFewItems = 16;

Json typed(std::string_view type) {
  return Json::object({{"type", type}});
}

Json text_map() {
  return Json::object({{"type", "object"}, {"additionalProperties", typed("string")}});
}

Json moment() {
  return Json::object({{"x-kubernetes-int-or-string", true}});
}

Json owner_references() {
  Json owner = typed("object");
  owner.set("x-kubernetes-map-type", "atomic");
  owner.set("properties", Json::object({{"apiVersion", typed("string")},
                                        {"blockOwnerDeletion", typed("boolean")},
                                        {"controller", typed("boolean")},
                                        {"kind", typed("string")},
                                        {"name", typed("string")},
                                        {"uid", typed("string")}}));
  return Json::object({{"type", "array"},
                       {"items", std::move(owner)},
                       {"x-kubernetes-list-type", "map"},
                       {"x-kubernetes-list-map-keys", Json::array({"uid"})}});
}

Json managed_fields() {
  Json entry = typed("object");
  entry.set("x-kubernetes-preserve-unknown-fields", true);
  return Json::object({{"type", "array"}, {"items", std::move(entry)}});
}

api::Schema compile_metadata() {
  Json finalizers = Json::object(
      {{"type", "array"}, {"items", typed("string")}, {"x-kubernetes-list-type", "set"}});
  const Json source =
      Json::object({{"type", "object"},
                    {"properties", Json::object({{"annotations", text_map()},
                                                 {"creationTimestamp", moment()},
                                                 {"deletionGracePeriodSeconds", typed("integer")},
                                                 {"deletionTimestamp", moment()},
                                                 {"finalizers", std::move(finalizers)},
                                                 {"generateName", typed("string")},
                                                 {"generation", typed("integer")},
                                                 {"labels", text_map()},
                                                 {"managedFields", managed_fields()},
                                                 {"name", typed("string")},
                                                 {"namespace", typed("string")},
                                                 {"ownerReferences", owner_references()},
                                                 {"resourceVersion", typed("string")},
                                                 {"selfLink", typed("string")},
                                                 {"uid", typed("string")}})}});
  Result<api::Schema> schema = api::Schema::compile(source);
  CHECK(schema.has_value(), "the schema of metadata compiles");
  return std::move(*schema);
}

const api::Schema& metadata_schema() {
  static const api::Schema schema = compile_metadata();
  return schema;
}

const api::Schema& text_schema() {
  static const api::Schema schema = [] {
    api::Schema text;
    text.type = SchemaType::String;
    return text;
  }();
  return schema;
}

}  // namespace

FieldShape FieldType::shape(const Json& value) const {
  if (schema_ == nullptr || schema_->type == SchemaType::Any) {
    return value.is_object() ? FieldShape::Map : FieldShape::Leaf;
  }
  if (schema_->type == SchemaType::Object)
    return schema_->atomic_map ? FieldShape::Leaf : FieldShape::Map;
  if (schema_->type != SchemaType::Array) return FieldShape::Leaf;
  if (schema_->list_type == api::ListType::Atomic) return FieldShape::Leaf;
  return schema_->list_type == api::ListType::Set ? FieldShape::Set : FieldShape::KeyedList;
}

const api::Schema* FieldType::find_member(std::string_view name) const {
  if (schema_ == nullptr) return nullptr;
  if (root_ && name == "metadata") return &metadata_schema();
  if (auto found = schema_->properties.find(name); found != schema_->properties.end()) {
    return found->second.get();
  }
  return root_ && (name == "apiVersion" || name == "kind") ? &text_schema() : nullptr;
}

bool FieldType::names(std::string_view field) const {
  return find_member(field) != nullptr;
}

bool FieldType::allows(std::string_view field) const {
  return schema_ == nullptr || schema_->type == SchemaType::Any || names(field) ||
         schema_->additional_properties != nullptr || schema_->preserve_unknown_fields;
}

FieldType FieldType::member(std::string_view name) const {
  const api::Schema* known = find_member(name);
  if (known == nullptr && schema_ != nullptr) known = schema_->additional_properties.get();
  return {known, false};
}

FieldType FieldType::item() const {
  return {schema_ == nullptr ? nullptr : schema_->items.get(), false};
}

std::string FieldType::key_of(const Json& item) const {
  if (schema_->list_type == api::ListType::Set) return value_key(item);
  Json keys = Json::object();
  for (const std::string& name : schema_->list_map_keys) {
    if (const Json* value = item.find(name)) {
      keys.set(name, *value);
      continue;
    }
    const api::Schema* key = schema_->items->property(name);
    if (key != nullptr && key->default_value) keys.set(name, *key->default_value);
  }
  return item_key(keys);
}

KeyedItems::KeyedItems(FieldType list, const Json* value) {
  if (value == nullptr) return;
  items_.reserve(value->size());
  for (const Json& item : value->as_array()) items_.emplace_back(list.key_of(item), &item);
  if (items_.size() <= kFewItems) return;
  by_key_.resize(items_.size());
  std::iota(by_key_.begin(), by_key_.end(), std::size_t{0});
  std::sort(by_key_.begin(), by_key_.end(), [this](std::size_t a, std::size_t b) {
    const int difference = items_[a].first.compare(items_[b].first);
    return difference != 0 ? difference < 0 : a < b;
  });
}

const Json* KeyedItems::find(std::string_view key) const {
  if (by_key_.empty()) {
    const auto found = std::find_if(items_.begin(), items_.end(),
                                    [key](const Item& item) { return item.first == key; });
    return found == items_.end() ? nullptr : found->second;
  }
  const auto found = std::lower_bound(
      by_key_.begin(), by_key_.end(), key,
      [this](std::size_t place, std::string_view wanted) { return items_[place].first < wanted; });
  if (found == by_key_.end() || items_[*found].first != key) return nullptr;
  return items_[*found].second;
}

}  // namespace clickdeploy::apiserver
