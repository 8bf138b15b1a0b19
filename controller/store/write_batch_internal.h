// WriteBatch: decides writes one after the other against the state and the writes before them.
//
// Pure but for reading the state, which nobody else may change meanwhile.

#pragma once

#include "controller/store/memory_state_internal.h"
#include "controller/store/object_store.h"

#include <map>
#include <vector>

namespace clickdeploy::store {

class WriteBatch {
 public:
  explicit WriteBatch(const MemoryState& state) : state_(state), revision_(state.revision()) {}

  // The document as it will be; or AlreadyExists, NotFound, Conflict: then the batch is as before.
  Result<DocumentPtr> add(Write write);

  // What the accepted writes do, in the order of their revisions.
  const std::vector<Event>& events() const { return events_; }
  std::vector<Event> take_events() && { return std::move(events_); }

 private:
  DocumentPtr current(const Key& key) const;

  const MemoryState& state_;
  Revision revision_;
  std::map<Key, DocumentPtr> written_;  // nullptr: deleted
  std::vector<Event> events_;
};

}  // namespace clickdeploy::store
