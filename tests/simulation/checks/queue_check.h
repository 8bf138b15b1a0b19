// QueueCheck (S19, L6): one reconcile at a time for each key, no more keys in a queue than there
// are objects, no key that waits longer than the queue's work explains, and no reconcile without
// end (whose own time would explain any wait).

#pragma once

#include "controller/app/control_plane.h"
#include "tests/simulation/sim_report.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace clickdeploy::simulation {

class QueueCheck {
 public:
  QueueCheck(const Clock& clock, Report& report) : clock_(clock), report_(report) {}

  void begins(const std::string& controller, const api::ObjectKey& key);
  void ended(const std::string& controller, const api::ObjectKey& key);
  void killed();

  // Now and then. `objects` says how many keys a kind can have: those that are there, and those
  // that are known to be gone but not yet worked off. The process has been given its turns since
  // `fair_since`: what a key waited before counts for nothing.
  void look(const std::vector<app::QueueCounts>& queues,
            const std::function<std::size_t(const std::string& kind)>& objects,
            SteadyTime fair_since = {});

 private:
  using Work = std::pair<std::string, api::ObjectKey>;

  const Clock& clock_;
  Report& report_;
  std::map<Work, SteadyTime> running_;
  std::set<Work> told_;                                      // of those that do not end
  std::map<std::string, std::chrono::nanoseconds> longest_;  // service time, by controller
};

}  // namespace clickdeploy::simulation
