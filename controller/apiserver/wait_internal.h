// Waiting for a watch no longer than a given time.

#pragma once

#include "controller/async/clock.h"
#include "controller/store/object_store.h"

#include <chrono>
#include <cstddef>
#include <vector>

namespace clickdeploy::apiserver {

// The watch's next events; none if `limit` passed first. No event is lost at the edge: what the
// watch had already handed out when the time was up is returned.
Task<Result<std::vector<store::Event>>> next_events(store::Watch& watch, Clock& clock,
                                                    std::size_t events_max,
                                                    std::chrono::nanoseconds limit);

}  // namespace clickdeploy::apiserver
