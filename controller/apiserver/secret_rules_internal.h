// What must not be kept of a Secret beside its data.

#pragma once

#include "controller/base/json.h"

#include <string_view>

namespace clickdeploy::apiserver {

// What stands in place of a value that is not to be seen.
inline constexpr std::string_view kRedacted = "***";

// kubectl's annotation of what was last applied holds the values once more, in plain text: they
// become kRedacted. (kubectl then sends the values again with each apply, which does no harm.) An
// annotation that is not JSON is dropped.
void redact_last_applied(Json& secret);

}  // namespace clickdeploy::apiserver
