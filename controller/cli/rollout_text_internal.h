// What a Service's status says about its rollout, in kubectl's words. Pure.

#pragma once

#include "controller/base/json.h"

#include <string>

namespace clickdeploy::cli {

struct RolloutView {
  bool done = false;    // successfully, or for good
  bool failed = false;  // it will not go on by itself
  std::string text;     // one line
};

// `service` is the object as the API has it.
RolloutView view_rollout(const Json& service);

}  // namespace clickdeploy::cli
