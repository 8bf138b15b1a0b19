// The OpenAPI v2 document: one for all kinds, made from the v3 documents of their groups.
//
// kubectl up to 1.28 validates and explains by it, and reads it in protobuf alone. Version 2 cannot
// say everything: a value that may be null or of several types is left without a type there, so
// that clients do not refuse what the server takes.

#pragma once

#include "api/scheme.h"

#include <string>

namespace clickdeploy::api {

struct OpenApiV2Document {
  std::string json;
  std::string protobuf;  // the message openapi.v2.Document
  std::string hash;      // of both, in capital hex
};

OpenApiV2Document build_openapi_v2(const Scheme& scheme);

// A Swagger 2.0 document as the message openapi.v2.Document; what is not used here of that format
// is left out.
std::string encode_openapi_v2(const Json& document);

}  // namespace clickdeploy::api
