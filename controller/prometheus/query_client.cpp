#include "controller/prometheus/query_client.h"

#include "controller/prometheus/answers_internal.h"

#include <fmt/format.h>

namespace clickdeploy::prometheus {

namespace {

// Expressions go in the body: a URL has a length limit.
http::Request form_request(std::string path, const std::string& expression) {
  http::Request request;
  request.method = "POST";
  request.url = std::move(path);
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = "query=" + escape_query(expression);
  return request;
}

http::Request get_request(std::string path) {
  http::Request request;
  request.url = std::move(path);
  return request;
}

}  // namespace

QueryClient::QueryClient(http::HttpClient& http, Access access)
    : http_(http), access_(std::move(access)) {}

QueryClient::QueryClient(http::HttpClient& http, std::string url,
                         std::chrono::milliseconds deadline)
    : QueryClient(http, Access{.url = std::move(url), .deadline = deadline}) {}

// Sends, and gives back `data` of the answer.
Task<Result<Json>> QueryClient::request_data(http::Request request, std::string what) {
  request.headers.push_back({"Accept", "application/json"});
  Result<http::Response> response = co_await send_to(http_, access_, std::move(request), what);
  if (!response) co_return std::unexpected(std::move(response).error());
  Result<Json> data = data_of(*response);
  if (!data) co_return std::unexpected(std::move(data).error().with_context(what));
  co_return data;
}

Task<Result<void>> QueryClient::ready() {
  http::Request request = get_request("/-/ready");
  Result<http::Response> response =
      co_await send_to(http_, access_, std::move(request), "ask readiness");
  if (!response) co_return std::unexpected(std::move(response).error());
  if (response->status != 200) {
    co_return std::unexpected(error_from_response(*response).with_context("ask readiness"));
  }
  co_return Result<void>();
}

Task<Result<std::vector<Sample>>> QueryClient::query(std::string expression) {
  http::Request request = form_request("/api/v1/query", expression);
  Result<Json> data = co_await request_data(std::move(request), "query");
  if (!data) co_return std::unexpected(std::move(data).error());
  co_return parse_samples(*data);
}

Task<Result<std::vector<Presence>>> QueryClient::query_range(RangeQuery query) {
  constexpr std::size_t kBytesMax = 8 * 1024 * 1024;
  http::Request request = form_request("/api/v1/query_range", query.expression);
  request.response_bytes_max = kBytesMax;
  request.body += fmt::format("&start={}&end={}&step={}&timeout={}ms", format_time(query.start),
                              format_time(query.end), query.step.count(), access_.deadline.count());
  Result<Json> data = co_await request_data(std::move(request), "query a range");
  if (!data) co_return std::unexpected(std::move(data).error());
  co_return parse_presences(*data);
}

Task<Result<std::vector<ActiveTarget>>> QueryClient::active_targets() {
  http::Request request = get_request("/api/v1/targets?state=active");
  Result<Json> data = co_await request_data(std::move(request), "list targets");
  if (!data) co_return std::unexpected(std::move(data).error());
  co_return parse_active_targets(*data);
}

Task<Result<std::vector<RuleGroupStatus>>> QueryClient::rules() {
  http::Request request = get_request("/api/v1/rules");
  Result<Json> data = co_await request_data(std::move(request), "list rules");
  if (!data) co_return std::unexpected(std::move(data).error());
  co_return parse_rule_groups(*data);
}

Task<Result<RuntimeInfo>> QueryClient::runtime_info() {
  http::Request ask_runtime = get_request("/api/v1/status/runtimeinfo");
  Result<Json> runtime = co_await request_data(std::move(ask_runtime), "get runtime information");
  if (!runtime) co_return std::unexpected(std::move(runtime).error());
  http::Request ask_build = get_request("/api/v1/status/buildinfo");
  Result<Json> build = co_await request_data(std::move(ask_build), "get build information");
  if (!build) co_return std::unexpected(std::move(build).error());
  co_return parse_runtime_info(*runtime, *build);
}

Task<Result<std::string>> QueryClient::canonical(std::string expression) {
  http::Request request = form_request("/api/v1/format_query", expression);
  Result<Json> data = co_await request_data(std::move(request), "format expression");
  if (!data) co_return std::unexpected(std::move(data).error());
  if (!data->is_string()) {
    co_return fail(ErrorCode::Unavailable, "format expression: the answer is not a text");
  }
  co_return squeeze_expression(data->as_string());
}

Task<Result<void>> QueryClient::reload() {
  http::Request request;
  request.method = "POST";
  request.url = "/-/reload";
  Result<http::Response> response = co_await send_to(http_, access_, std::move(request), "reload");
  if (!response) co_return std::unexpected(std::move(response).error());
  if (response->status == 200) co_return Result<void>();
  Error error = error_from_response(*response);
  // Here 500 is no fault of Prometheus: it refuses the new configuration.
  if (response->status == 500) error = Error(ErrorCode::InvalidArgument, error.message());
  co_return std::unexpected(std::move(error).with_context("reload"));
}

}  // namespace clickdeploy::prometheus
