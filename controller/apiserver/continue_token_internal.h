// The continue token of a list: where the next page begins, and at which version of the store.

#pragma once

#include "controller/apiserver/api_error_internal.h"
#include "controller/store/object_store.h"

#include <string>
#include <string_view>

namespace clickdeploy::apiserver {

struct ContinueToken {
  store::Revision revision = 0;  // 0: the newest state
  std::string namespace_name;    // the last object handed out
  std::string name;
};

// Unpadded base64url of JSON; opaque to clients.
std::string write_continue_token(const ContinueToken& token);
// 400 if it is not one of ours.
Answer<ContinueToken> read_continue_token(std::string_view text);

}  // namespace clickdeploy::apiserver
