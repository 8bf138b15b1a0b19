#include "controller/app/served_targets.h"

#include "controller/reconcilers/metrics_backend/target_board.h"

namespace clickdeploy::app {

namespace {

http::Response text_answer(int status, std::string text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::move(text) + "\n"};
}

}  // namespace

http::Response answer_targets(const http::Request& request, const Result<std::string>& token,
                              const Result<std::string>& targets) {
  const std::string* shown = http::find_header(request.headers, "Authorization");
  if (!reconcilers::carries_token(shown, token ? *token : "")) {
    http::Response refused = text_answer(401, "show the token of spec.targets.tokenSecretRef");
    refused.headers.push_back({"WWW-Authenticate", "Bearer"});
    return refused;
  }
  if (!targets) return text_answer(503, targets.error().message());
  return {.status = 200,
          .headers = {{"Content-Type", "application/json; charset=utf-8"}},
          .body = *targets};
}

}  // namespace clickdeploy::app
