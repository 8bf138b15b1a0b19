#include "controller/reconcilers/instance/server_states.h"

#include <map>

namespace clickdeploy::reconcilers {

StateMeaning meaning_of(const std::string& status) {
  // docs/reference/kinds/instance.md tells the same; a test compares.
  static const std::map<std::string, StateMeaning> kMeanings = {
      {"ACTIVE", StateMeaning::Runs},
      {"BUILD", StateMeaning::Builds},
      {"DELETED", StateMeaning::Leaving},
      {"ERROR", StateMeaning::Failed},
      {"HARD_REBOOT", StateMeaning::Busy},
      {"MIGRATING", StateMeaning::Busy},
      {"PASSWORD", StateMeaning::Busy},
      {"PAUSED", StateMeaning::Stopped},
      {"REBOOT", StateMeaning::Busy},
      {"REBUILD", StateMeaning::Busy},
      {"RESCUE", StateMeaning::Stopped},
      {"RESIZE", StateMeaning::Busy},
      {"REVERT_RESIZE", StateMeaning::Busy},
      {"SHELVED", StateMeaning::Stopped},
      {"SHELVED_OFFLOADED", StateMeaning::Stopped},
      {"SHUTOFF", StateMeaning::Stopped},
      {"SOFT_DELETED", StateMeaning::Leaving},
      {"SUSPENDED", StateMeaning::Stopped},
      {"UNKNOWN", StateMeaning::NotKnown},
      {"VERIFY_RESIZE", StateMeaning::Busy},
  };
  const auto found = kMeanings.find(status);
  return found == kMeanings.end() ? StateMeaning::NotKnown : found->second;
}

std::string why_left(const std::string& status) {
  switch (meaning_of(status)) {
    case StateMeaning::Stopped:
      return "the server is " + status +
             "; somebody stopped it, so it is left as it is. Start it to go on";
    case StateMeaning::Busy:
      return status == "VERIFY_RESIZE"
                 ? "the server is VERIFY_RESIZE; somebody resized it and must confirm that, or "
                   "revert it"
                 : "the server is " + status + "; waiting until the cloud is done with it";
    case StateMeaning::NotKnown:
      return "the server is in the state \"" + status +
             "\", which says nothing about it; it is left as it is until that changes";
    case StateMeaning::Runs:
    case StateMeaning::Builds:
    case StateMeaning::Failed:
    case StateMeaning::Leaving:
      break;
  }
  return "";
}

}  // namespace clickdeploy::reconcilers
