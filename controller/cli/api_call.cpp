#include "controller/base/text.h"
#include "controller/cli/api_call_internal.h"

namespace clickdeploy::cli {
namespace {

// `299 - "the text"` → the text.
std::string warning_text(const std::string& header) {
  const std::size_t open = header.find('"');
  if (open == std::string::npos) return header;
  std::string text;
  for (std::size_t at = open + 1; at < header.size() && header[at] != '"'; ++at) {
    if (header[at] == '\\' && at + 1 < header.size()) ++at;
    text += header[at];
  }
  return text;
}

}  // namespace

Task<Result<ApiAnswer>> call_api(Session& session, std::string method, std::string target,
                                 std::string content_type, Json body) {
  http::Headers headers;
  if (!body.is_null()) headers.push_back({"Content-Type", std::move(content_type)});
  std::string text = body.is_null() ? std::string() : to_json(body);
  Result<http::Response> response = co_await session.client.raw(
      std::move(method), std::move(target), std::move(headers), std::move(text));
  if (!response) co_return std::unexpected(std::move(response).error());
  for (const http::Header& header : response->headers) {
    if (to_lower(header.name) == "warning") session.console.warning(warning_text(header.value));
  }
  ApiAnswer answer;
  answer.status = response->status;
  Result<Json> parsed = parse_json(response->body, client::answer_limits(response->body));
  if (parsed) answer.body = *std::move(parsed);
  if (!parsed && answer.ok()) {
    co_return fail(ErrorCode::Unavailable, "the answer of " + session.server +
                                               " is not JSON: is it an API server of Click Deploy "
                                               "or Kubernetes?");
  }
  co_return answer;
}

}  // namespace clickdeploy::cli
