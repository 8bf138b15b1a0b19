// What must not be kept of a Secret beside its data.

#pragma once

#include "controller/base/json.h"

namespace clickdeploy::apiserver {

// kubectl's annotation of what was last applied holds the values once more, in plain text: they
// become "***". (kubectl then sends the values again with each apply, which does no harm.) An
// annotation that is not JSON is dropped.
void redact_last_applied(Json& secret);

}  // namespace clickdeploy::apiserver
