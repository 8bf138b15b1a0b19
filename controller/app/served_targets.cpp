#include "controller/app/served_targets.h"

#include "controller/base/text.h"
#include "controller/prometheus/scrape_jobs.h"
#include "controller/reconcilers/metrics_backend/target_board.h"

#include <algorithm>

namespace clickdeploy::app {

namespace {

constexpr std::string_view kBegin = "/httpsd/v1/namespaces/";
constexpr std::size_t kNameMax = 253;

bool is_name(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyz0123456789-.";
  return !text.empty() && text.size() <= kNameMax &&
         text.find_first_not_of(kPlain) == std::string_view::npos;
}

http::Response text_answer(int status, std::string text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::move(text) + "\n"};
}

}  // namespace

std::optional<TargetsRequest> parse_targets_request(std::string_view url) {
  if (!url.starts_with(kBegin)) return std::nullopt;
  url.remove_prefix(kBegin.size());
  const std::size_t query = std::min(url.find('?'), url.size());
  const std::vector<std::string> parts = split(url.substr(0, query), '/');
  if (parts.size() != 4 || parts[1] != "metricsbackends" || parts[3] != "targets" ||
      !is_name(parts[0]) || !is_name(parts[2])) {
    return std::nullopt;
  }
  TargetsRequest request{{parts[0], parts[2]}, prometheus::ScrapeJob{}.name()};
  if (query == url.size()) return request;
  const std::string_view parameter = url.substr(query + 1);
  constexpr std::string_view kJob = "job=";
  if (!parameter.starts_with(kJob) || !is_name(parameter.substr(kJob.size()))) return std::nullopt;
  request.job = parameter.substr(kJob.size());
  return request;
}

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
