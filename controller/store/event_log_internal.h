// EventLog: the newest events of the store, bounded by number and by bytes.
//
// Every revision has exactly one event, so the revisions held are one unbroken range. The newest
// event is never dropped, however large.
//
// Threads: none of its own; MemoryState guards it.

#pragma once

#include "controller/store/object_store.h"

#include <cstddef>
#include <deque>
#include <vector>

namespace clickdeploy::store {

struct LogBounds {
  std::size_t events_max = 0;
  std::size_t bytes_max = 0;
};

class EventLog {
 public:
  // An empty log that follows `revision`.
  EventLog(LogBounds bounds, Revision revision) : bounds_(bounds), oldest_(revision) {}

  // The event's revision must be newest() + 1.
  void append(Event event);

  // Drops old events until the bounds hold; returns them, so that their memory can be freed
  // outside a lock.
  std::vector<Event> trim();

  // The event of a revision in (oldest(), newest()].
  const Event& at(Revision revision) const;

  Revision oldest() const { return oldest_; }  // the revision before the first event held
  Revision newest() const { return oldest_ + events_.size(); }

 private:
  LogBounds bounds_;
  Revision oldest_;
  std::size_t bytes_ = 0;
  std::deque<Event> events_;
};

}  // namespace clickdeploy::store
