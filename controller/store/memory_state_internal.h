// MemoryState: what the store knows, in memory: documents, who owns whom, and the event log.
//
// Threads: any thread may read; only the writer publishes. Readers hold the lock for pointers
// only, never for bytes, and scan the log in short pieces.

#pragma once

#include "controller/async/signal.h"
#include "controller/store/event_log_internal.h"
#include "controller/store/object_store.h"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

namespace clickdeploy::store {

// Documents by key: each holds its own, which is not kept a second time.
struct ByKey {
  using is_transparent = void;
  bool operator()(const DocumentPtr& a, const DocumentPtr& b) const { return a->key < b->key; }
  bool operator()(const DocumentPtr& a, const Key& b) const { return a->key < b; }
  bool operator()(const Key& a, const DocumentPtr& b) const { return a < b->key; }
};
using DocumentSet = std::set<DocumentPtr, ByKey>;

// Adds the document in the place of the one with its key.
void put(DocumentSet& documents, DocumentPtr document);
void remove(DocumentSet& documents, const Key& key);

class MemoryState {
 public:
  MemoryState(DocumentSet documents, EventLog log);

  DocumentPtr get(const Key& key) const;
  ListResult list(const std::string& resource,
                  const std::optional<std::string>& namespace_name) const;
  Result<ListResult> list_at(const std::string& resource,
                             const std::optional<std::string>& namespace_name,
                             Revision revision) const;
  std::vector<DocumentPtr> list_owned(const std::string& owner_uid) const;
  Revision revision() const;
  Revision oldest() const;

  // Appends events of `resource` ("" is all) after `from` to `events` until it holds `events_max`,
  // and returns how far it looked: `until` at most, often less, because one call looks at a
  // bounded number of events. Expired when the log does not reach back to `from`.
  Result<Revision> scan(const std::string& resource, Revision from, Revision until,
                        std::size_t events_max, std::vector<Event>& events) const;

  // Makes durable events visible, all at once, and wakes the watches.
  void publish(std::vector<Event> events);

  // Watches end.
  void stop();
  bool is_stopped() const;

  Signal& changed() { return changed_; }

 private:
  void index_owners(const DocumentPtr& document);
  void unindex_owners(const Document& document);

  mutable std::shared_mutex mutex_;
  DocumentSet documents_;
  std::map<std::string, DocumentSet> owned_;  // by owner's uid
  EventLog log_;
  bool stopped_ = false;
  Signal changed_;
};

}  // namespace clickdeploy::store
