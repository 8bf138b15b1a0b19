// What the server does by itself: collects objects that lost their owners, finishes foreground and
// orphan deletion, empties namespaces that are going, expires Events.

#pragma once

#include "controller/apiserver/core_internal.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace clickdeploy::apiserver {

// Runs until cancelled.
Task<void> run_background(const Core& core);

// Deletes and releases what one object's owners and dependents ask for. False: something stood in
// the way (a conflict, an overloaded store); try again later.
Task<bool> collect_object(const Core& core, store::Key key);
Task<bool> collect_dependents(const Core& core, std::string owner_uid);

// Deletes the content of a namespace that is going or gone, then lets the namespace go.
Task<bool> empty_namespace(const Core& core, std::string name);

// Deletes Events whose time is over.
class EventExpiry {
 public:
  explicit EventExpiry(const Core& core) : core_(core) {}
  Task<void> run_once();

 private:
  struct Known {
    store::Revision revision = 0;
    WallTime last_seen{};
  };
  const Core& core_;
  std::map<store::Key, Known> known_;  // so that each Event is parsed once a version
};

// The target of a stored object; nullopt if its resource is not in the scheme.
std::optional<Target> target_of(const Core& core, const store::Key& key);

}  // namespace clickdeploy::apiserver
