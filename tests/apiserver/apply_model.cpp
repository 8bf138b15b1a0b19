#include "tests/apiserver/apply_model.h"

#include <algorithm>

namespace clickdeploy::apiserver::model {
namespace {

bool is_below_or_at(const Path& path, const Path& top) {
  return path.size() >= top.size() && std::equal(top.begin(), top.end(), path.begin());
}

std::string step_of_item(const Type& list, const Json& item) {
  if (list.kind == Type::Kind::Set) return "=" + to_json(item);
  Json keys = Json::object();
  for (const std::string& key : list.keys) {
    if (item.contains(key)) keys.set(key, item[key]);
  }
  return to_json(keys);
}

void flatten_into(const Type& type, const Json& value, const Path& path, bool named, Nodes& nodes) {
  const bool list = type.kind == Type::Kind::Set || type.kind == Type::Kind::Keyed;
  const bool content = type.is_container() && value.size() > 0;
  if (!path.empty()) nodes[path] = {content ? "*" : to_json(value), named, list};
  if (!content) return;
  const auto below = [&path](std::string step) {
    Path longer = path;
    longer.push_back(std::move(step));
    return longer;
  };
  if (list) {
    for (const Json& item : value.as_array()) {
      flatten_into(*type.element, item, below(step_of_item(type, item)), false, nodes);
    }
    return;
  }
  for (const auto& [name, member] : value.as_object()) {
    const auto field = type.fields.find(name);
    const bool known = field != type.fields.end();
    flatten_into(known ? field->second : *type.element, member, below("." + name), known, nodes);
  }
}

void flatten_fields_into(const Json& node, const Path& path, Paths& paths) {
  for (const auto& [key, below] : node.as_object()) {
    if (key == ".") continue;
    Path longer = path;
    const std::string rest = key.substr(2);
    const auto plain = [&rest] { return to_json(parse_json(rest).value()); };
    longer.push_back(key[0] == 'f' ? "." + rest : key[0] == 'v' ? "=" + plain() : plain());
    if (below.size() == 0 || below.contains(".")) paths.insert(longer);
    flatten_fields_into(below, longer, paths);
  }
}

struct Changes {
  Paths written;
  Paths removed;
};

Changes compare(const Nodes& from, const Nodes& to) {
  Changes changes;
  for (const auto& [path, node] : to) {
    const auto old = from.find(path);
    const bool both_empty_or_leaf =
        old != from.end() && old->second.text != "*" && node.text != "*";
    const bool differs = both_empty_or_leaf && old->second.text != node.text;
    if (old == from.end() || differs) changes.written.insert(path);
  }
  for (const auto& [path, node] : from) {
    if (!to.contains(path)) changes.removed.insert(path);
  }
  return changes;
}

// What is never owned.
bool is_identity(const Path& path) {
  return path == Path{".apiVersion"} || path == Path{".kind"} || path == Path{".metadata"} ||
         path == Path{".metadata", ".name"};
}

void take(Paths& from, const Paths& paths) {
  for (const Path& path : paths) from.erase(path);
}

// Without these and all below them, and without what that leaves empty.
Nodes without(Nodes nodes, const Paths& tops) {
  for (const Path& top : tops) {
    std::erase_if(nodes, [&top](const auto& entry) { return is_below_or_at(entry.first, top); });
  }
  for (bool again = true; again;) {
    again = std::erase_if(nodes, [&nodes](const auto& entry) {
              if (entry.second.text != "*") return false;
              const auto next = nodes.upper_bound(entry.first);
              return next == nodes.end() || !is_below_or_at(next->first, entry.first);
            }) > 0;
  }
  return nodes;
}

}  // namespace

Json Type::schema() const {
  const auto typed = [](const char* name) { return Json::object({{"type", name}}); };
  Json properties = Json::object();
  for (const auto& [name, field] : fields) properties.set(name, field.schema());
  Json schema;
  switch (kind) {
    case Kind::Text:
      return typed("string");
    case Kind::Number:
      return typed("integer");
    case Kind::AtomicList:
      schema = typed("array");
      schema.set("items", typed("string"));
      return schema;
    case Kind::AtomicMap:
      schema = typed("object");
      schema.set("additionalProperties", typed("string"));
      schema.set("x-kubernetes-map-type", "atomic");
      return schema;
    case Kind::Struct:
      schema = typed("object");
      schema.set("properties", std::move(properties));
      return schema;
    case Kind::Map:
      schema = typed("object");
      schema.set("additionalProperties", element->schema());
      return schema;
    case Kind::Set:
    case Kind::Keyed:
      schema = typed("array");
      schema.set("items", element->schema());
      schema.set("x-kubernetes-list-type", kind == Kind::Set ? "set" : "map");
      if (kind == Kind::Keyed) {
        Json names = Json::array();
        for (const std::string& key : keys) names.push_back(key);
        schema.set("x-kubernetes-list-map-keys", std::move(names));
      }
      return schema;
  }
  return schema;
}

Nodes flatten(const Type& type, const Json& object) {
  Nodes nodes;
  flatten_into(type, object, {}, false, nodes);
  return nodes;
}

Paths flatten_fields(const Json& fields_v1) {
  Paths paths;
  flatten_fields_into(fields_v1, {}, paths);
  return paths;
}

bool Object::update(const std::string& manager, const Nodes& wanted) {
  Changes changes = compare(nodes, wanted);
  const bool tracked = nodes.empty() || !owners.empty();
  nodes = wanted;
  known_.insert(wanted.begin(), wanted.end());
  if (!tracked) return false;
  for (auto& [id, paths] : owners) {
    take(paths, changes.written);
    take(paths, changes.removed);
  }
  std::erase_if(changes.written, is_identity);
  owners[{"Update", manager}].insert(changes.written.begin(), changes.written.end());
  drop_empty_owners();
  return !changes.written.empty();
}

Owners Object::apply(const std::string& manager, const Nodes& config, bool force) {
  known_.insert(config.begin(), config.end());
  const Owners before = owners;
  if (owners.empty()) own_all_before();
  const OwnerId self{"Apply", manager};
  Paths applied;
  for (const auto& [path, node] : config) {
    // A member that the schema names is there by its content; it counts itself only as {}.
    if (node.named && (node.text == "*" || (node.list && node.text == "[]"))) continue;
    applied.insert(path);
  }
  Paths owned = applied;
  for (const auto& [id, paths] : owners) {
    if (id != self) owned.insert(paths.begin(), paths.end());
  }
  Nodes result = merge(nodes, config);
  if (const auto last = owners.find(self); last != owners.end()) {
    give_up(result, last->second, owned);
    result = merge(result, config);  // an empty map or list of the body stays one
  }
  const Changes changes = compare(nodes, result);
  Owners conflicts;
  for (const auto& [id, paths] : owners) {
    for (const Path& path : paths) {
      if (id != self && changes.written.contains(path)) conflicts[id].insert(path);
    }
  }
  if (!force && !conflicts.empty()) {
    owners = before;
    return conflicts;
  }
  nodes = result;
  for (auto& [id, paths] : owners) {
    if (id == self) continue;
    take(paths, changes.written);
    take(paths, changes.removed);
  }
  std::erase_if(applied, is_identity);
  owners[self] = std::move(applied);
  drop_empty_owners();
  return {};
}

void Object::own_all_before() {
  Paths& all = owners[kBefore];
  for (const auto& [path, node] : nodes) {
    if (!is_identity(path)) all.insert(path);
  }
  drop_empty_owners();
}

Paths Object::with_named_parents(const Paths& paths) const {
  Paths all = paths;
  for (Path path : paths) {
    while (path.size() > 1) {
      path.pop_back();
      const auto node = known_.find(path);
      if (node != known_.end() && node->second.named) all.insert(path);
    }
  }
  return all;
}

Nodes Object::merge(const Nodes& onto, const Nodes& config) {
  Nodes result = onto;
  for (const auto& [path, node] : config) {
    const bool empty_container = node.text == "{}" || node.text == "[]";
    const auto live = result.find(path);
    const bool keeps_content = empty_container && live != result.end() && live->second.text == "*";
    if (!keeps_content) result[path] = node;
  }
  return result;
}

// What the manager applied before goes unless it has something that is owned now, in it or below.
// What is below it and was never owned, such as an empty map that an updater left, holds nothing.
void Object::give_up(Nodes& merged, const Paths& last, const Paths& owned) const {
  const Paths before = with_named_parents(last);
  const Paths now = with_named_parents(owned);
  Paths loose;
  for (const auto& [path, node] : merged) {
    const bool was_applied = std::any_of(before.begin(), before.end(), [&path](const Path& top) {
      return is_below_or_at(path, top);
    });
    if (was_applied && !now.contains(path)) loose.insert(path);
  }
  const Nodes kept = without(merged, loose);
  Paths gone;
  for (const Path& path : before) {
    if (merged.contains(path) && !kept.contains(path)) gone.insert(path);
  }
  merged = without(std::move(merged), gone);
}

void Object::drop_empty_owners() {
  std::erase_if(owners, [](const auto& owner) { return owner.second.empty(); });
}

}  // namespace clickdeploy::apiserver::model
