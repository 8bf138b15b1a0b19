// A question before something that cannot be taken back.

#pragma once

#include "controller/cli/session_internal.h"

#include <string>

namespace clickdeploy::cli {

// True if `yes`, or if the person answers "yes". The end of the input is a no.
bool confirm(Session& session, const std::string& question, bool yes);

}  // namespace clickdeploy::cli
