// The schema files of crds/ and api/core/, compiled into the program.

#pragma once

#include <span>
#include <string_view>

namespace clickdeploy::api {

struct EmbeddedFile {
  std::string_view name;  // "crds/services.yaml"
  std::string_view text;  // YAML
};

// In the order in which the kinds are listed: our own first, then the core kinds.
std::span<const EmbeddedFile> embedded_definitions();

}  // namespace clickdeploy::api
