#include "controller/apiserver/background_internal.h"
#include "controller/apiserver/object_internal.h"
#include "controller/apiserver/parsed_documents_internal.h"

#include <algorithm>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::string_view kEvents = "events";

// The newest time that the Event tells of itself.
WallTime last_seen(const Json& event) {
  WallTime newest{};
  for (const Json* text :
       {&event["metadata"]["creationTimestamp"], &event["firstTimestamp"], &event["lastTimestamp"],
        &event["eventTime"], &event["series"]["lastObservedTime"]}) {
    newest = std::max(newest, parse_time(text->as_string()).value_or(WallTime()));
  }
  return newest;
}

}  // namespace

Task<void> EventExpiry::run_once() {
  const WallTime now = core_.clock.wall_now();
  const store::ListResult list = core_.store.list(std::string(kEvents), std::nullopt);
  std::map<store::Key, Known> present;
  std::vector<store::DocumentPtr> over;
  for (const store::DocumentPtr& document : list.documents) {
    auto found = known_.find(document->key);
    Known known;
    if (found != known_.end() && found->second.revision == document->revision) {
      known = found->second;
    } else {
      known = {document->revision, last_seen(read_document(*document))};
    }
    if (known.last_seen + core_.options.event_ttl <= now) over.push_back(document);
    present.emplace(document->key, known);
  }
  known_ = std::move(present);
  for (const store::DocumentPtr& document : over) {
    const Json object = read_document(*document);
    store::Write write =
        make_write(store::Operation::Delete, document->key, document->revision, object);
    // One that was written to meanwhile is not over; others are tried again a minute later.
    Result<store::DocumentPtr> removed = co_await core_.store.commit(std::move(write));
    if (!removed) continue;
    known_.erase(document->key);
    core_.parsed->forget(document->key);
  }
}

}  // namespace clickdeploy::apiserver
