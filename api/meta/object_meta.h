// ObjectMeta, OwnerReference, ObjectKey: what every object carries, as data.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::api {

// Namespace and name: all that a work queue remembers of an object.
struct ObjectKey {
  std::string namespace_name;
  std::string name;

  std::string text() const { return namespace_name + "/" + name; }
  auto operator<=>(const ObjectKey&) const = default;
};

struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  bool controller = false;
  bool block_owner_deletion = false;

  bool operator==(const OwnerReference&) const = default;
};

struct ObjectMeta {
  std::string name;
  std::string generate_name;
  std::string namespace_name;
  std::string uid;
  std::string resource_version;
  std::int64_t generation = 0;
  std::string creation_timestamp;  // RFC 3339
  std::string deletion_timestamp;  // "" while nobody has asked for deletion
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::vector<std::string> finalizers;
  std::vector<OwnerReference> owner_references;

  ObjectKey key() const { return {namespace_name, name}; }
  bool is_deleting() const { return !deletion_timestamp.empty(); }
  bool has_finalizer(std::string_view finalizer) const;

  bool operator==(const ObjectMeta&) const = default;
};

// Which kind, for paths and references.
struct GroupVersionKind {
  std::string_view group;
  std::string_view version;
  std::string_view kind;
  std::string_view plural;

  std::string api_version() const {
    return group.empty() ? std::string(version) : std::string(group) + "/" + std::string(version);
  }
};

}  // namespace clickdeploy::api
