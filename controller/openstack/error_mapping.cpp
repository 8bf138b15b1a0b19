#include "controller/base/json.h"
#include "controller/base/text.h"
#include "controller/openstack/clients.h"
#include "controller/openstack/error_mapping_internal.h"
#include "controller/openstack/words_internal.h"

namespace clickdeploy::openstack {
namespace {

constexpr std::string_view kNeverSent = "connect ";
// What our own limiter says begins so, too.
constexpr std::string_view kRateLimit = "rate limit: ";

// What the cloud says about an error, and the name it gives to it (Neutron's type).
struct CloudWords {
  std::string text;
  std::string type;
  bool json = false;
};

// {"NeutronError": {"type", "message"}}, {"badRequest": {"message", "code"}}, {"error": {…}},
// {"NeutronError": "text"}, {"message": "text"}, {"errors": [{"detail"}]}.
CloudWords words_of_json(const Json& body) {
  if (body["message"].is_string()) return {.text = body["message"].as_string()};
  const Json& first = body["errors"][0];
  if (first.is_object()) {
    return {.text = first["detail"].as_string(first["title"].as_string())};
  }
  for (const auto& [name, value] : body.as_object()) {
    if (value["message"].is_string()) {
      return {.text = value["message"].as_string(), .type = value["type"].as_string()};
    }
    if (value.is_string()) return {.text = value.as_string()};
  }
  return {};
}

bool looks_like_html(std::string_view body) {
  const std::string start = to_lower(trim(body.substr(0, 512)));
  return start.starts_with("<!doctype") || start.starts_with("<html") ||
         start.starts_with("<?xml") || start.find("<head") != std::string::npos ||
         start.find("<body") != std::string::npos;
}

CloudWords words_of(const http::Response& response) {
  Result<Json> body = parse_json(response.body);
  CloudWords words;
  if (body && body->is_object()) {
    words = words_of_json(*body);
    words.json = true;
  } else if (!body) {
    words.text = response.body;
  }
  // Glance puts HTML into JSON, and proxies answer with pages.
  if (looks_like_html(words.text) || words.text.find("<br") != std::string::npos) {
    words.text = words_of_html(words.text);
  }
  words.text = first_sentence(words.text);
  return words;
}

bool is_exhausted(int status, const CloudWords& words) {
  if (status == 413 || status == 429) return true;
  if (status != 403 && status != 409) return false;
  if (words.type == "OverQuota" || words.type == "IpAddressGenerationFailure") return true;
  const std::string text = to_lower(words.text);
  for (const char* sign : {"quota exceeded", "exceeds quota", "over quota", "over limit"}) {
    if (text.find(sign) != std::string::npos) return true;
  }
  return false;
}

ErrorCode code_of(int status, const CloudWords& words, NotFoundForm form) {
  if (is_exhausted(status, words)) return ErrorCode::ResourceExhausted;
  switch (status) {
    case 400:
      return ErrorCode::InvalidArgument;
    case 401:
      return ErrorCode::Unauthenticated;
    case 403:
      return ErrorCode::PermissionDenied;
    case 404:
      return words.json || form == NotFoundForm::Any ? ErrorCode::NotFound : ErrorCode::Unavailable;
    case 409:
      return ErrorCode::Conflict;
    default:
      return ErrorCode::Unavailable;
  }
}

}  // namespace

std::string request_id_of(const http::Response& response) {
  for (const char* name : {"x-openstack-request-id", "x-compute-request-id"}) {
    const std::string* id = http::find_header(response.headers, name);
    if (id && id->size() <= 64 && is_plain_id(*id)) return *id;
  }
  return "";
}

Error error_from_response(const http::Response& response, NotFoundForm form) {
  const CloudWords words = words_of(response);
  const ErrorCode code = code_of(response.status, words, form);
  const std::string status = "HTTP " + std::to_string(response.status);
  std::string message = words.text;
  if (message.empty()) {
    message = status;
  } else if (code == ErrorCode::Unavailable || message.starts_with(kNeverSent)) {
    message = status + ": " + message;
  }
  if (response.status == 429)
    message = std::string(kRateLimit) + "the cloud asks to slow down: " + message;
  const std::string id = request_id_of(response);
  if (!id.empty()) message += " (request " + id + ")";
  return Error(code, std::move(message));
}

Error error_from_transport(const Error& error) {
  if (error.code() == ErrorCode::Unavailable && error.message().starts_with(kNeverSent)) {
    return error;
  }
  switch (error.code()) {
    case ErrorCode::InvalidArgument:
    case ErrorCode::DeadlineExceeded:
    case ErrorCode::Cancelled:
      return error.with_context("no answer");
    default:
      // ResourceExhausted too: an answer that was too large is no sign that nothing was done.
      return Error(ErrorCode::Unavailable, "no answer: " + error.message());
  }
}

Error in_context(Error error, std::string_view what) {
  if (error.message().starts_with(kNeverSent)) return error;
  return std::move(error).with_context(what);
}

bool is_rate_limited(const Error& error) {
  return error.code() == ErrorCode::ResourceExhausted && error.message().contains(kRateLimit);
}

bool certainly_not_done(const Error& error) {
  switch (error.code()) {
    case ErrorCode::InvalidArgument:
    case ErrorCode::NotFound:
    case ErrorCode::Conflict:
    case ErrorCode::Unauthenticated:
    case ErrorCode::PermissionDenied:
    case ErrorCode::ResourceExhausted:
      return true;
    case ErrorCode::Unavailable:
      return error.message().starts_with(kNeverSent);
    default:
      return false;
  }
}

}  // namespace clickdeploy::openstack
