#include "controller/reconcilers/instance/record_ages.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using std::chrono::nanoseconds;

RecordAges::Ages RecordAges::look(const std::vector<std::string>& times, WallTime wall_now,
                                  SteadyTime now) {
  // What is new since the last look is no older than that.
  const nanoseconds oldest = last_look_ ? now - *last_look_ : nanoseconds::max();
  std::map<std::string, Seen> seen;
  Ages ages;
  for (const std::string& time : times) {
    const std::optional<WallTime> recorded = parse_time(time);
    if (!recorded) continue;
    const auto known = seen_.find(time);
    Seen kept{.at = now};
    if (known != seen_.end()) {
      kept = known->second;
    } else {
      kept.age = std::clamp<nanoseconds>(wall_now - *recorded, nanoseconds(0), oldest);
    }
    ages[time] = std::chrono::floor<std::chrono::seconds>(now - kept.at + kept.age);
    seen.emplace(time, kept);
  }
  seen_ = std::move(seen);
  last_look_ = now;
  return ages;
}

}  // namespace clickdeploy::reconcilers
