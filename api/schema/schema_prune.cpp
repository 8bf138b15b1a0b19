// Pruning and defaulting: what happens to an object before it is validated.

#include "api/schema/schema.h"

#include <utility>

namespace clickdeploy::api {
namespace {

class Pruner {
 public:
  explicit Pruner(std::vector<std::string>* unknown_paths) : unknown_paths_(unknown_paths) {}

  void prune(Json& value, const Schema& schema, const std::string& path, bool root) {
    if (value.is_array() && schema.items) {
      std::size_t index = 0;
      for (Json& item : value.array_ref()) {
        prune(item, *schema.items, item_path(path, index++), false);
      }
    }
    if (value.is_object() && schema.type == SchemaType::Object) {
      prune_members(value, schema, path, root);
    }
  }

 private:
  void prune_members(Json& value, const Schema& schema, const std::string& path, bool root) {
    std::vector<std::string> unknown;
    for (auto& [name, member] : value.object_ref()) {
      if (root && (name == "apiVersion" || name == "kind" || name == "metadata")) continue;
      if (const Schema* known = schema.property(name)) {
        prune(member, *known, child_path(path, name), false);
      } else if (!schema.preserve_unknown_fields) {
        if (unknown_paths_) unknown_paths_->push_back(child_path(path, name));
        unknown.push_back(name);
      }
    }
    for (const std::string& name : unknown) value.erase(name);
  }

  std::vector<std::string>* unknown_paths_;
};

void drop_nulls(Json& value, const Schema& schema) {
  std::vector<std::string> nulls;
  for (const auto& [name, member] : value.as_object()) {
    const Schema* known = schema.property(name);
    if (member.is_null() && known && !known->nullable) nulls.push_back(name);
  }
  for (const std::string& name : nulls) value.erase(name);
}

}  // namespace

void prune(Json& object, const Schema& schema, std::vector<std::string>* unknown_paths) {
  Pruner(unknown_paths).prune(object, schema, "", true);
}

void apply_defaults(Json& value, const Schema& schema) {
  if (value.is_array() && schema.items) {
    for (Json& item : value.array_ref()) apply_defaults(item, *schema.items);
  }
  if (!value.is_object() || schema.type != SchemaType::Object) return;

  drop_nulls(value, schema);
  for (const auto& [name, member] : schema.properties) {
    if (member->default_value && !value.contains(name)) value.set(name, *member->default_value);
  }
  for (auto& [name, member] : value.object_ref()) {
    if (const Schema* known = schema.property(name)) apply_defaults(member, *known);
  }
}

}  // namespace clickdeploy::api
