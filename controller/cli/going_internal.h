// What an object that is being deleted still waits for.

#pragma once

#include "controller/base/json.h"

#include <string>

namespace clickdeploy::cli {

// "finalizer clickdeploy.io/cloud waits: 2 Instances are going"; from the status where it tells,
// else the names of the finalizers.
std::string waits_for(const Json& object);

}  // namespace clickdeploy::cli
