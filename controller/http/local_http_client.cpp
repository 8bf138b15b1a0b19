#include "controller/base/text.h"
#include "controller/http/http_client.h"
#include "controller/http/syntax_internal.h"

#include <optional>
#include <utility>

namespace clickdeploy::http {
namespace {

struct SplitUrl {
  std::string origin;  // "http://host:port", lower case, the port always there
  std::string target;  // path and query
};

Result<SplitUrl> split_url(const std::string& url) {
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string::npos) {
    return fail(ErrorCode::InvalidArgument, "URL without a scheme");
  }
  const std::string scheme = to_lower(url.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") {
    return fail(ErrorCode::InvalidArgument, "URL scheme is not http or https");
  }
  const std::size_t authority_at = scheme_end + 3;
  const std::size_t target_at = std::min(url.find_first_of("/?#", authority_at), url.size());
  std::string authority = to_lower(url.substr(authority_at, target_at - authority_at));
  if (authority.empty() || authority.contains('@')) {
    return fail(ErrorCode::InvalidArgument, "URL without a host, or with a user name");
  }
  const std::size_t colon = authority.rfind(':');
  const bool has_port =
      colon != std::string::npos && authority.find(']', colon) == std::string::npos;
  if (!has_port) authority += scheme == "http" ? ":80" : ":443";

  std::string target = url.substr(target_at);
  target.erase(std::min(target.find('#'), target.size()));
  if (!target.starts_with('/')) target.insert(0, "/");
  return SplitUrl{.origin = scheme + "://" + authority, .target = std::move(target)};
}

Error too_large() {
  return Error(ErrorCode::ResourceExhausted, "response body is larger than allowed");
}

// A whole body, given out as one piece.
class OnePiece final : public BodyStream {
 public:
  explicit OnePiece(std::string body) : body_(std::move(body)) {}

  Task<Result<std::optional<std::string>>> next() override {
    std::string piece = std::exchange(body_, {});
    if (piece.empty()) co_return std::optional<std::string>();
    co_return std::optional<std::string>(std::move(piece));
  }

 private:
  std::string body_;
};

Task<Result<std::string>> collect(std::unique_ptr<BodyStream> stream, std::size_t bytes_max) {
  std::string body;
  while (true) {
    Result<std::optional<std::string>> piece = co_await stream->next();
    if (!piece) co_return std::unexpected(std::move(piece).error());
    if (!*piece) co_return body;
    if ((*piece)->size() > bytes_max - body.size()) co_return std::unexpected(too_large());
    body += **piece;
  }
}

}  // namespace

void LocalHttpClient::route(std::string origin, Handler handler) {
  Result<SplitUrl> split = split_url(origin);
  handlers_[split ? split->origin : origin] = std::move(handler);
}

Task<Result<StreamingResponse>> LocalHttpClient::stream(Request request,
                                                        std::chrono::milliseconds /*idle_max*/) {
  Result<SplitUrl> split = split_url(request.url);
  if (!split) co_return std::unexpected(std::move(split).error());
  auto route = handlers_.find(split->origin);
  if (route == handlers_.end()) {
    co_return fail(ErrorCode::Unavailable, "connect " + split->origin + ": nobody serves it here");
  }
  for (const Header& header : request.headers) {
    if (is_token(header.name) && is_header_value(header.value)) continue;
    co_return fail(ErrorCode::InvalidArgument, "malformed request header");
  }
  const bool bodiless = request.method == "HEAD";
  request.url = std::move(split->target);
  request.peer = "127.0.0.1:0";
  Reply reply = co_await route->second(std::move(request));

  StreamingResponse response{.status = reply.response.status,
                             .headers = std::move(reply.response.headers),
                             .body = nullptr};
  if (bodiless) {
    response.body = std::make_unique<OnePiece>("");
  } else if (reply.stream != nullptr) {
    response.body = std::move(reply.stream);
  } else if (reply.shared != nullptr) {
    response.body = std::make_unique<OnePiece>(*reply.shared);
  } else {
    response.body = std::make_unique<OnePiece>(std::move(reply.response.body));
  }
  co_return response;
}

Task<Result<Response>> LocalHttpClient::send(Request request) {
  const std::size_t bytes_max = request.response_bytes_max;
  Result<StreamingResponse> streaming = co_await stream(std::move(request), {});
  if (!streaming) co_return std::unexpected(std::move(streaming).error());
  Result<std::string> body = co_await collect(std::move(streaming->body), bytes_max);
  if (!body) co_return std::unexpected(std::move(body).error());
  co_return Response{.status = streaming->status,
                     .headers = std::move(streaming->headers),
                     .body = std::move(*body)};
}

}  // namespace clickdeploy::http
