#include "controller/base/json.h"
#include "controller/http/server_response_internal.h"
#include "controller/http/syntax_internal.h"

#include <boost/beast/http/status.hpp>
#include <fmt/chrono.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace clickdeploy::http {
namespace {

std::string_view reason_phrase(int status) {
  const auto known = boost::beast::http::int_to_status(static_cast<unsigned>(status));
  const auto phrase = boost::beast::http::obsolete_reason(known);
  return {phrase.data(), phrase.size()};
}

// Kubernetes' reasons for the codes that a server gives by itself.
std::string_view status_reason(int status) {
  switch (status) {
    case 400:
      return "BadRequest";
    case 403:
      return "Forbidden";
    case 408:
      return "Timeout";
    case 413:
      return "RequestEntityTooLarge";
    case 431:
      return "RequestHeaderFieldsTooLarge";
    case 503:
      return "ServiceUnavailable";
    case 504:
      return "Timeout";
    default:
      return "InternalError";
  }
}

bool is_framing_header(std::string_view name) {
  return equals_folded(name, "Content-Length") || equals_folded(name, "Transfer-Encoding") ||
         equals_folded(name, "Connection");
}

// RFC 9110: "Sun, 22 Nov 2026 10:17:17 GMT". Made once a second.
const std::string& date_now() {
  thread_local std::time_t made_at = -1;
  thread_local std::string text;
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  if (now != made_at) {
    text = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(now));
    made_at = now;
  }
  return text;
}

}  // namespace

std::string response_head(const Response& response, Framing framing, std::size_t body_bytes,
                          AfterReply after) {
  std::string head;
  head.reserve(256);
  const auto add = [&head](const auto&... texts) { (head.append(texts), ...).append("\r\n"); };
  add("HTTP/1.1 ", std::to_string(response.status), " ", reason_phrase(response.status));
  for (const Header& header : response.headers) {
    if (!is_framing_header(header.name)) add(header.name, ": ", header.value);
  }
  if (find_header(response.headers, "Date") == nullptr) add("Date: ", date_now());
  if (response.status == 101) return head + "Connection: Upgrade\r\n\r\n";
  const bool never_has_body = response.status == 204 || response.status == 304;
  if (framing == Framing::Chunked) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (framing == Framing::Length && !never_has_body) {
    add("Content-Length: ", std::to_string(body_bytes));
  }
  head +=
      after == AfterReply::Close ? "Connection: close\r\n\r\n" : "Connection: keep-alive\r\n\r\n";
  return head;
}

bool has_valid_headers(const Response& response) {
  return std::all_of(response.headers.begin(), response.headers.end(), [](const Header& header) {
    return is_token(header.name) && is_header_value(header.value);
  });
}

Response error_response(int status, std::string_view message) {
  const Json body = Json::object({{"kind", "Status"},
                                  {"apiVersion", "v1"},
                                  {"metadata", Json::object()},
                                  {"status", "Failure"},
                                  {"message", message},
                                  {"reason", status_reason(status)},
                                  {"code", status}});
  return {.status = status,
          .headers = {{.name = "Content-Type", .value = "application/json"}},
          .body = to_json(body)};
}

}  // namespace clickdeploy::http
