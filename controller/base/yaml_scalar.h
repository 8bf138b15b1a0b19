// What a plain (unquoted) YAML scalar means. Shared by the reader and the writer.

#pragma once

#include "controller/base/error.h"
#include "controller/base/json.h"

#include <string_view>

namespace clickdeploy {

// The value as Kubernetes' tools read it: YAML 1.1 booleans and octals, but y and n are strings.
// InvalidArgument for numbers that JSON cannot hold (.inf, .nan, 1e999).
Result<Json> resolve_plain_scalar(std::string_view text);

// True if some YAML 1.1 or 1.2 reader would take the plain text for something else than a string.
bool is_ambiguous_scalar(std::string_view text);

}  // namespace clickdeploy
