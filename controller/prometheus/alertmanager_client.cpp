#include "controller/prometheus/alertmanager_client.h"

#include "controller/prometheus/answers_internal.h"

namespace clickdeploy::prometheus {

AlertmanagerClient::AlertmanagerClient(http::HttpClient& http, Access access)
    : http_(http), access_(std::move(access)) {}

Task<Result<std::vector<SentAlert>>> AlertmanagerClient::alerts() {
  http::Request request;
  request.url = "/api/v2/alerts?filter=" + escape_query(R"(service_id=~".+")");
  request.headers = {{"Accept", "application/json"}};
  Result<http::Response> response =
      co_await send_to(http_, access_, std::move(request), "list alerts");
  if (!response) co_return std::unexpected(std::move(response).error());
  Result<std::vector<SentAlert>> alerts = parse_sent_alerts(*response);
  if (!alerts) co_return std::unexpected(std::move(alerts).error().with_context("list alerts"));
  co_return alerts;
}

Task<Result<std::vector<Silence>>> AlertmanagerClient::silences() {
  http::Request request;
  request.url = "/api/v2/silences";
  request.headers = {{"Accept", "application/json"}};
  Result<http::Response> response =
      co_await send_to(http_, access_, std::move(request), "list silences");
  if (!response) co_return std::unexpected(std::move(response).error());
  Result<std::vector<Silence>> silences = parse_silences(*response);
  if (!silences) {
    co_return std::unexpected(std::move(silences).error().with_context("list silences"));
  }
  co_return silences;
}

Task<Result<void>> AlertmanagerClient::put_silence(Silence silence) {
  http::Request request;
  request.method = "POST";
  request.url = "/api/v2/silences";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = to_json(silence_body(silence));
  Result<http::Response> response =
      co_await send_to(http_, access_, std::move(request), "put silence");
  if (!response) co_return std::unexpected(std::move(response).error());
  if (response->status != 200) {
    co_return std::unexpected(
        error_from_response(*response, "Alertmanager").with_context("put silence"));
  }
  co_return Result<void>();
}

Task<Result<void>> AlertmanagerClient::expire_silence(std::string id) {
  http::Request request;
  request.method = "DELETE";
  request.url = "/api/v2/silence/" + escape_path_segment(id);
  Result<http::Response> response =
      co_await send_to(http_, access_, std::move(request), "expire silence");
  if (!response) co_return std::unexpected(std::move(response).error());
  if (response->status != 200) {
    co_return std::unexpected(
        error_from_response(*response, "Alertmanager").with_context("expire silence"));
  }
  co_return Result<void>();
}

}  // namespace clickdeploy::prometheus
