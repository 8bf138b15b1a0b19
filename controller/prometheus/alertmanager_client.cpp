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

}  // namespace clickdeploy::prometheus
