// SlowNotice: an HttpClient that tells the user, after a second, that it is waiting.
//
// Threads: the one of the console. watch() runs beside the command and unwinds when cancelled.

#pragma once

#include "controller/async/clock.h"
#include "controller/cli/console_internal.h"
#include "controller/http/http_client.h"

#include <optional>

namespace clickdeploy::cli {

class SlowNotice final : public http::HttpClient {
 public:
  SlowNotice(http::HttpClient& inner, Clock& clock, Console& console)
      : inner_(inner), clock_(clock), console_(console) {}

  Task<Result<http::Response>> send(http::Request request) override;
  Task<Result<http::StreamingResponse>> stream(http::Request request,
                                               std::chrono::milliseconds idle_max) override;
  Task<void> watch();

 private:
  http::HttpClient& inner_;
  Clock& clock_;
  Console& console_;
  std::optional<SteadyTime> waiting_since_;
  std::string waiting_for_;
};

}  // namespace clickdeploy::cli
