#include "controller/cli/api_call_internal.h"
#include "controller/cli/commands_internal.h"

#include <ostream>

namespace clickdeploy::cli {

Task<int> run_version(Session& session, VersionOf of) {
  session.console.out() << "Client Version: v" CLICKDEPLOY_VERSION "\n";
  if (of == VersionOf::Client) co_return kDone;
  Result<ApiAnswer> answer = co_await call_api(session, "GET", "/version", "", Json());
  if (!answer || !answer->ok()) {
    report(session, answer ? answer->error() : answer.error());
    co_return kFailed;
  }
  session.console.out() << "Server Version: "
                        << printable(answer->body["gitVersion"].as_string("unknown")) << '\n';
  co_return kDone;
}

}  // namespace clickdeploy::cli
