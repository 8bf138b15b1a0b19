// RecordAges: how old the times in an Instance's record are, by a clock that does not jump.
//
// A record that this process has seen appear ages with the steady clock. One that was there when
// the process first looked is as old as the wall clock says at that moment, and then ages the same
// way; one from the future counts from that moment, so that a wait ends late rather than never.
// So a wall clock that jumps changes no wait by more than the time between two looks.

#pragma once

#include "controller/async/clock.h"
#include "controller/base/text.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

class RecordAges {
 public:
  using Ages = std::map<std::string, std::chrono::seconds>;  // by the time's text

  // The ages of the times that the record has now; "" and what is no time have none.
  Ages look(const std::vector<std::string>& times, WallTime wall_now, SteadyTime now);

 private:
  struct Seen {
    SteadyTime at{};
    std::chrono::nanoseconds age{0};  // then
  };
  std::map<std::string, Seen> seen_;
  std::optional<SteadyTime> last_look_;
};

}  // namespace clickdeploy::reconcilers
