// A small fleet, as the controllers would have reported it: one Cloud, one MetricsBackend, one
// policy, one Service with two Instances of which the second is not scraped.

#pragma once

#include "controller/base/json.h"

#include <string>
#include <vector>

namespace clickdeploy::cli {

// The collection and the object, in the order in which they can be created.
struct FleetObject {
  std::string collection;
  Json object;
};
std::vector<FleetObject> make_fleet();

}  // namespace clickdeploy::cli
