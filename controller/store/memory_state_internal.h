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

class MemoryState {
 public:
  MemoryState(std::map<Key, DocumentPtr> documents, EventLog log);

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
  void index_owners(const Document& document);
  void unindex_owners(const Document& document);

  mutable std::shared_mutex mutex_;
  std::map<Key, DocumentPtr> documents_;
  std::map<std::string, std::set<Key>> owned_;  // owner uid → keys
  EventLog log_;
  bool stopped_ = false;
  Signal changed_;
};

}  // namespace clickdeploy::store
