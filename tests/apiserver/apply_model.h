// A second, plain account of server-side apply, to hold the server's against.
//
// It knows objects and ownership only as sets of paths. An object is a map from each path to what
// stands there; an owner is a set of paths; the rules are a few lines about such sets. Nothing is
// shared with the server's code, not even the form of a path: ".name" is a member, "{…}" an item of
// a keyed list, "=…" an item of a set.

#pragma once

#include "controller/base/json.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy::apiserver::model {

using Path = std::vector<std::string>;
using Paths = std::set<Path>;

struct Type {
  enum class Kind {
    Text,
    Number,
    AtomicList,
    AtomicMap,
    Struct,
    Map,
    Set,
    Keyed
  } kind = Kind::Text;
  std::map<std::string, Type> fields;  // of Struct, and of the items of Keyed
  std::shared_ptr<Type> element;       // of Map, Set and Keyed
  std::vector<std::string> keys;       // of Keyed

  bool is_container() const {
    return kind == Kind::Struct || kind == Kind::Map || kind == Kind::Set || kind == Kind::Keyed;
  }
  // As a schema of a CustomResourceDefinition.
  Json schema() const;
};

// What stands at a path: the JSON of a leaf or of something empty, "*" for a container with
// content.
struct Node {
  std::string text;
  bool named = false;  // a member that the schema names
  bool list = false;   // a set or a keyed list

  bool operator==(const Node&) const = default;
};
using Nodes = std::map<Path, Node>;

Nodes flatten(const Type& type, const Json& object);
// The paths of a managedFields entry's fieldsV1.
Paths flatten_fields(const Json& fields_v1);

using OwnerId = std::pair<std::string, std::string>;  // operation, manager
using Owners = std::map<OwnerId, Paths>;
// Who owns what there was when nobody was written down, from the next apply on.
inline const OwnerId kBefore{"Update", "before-first-apply"};

class Object {
 public:
  Nodes nodes;
  Owners owners;

  // A write of the whole object by an updater; true if it is now written down as one.
  bool update(const std::string& manager, const Nodes& wanted);
  // The owners and paths in conflict; then nothing has changed. Empty: done.
  Owners apply(const std::string& manager, const Nodes& config, bool force);

 private:
  void own_all_before();
  Paths with_named_parents(const Paths& paths) const;
  static Nodes merge(const Nodes& onto, const Nodes& config);
  void give_up(Nodes& merged, const Paths& last, const Paths& owned) const;
  void drop_empty_owners();

  Nodes known_;  // every path seen so far, for what it is
};

}  // namespace clickdeploy::apiserver::model
