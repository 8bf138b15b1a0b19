// What the states of a server in Nova mean to us. Pure.

#pragma once

#include <cstdint>
#include <string>

namespace clickdeploy::reconcilers {

enum class StateMeaning : std::uint8_t {
  Runs,      // its agents should answer
  Builds,    // for the first time, or anew
  Busy,      // the cloud, or somebody, is at work on it; it comes back by itself
  Stopped,   // on purpose: respected, and its alerts are muted
  Failed,    // repaired
  Leaving,   // deleted
  NotKnown,  // a state that says nothing; respected
};

// `status` as Nova spells it; "" and what a later Nova may invent are NotKnown.
StateMeaning meaning_of(const std::string& status);

// Why a server in this state is left as it is: for people. "" if it is not.
std::string why_left(const std::string& status);

}  // namespace clickdeploy::reconcilers
