#include "controller/apiserver/wait_internal.h"
#include "controller/async/within.h"

#include <utility>

namespace clickdeploy::apiserver {

using Events = Result<std::vector<store::Event>>;

Task<Events> next_events(store::Watch& watch, Clock& clock, std::size_t events_max,
                         std::chrono::nanoseconds limit) {
  std::optional<Events> events = co_await within<Events>(clock, limit, watch.next(events_max));
  if (events) co_return *std::move(events);
  co_return std::vector<store::Event>();
}

}  // namespace clickdeploy::apiserver
