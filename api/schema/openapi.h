// OpenAPI v3 documents, one a group version, as kubectl reads them for explain and validation.

#pragma once

#include "api/scheme.h"

#include <string>
#include <string_view>

namespace clickdeploy::api {

struct OpenApiDocument {
  std::string bytes;  // JSON; the same scheme always gives the same bytes
  std::string hash;   // SHA-256 of the bytes, upper-case hexadecimal
};

// The document of ("clickdeploy.io", "v1alpha1") or ("", "v1"). A group version that the scheme
// does not have gives a document without paths.
OpenApiDocument build_openapi(const Scheme& scheme, std::string_view group,
                              std::string_view version);

}  // namespace clickdeploy::api
