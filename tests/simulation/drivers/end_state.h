// What a run came to, in a form in which two runs can be compared: what was done to the cloud and
// made in the store on the way (S22), and what there is at the end.

#pragma once

#include "tests/simulation/sim_fleet.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace clickdeploy::simulation {

// How often something was made or removed: "POST /compute/v2.1/servers", "new instances",
// "servers of Instance 1" (that with the most of them).
using Effects = std::map<std::string, std::int64_t>;

// Watches one world, and counts from begin() on.
class EffectCounter {
 public:
  explicit EffectCounter(SimWorld& world) : world_(world) {}

  void begin();
  void look();  // whenever something may have changed
  Effects effects() const;

 private:
  void note(bool counts);

  SimWorld& world_;
  store::Revision revision_ = 0;
  std::size_t first_mutation_ = 0;
  std::set<std::string> known_;               // uids
  std::map<std::string, std::int64_t> made_;  // by kind
};

// What `more` has more of than `reference`, in words; "" if nothing. What contains `free`, if that
// is not empty, may be more.
std::string excess(const Effects& more, const Effects& reference, std::string_view free = "");

// One line for each thing, without what differs between any two runs: ids, times, addresses,
// generated names, counters of tries.
std::vector<std::string> end_state(const SimWorld& world);
// The first lines that are not in both; "" if there are none.
std::string difference(const std::vector<std::string>& state,
                       const std::vector<std::string>& reference);

}  // namespace clickdeploy::simulation
