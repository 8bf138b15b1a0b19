// Who needs a Secret: an object of ours in its namespace whose spec refers to it.

#pragma once

#include "controller/apiserver/core_internal.h"

#include <string>
#include <vector>

namespace clickdeploy::apiserver {

// "cloud/prod-eu", the first few. A Secret that somebody needs is not deleted: a Cloud without its
// credentials can delete nothing of what it has made.
std::vector<std::string> users_of_secret(const Core& core, const std::string& namespace_name,
                                         const std::string& name);

}  // namespace clickdeploy::apiserver
