// What a refusal of the API means for the file that was sent: one line a problem, with its place.

#pragma once

#include "controller/cli/api_call_internal.h"
#include "controller/cli/manifest_files_internal.h"

#include <string>
#include <vector>

namespace clickdeploy::cli {

// "web.yaml:12: spec.bogus: unknown field"; never empty.
std::vector<std::string> explain_refusal(const Manifest& manifest, const ApiAnswer& answer);

}  // namespace clickdeploy::cli
