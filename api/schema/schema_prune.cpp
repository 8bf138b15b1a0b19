// Pruning and defaulting: what happens to an object before it is validated.

#include "api/schema/schema.h"

#include <algorithm>
#include <utility>

namespace clickdeploy::api {
namespace {

bool is_exempt(std::string_view name, bool root) {
  return root && (name == "apiVersion" || name == "kind" || name == "metadata");
}

// The usual case, found out without touching the value.
bool is_all_known(const Json& value, const Schema& schema, bool root) {
  if (value.is_array() && schema.items) {
    for (const Json& item : value.as_array()) {
      if (!is_all_known(item, *schema.items, false)) return false;
    }
  }
  if (!value.is_object() || schema.type != SchemaType::Object) return true;
  for (const auto& [name, member] : value.as_object()) {
    if (is_exempt(name, root)) continue;
    const Schema* known = schema.property(name);
    if (known ? !is_all_known(member, *known, false) : !schema.preserve_unknown_fields) {
      return false;
    }
  }
  return true;
}

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
    std::vector<JsonObject::Member> kept;
    for (auto& [name, member] : value.object_ref()) {
      const bool exempt = is_exempt(name, root);
      const Schema* known = exempt ? nullptr : schema.property(name);
      if (known) prune(member, *known, child_path(path, name), false);
      if (known || exempt || schema.preserve_unknown_fields) {
        kept.emplace_back(name, std::move(member));
      } else if (unknown_paths_) {
        unknown_paths_->push_back(child_path(path, name));
      }
    }
    value = JsonObject::from_members(std::move(kept));
  }

  std::vector<std::string>* unknown_paths_;
};

bool is_void(const Json& member, const Schema* schema, NullRule nulls) {
  return member.is_null() && schema && !schema->nullable &&
         (nulls == NullRule::Drop || schema->default_value);
}

// Rebuilt rather than erased from, one by one: that would take quadratic time.
void drop_nulls(Json& value, const Schema& schema, NullRule nulls) {
  JsonObject& object = value.object_ref();
  const bool any = std::any_of(object.begin(), object.end(), [&](const auto& member) {
    return is_void(member.second, schema.property(member.first), nulls);
  });
  if (!any) return;
  std::vector<JsonObject::Member> kept;
  for (auto& [name, member] : object) {
    if (!is_void(member, schema.property(name), nulls)) {
      kept.emplace_back(name, std::move(member));
    }
  }
  value = JsonObject::from_members(std::move(kept));
}

// Whether there is nothing to drop or to add.
bool is_complete(const Json& value, const Schema& schema, NullRule nulls) {
  if (value.is_array() && schema.items) {
    for (const Json& item : value.as_array()) {
      if (!is_complete(item, *schema.items, nulls)) return false;
    }
  }
  if (!value.is_object() || schema.type != SchemaType::Object) return true;
  for (const auto& [name, member] : value.as_object()) {
    const Schema* known = schema.property(name);
    if (is_void(member, known, nulls)) return false;
    if (known && !is_complete(member, *known, nulls)) return false;
  }
  for (const auto& [name, member] : schema.properties) {
    if (member->default_value && !value.contains(name)) return false;
  }
  return true;
}

}  // namespace

void prune(Json& object, const Schema& schema, std::vector<std::string>* unknown_paths) {
  if (is_all_known(object, schema, true)) return;
  Pruner(unknown_paths).prune(object, schema, "", true);
}

void apply_defaults(Json& value, const Schema& schema, NullRule nulls) {
  if (is_complete(value, schema, nulls)) return;
  if (value.is_array() && schema.items) {
    for (Json& item : value.array_ref()) apply_defaults(item, *schema.items, nulls);
  }
  if (!value.is_object() || schema.type != SchemaType::Object) return;

  drop_nulls(value, schema, nulls);
  for (const auto& [name, member] : schema.properties) {
    if (member->default_value && !value.contains(name)) value.set(name, *member->default_value);
  }
  for (auto& [name, member] : value.object_ref()) {
    if (const Schema* known = schema.property(name)) apply_defaults(member, *known, nulls);
  }
}

}  // namespace clickdeploy::api
