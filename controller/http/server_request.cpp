#include "controller/http/chunked_body_internal.h"
#include "controller/http/server_origin_internal.h"
#include "controller/http/server_request_internal.h"
#include "controller/http/syntax_internal.h"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace clickdeploy::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

namespace {

constexpr std::size_t kMethodBytesMax = 32;

std::unexpected<BadRequest> bad(std::string message) {
  return std::unexpected(BadRequest{.status = 400, .message = std::move(message)});
}

std::string_view text_of(const beast::flat_buffer& input) {
  const auto data = input.cdata();
  return {static_cast<const char*>(data.data()), data.size()};
}

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

// The path and query of a request target; also of the absolute form, which proxies send and every
// server must accept. Empty if it is none of the forms that a server can answer.
std::string_view path_of(std::string_view target) {
  if (target.starts_with('/') || target == "*") return target;
  const std::size_t scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return {};
  const std::string_view scheme = target.substr(0, scheme_end);
  if (!equals_folded(scheme, "http") && !equals_folded(scheme, "https")) return {};
  const std::size_t path_at = target.find('/', scheme_end + 3);
  return path_at == std::string_view::npos ? std::string_view("/") : target.substr(path_at);
}

// Looks at each byte of the head once, and is stricter than Beast: folded lines and bare line ends
// are read differently by different programs, which is how requests are smuggled.
class HeadScanner {
 public:
  // The size of the head if its end is in `text`, of which the front was seen before.
  std::expected<std::optional<std::size_t>, BadRequest> scan(std::string_view text) {
    for (; seen_ < text.size(); ++seen_) {
      const char c = text[seen_];
      if ((previous_ == '\r') != (c == '\n')) return bad("malformed line end");
      if (c == '\n') {
        if (line_bytes_ == 0) return ++seen_;
        line_bytes_ = 0;
      } else if (c != '\r') {
        if (line_bytes_ == 0 && (c == ' ' || c == '\t')) return bad("folded header");
        if (c == '\0') return bad("malformed header");
        ++line_bytes_;
      }
      previous_ = c;
    }
    return std::nullopt;
  }

 private:
  std::size_t seen_ = 0;
  std::size_t line_bytes_ = 0;
  char previous_ = 0;
};

}  // namespace

struct RequestParser::Impl {
  HeadScanner scanner;
  beast::http::request_parser<beast::http::empty_body> parser;  // of the head alone
  std::optional<ChunkedBody> chunks;
  std::size_t body_bytes_left = 0;  // without chunks
  std::string body;
  std::size_t header_bytes_max = 0;
  std::size_t body_bytes_max = 0;
  bool loopback_hosts_only = false;

  // After the head.
  void begin_body() {
    if (parser.chunked()) chunks.emplace(body_bytes_max);
    body_bytes_left = parser.content_length().value_or(0);
  }

  BadRequest bad_chunk(ChunkProblem problem) const {
    if (problem == ChunkProblem::TooLarge) return too_large();
    return {.status = 400,
            .message = problem == ChunkProblem::TooMuchElse ? "chunk headers are too long"
                                                            : "malformed request body"};
  }

  BadRequest too_large() const {
    return {.status = 413,
            .message = fmt::format("Request entity too large: limit is {}", body_bytes_max)};
  }

  // Bytes of another protocol are told apart at once; their sender would wait for ever.
  bool begins_like_a_request(std::string_view text) const {
    if (text.empty()) return true;
    const std::string_view method = text.substr(0, text.find(' '));
    return method.size() <= kMethodBytesMax && is_token(method);
  }

  std::expected<void, BadRequest> check_head() const {
    const auto& message = parser.get();
    if (message.version() != 10 && message.version() != 11) return bad("unknown HTTP version");
    if (path_of({message.target().data(), message.target().size()}).empty()) {
      return bad("malformed request target");
    }
    if (message.count(beast::http::field::content_length) > 1) {
      return bad("more than one Content-Length");
    }
    const std::size_t encodings = message.count(beast::http::field::transfer_encoding);
    if (encodings > 0) {
      const auto value = message[beast::http::field::transfer_encoding];
      const bool chunked = equals_folded({value.data(), value.size()}, "chunked");
      if (encodings > 1 || !chunked || message.version() == 10) {
        return bad("unsupported Transfer-Encoding");
      }
      if (message.count(beast::http::field::content_length) > 0) {
        return bad("Content-Length with Transfer-Encoding");
      }
    }
    const std::size_t hosts = message.count(beast::http::field::host);
    if (hosts > 1 || (hosts == 0 && message.version() == 11)) return bad("Host header is required");
    return check_origin();
  }

  std::expected<void, BadRequest> check_origin() const {
    if (!loopback_hosts_only) return {};
    const auto& message = parser.get();
    if (message.count(beast::http::field::origin) > 1) return bad("more than one Origin");
    RequestOrigin request;
    request.host = view(message[beast::http::field::host]);
    request.fetch_site = view(message["Sec-Fetch-Site"]);
    const auto origin = message.find(beast::http::field::origin);
    if (origin != message.end()) request.origin = view(origin->value());
    std::optional<std::string> why = why_foreign(request);
    if (!why) return {};
    return std::unexpected(BadRequest{.status = 403, .message = *std::move(why)});
  }
};

RequestParser::RequestParser(const ServerOptions& options) : impl_(std::make_unique<Impl>()) {
  impl_->header_bytes_max = options.header_bytes_max;
  impl_->body_bytes_max = options.body_bytes_max;
  impl_->loopback_hosts_only = options.loopback_hosts_only;
  impl_->parser.header_limit(std::numeric_limits<std::uint32_t>::max());  // the scanner's job
  impl_->parser.body_limit(options.body_bytes_max);
}

RequestParser::~RequestParser() = default;

std::expected<bool, BadRequest> RequestParser::parse_head(beast::flat_buffer& input) {
  std::expected<std::optional<std::size_t>, BadRequest> size = impl_->scanner.scan(text_of(input));
  if (!size) return std::unexpected(std::move(size).error());
  if (!impl_->begins_like_a_request(text_of(input))) return bad("malformed request");
  if (size->value_or(input.size()) > impl_->header_bytes_max) {
    return std::unexpected(
        BadRequest{.status = 431, .message = "Request header fields are too large"});
  }
  if (!*size) return false;

  error_code error;
  const std::size_t used = impl_->parser.put(asio::buffer(input.cdata(), size->value()), error);
  if (error == beast::http::error::body_limit) return std::unexpected(impl_->too_large());
  if (error || !impl_->parser.is_header_done()) return bad("malformed request");
  input.consume(used);
  std::expected<void, BadRequest> checked = impl_->check_head();
  if (!checked) return std::unexpected(std::move(checked).error());
  impl_->begin_body();
  return true;
}

std::expected<bool, BadRequest> RequestParser::parse_body(beast::flat_buffer& input) {
  std::string_view text = text_of(input);
  if (impl_->chunks) {
    std::expected<bool, ChunkProblem> done = impl_->chunks->read(text);
    if (!done) return std::unexpected(impl_->bad_chunk(done.error()));
    input.consume(input.size() - text.size());
    return *done;
  }
  const std::string_view taken = text.substr(0, impl_->body_bytes_left);
  impl_->body += taken;
  impl_->body_bytes_left -= taken.size();
  input.consume(taken.size());
  return impl_->body_bytes_left == 0;
}

bool RequestParser::is_http_1_0() const {
  return impl_->parser.get().version() == 10;
}
bool RequestParser::is_head() const {
  return impl_->parser.get().method() == beast::http::verb::head;
}
bool RequestParser::keep_alive() const {
  return impl_->parser.get().keep_alive();
}
bool RequestParser::expects_continue() const {
  const auto value = impl_->parser.get()[beast::http::field::expect];
  return !is_http_1_0() && equals_folded({value.data(), value.size()}, "100-continue");
}

Request RequestParser::take() {
  auto message = impl_->parser.release();
  Request request;
  request.method = std::string(message.method_string());
  request.url = std::string(path_of({message.target().data(), message.target().size()}));
  for (const auto& field : message) {
    request.headers.push_back(
        {.name = std::string(field.name_string()), .value = std::string(field.value())});
  }
  request.body = impl_->chunks ? impl_->chunks->take() : std::move(impl_->body);
  return request;
}

}  // namespace clickdeploy::http
