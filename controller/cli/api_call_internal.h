// One request of the API with its whole answer, for commands that need more of a refusal than its
// message.

#pragma once

#include "controller/base/json.h"
#include "controller/cli/session_internal.h"

#include <string>

namespace clickdeploy::cli {

struct ApiAnswer {
  int status = 0;
  Json body;  // a Status object where status >= 400; null if it was not JSON

  bool ok() const { return status < 400; }
  Error error() const { return client::error_of_status(status, body); }
};

// The server's warnings are told on the console. `body` may be null: none is sent.
Task<Result<ApiAnswer>> call_api(Session& session, std::string method, std::string target,
                                 std::string content_type, Json body);

}  // namespace clickdeploy::cli
