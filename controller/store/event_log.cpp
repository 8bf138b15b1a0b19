#include "controller/base/check.h"
#include "controller/store/event_log_internal.h"

#include <utility>

namespace clickdeploy::store {
namespace {

// What an event costs besides its bytes: its key and facts, pointers, the allocator's share.
constexpr std::size_t kEventOverheadBytes = 256;

std::size_t event_bytes(const Event& event) {
  return event.document->bytes.size() + kEventOverheadBytes;
}

}  // namespace

void EventLog::append(Event event) {
  CHECK(event.document && event.document->revision == newest() + 1, "events must not leave gaps");
  bytes_ += event_bytes(event);
  events_.push_back(std::move(event));
}

std::vector<Event> EventLog::trim() {
  std::vector<Event> dropped;
  while (events_.size() > 1 &&
         (events_.size() > bounds_.events_max || bytes_ > bounds_.bytes_max)) {
    bytes_ -= event_bytes(events_.front());
    dropped.push_back(std::move(events_.front()));
    events_.pop_front();
    ++oldest_;
  }
  return dropped;
}

const Event& EventLog::at(Revision revision) const {
  CHECK(revision > oldest_ && revision <= newest(), "the log does not hold this revision");
  return events_[static_cast<std::size_t>(revision - oldest_ - 1)];
}

}  // namespace clickdeploy::store
