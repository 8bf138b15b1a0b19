#include "controller/prometheus/access.h"

namespace clickdeploy::prometheus {

namespace {

std::string without_trailing_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

bool Access::needs_own_client() const {
  return !tls.ca_pem.empty() || !tls.certificate_pem.empty();
}

bool Access::operator==(const Access& other) const {
  return url == other.url && deadline == other.deadline && authorization == other.authorization &&
         tls.ca_pem == other.tls.ca_pem && tls.certificate_pem == other.tls.certificate_pem &&
         tls.key_pem == other.tls.key_pem && problem == other.problem;
}

Task<Result<http::Response>> send_to(http::HttpClient& http, const Access& access,
                                     http::Request request, std::string what) {
  if (access.problem) co_return std::unexpected(access.problem->with_context(what));
  request.url = without_trailing_slash(access.url) + request.url;
  request.deadline = access.deadline;
  if (!access.authorization.empty()) {
    request.headers.push_back({"Authorization", access.authorization.reveal()});
  }
  Result<http::Response> response = co_await http.send(std::move(request));
  if (!response) co_return std::unexpected(std::move(response).error().with_context(what));
  co_return response;
}

}  // namespace clickdeploy::prometheus
