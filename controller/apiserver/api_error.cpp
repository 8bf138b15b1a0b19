#include "controller/apiserver/api_error_internal.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

ApiError about(const ObjectName& object, int code, std::string reason, std::string message) {
  ApiError error;
  error.code = code;
  error.reason = std::move(reason);
  error.message = std::move(message);
  error.name = object.name;
  error.group = object.group;
  error.kind = object.plural;
  return error;
}

std::unexpected<ApiError> plain(int code, std::string reason, std::string message) {
  ApiError error;
  error.code = code;
  error.reason = std::move(reason);
  error.message = std::move(message);
  return std::unexpected(std::move(error));
}

Json to_details(const ApiError& error) {
  Json details = Json::object();
  if (!error.name.empty()) details.set("name", error.name);
  if (!error.group.empty()) details.set("group", error.group);
  if (!error.kind.empty()) details.set("kind", error.kind);
  if (!error.uid.empty()) details.set("uid", error.uid);
  if (!error.causes.empty()) {
    Json causes = Json::array();
    for (const Cause& cause : error.causes) {
      Json entry = Json::object();
      if (!cause.reason.empty()) entry.set("reason", cause.reason);
      if (!cause.message.empty()) entry.set("message", cause.message);
      if (!cause.field.empty()) entry.set("field", cause.field);
      causes.push_back(std::move(entry));
    }
    details.set("causes", std::move(causes));
  }
  if (error.retry_after_seconds > 0) details.set("retryAfterSeconds", error.retry_after_seconds);
  return details;
}

}  // namespace

std::string ObjectName::resource() const {
  return group.empty() ? plural : plural + "." + group;
}

Json to_status(const ApiError& error) {
  Json metadata = Json::object();
  if (!error.continue_token.empty()) metadata.set("continue", error.continue_token);
  Json status = Json::object({{"kind", "Status"},
                              {"apiVersion", "v1"},
                              {"metadata", std::move(metadata)},
                              {"status", "Failure"},
                              {"message", error.message},
                              {"code", error.code}});
  if (!error.reason.empty()) status.set("reason", error.reason);
  Json details = to_details(error);
  if (!details.empty() || error.empty_details) status.set("details", std::move(details));
  return status;
}

std::unexpected<ApiError> refuse(ApiError error) {
  return std::unexpected(std::move(error));
}

std::unexpected<ApiError> bad_request(std::string message) {
  return plain(400, "BadRequest", std::move(message));
}

std::unexpected<ApiError> internal_error(std::string message) {
  return plain(500, "", std::move(message));
}

std::unexpected<ApiError> not_found(const ObjectName& object) {
  return refuse(about(object, 404, "NotFound",
                      fmt::format("{} {} not found", object.resource(), go_quote(object.name))));
}

std::unexpected<ApiError> already_exists(const ObjectName& object, bool being_deleted) {
  return refuse(
      about(object, 409, "AlreadyExists",
            fmt::format("{}{} {} already exists", being_deleted ? "object is being deleted: " : "",
                        object.resource(), go_quote(object.name))));
}

std::unexpected<ApiError> conflict(const ObjectName& object, std::string_view why) {
  return refuse(about(object, 409, "Conflict",
                      fmt::format("Operation cannot be fulfilled on {} {}: {}", object.resource(),
                                  go_quote(object.name), why)));
}

std::unexpected<ApiError> stale(const ObjectName& object) {
  return conflict(object,
                  "the object has been modified; please apply your changes to the latest version "
                  "and try again");
}

std::unexpected<ApiError> unsupported_media_type(std::string_view accepted) {
  return plain(415, "UnsupportedMediaType",
               fmt::format("the body of the request was in an unknown format - accepted media "
                           "types include: {}",
                           accepted));
}

std::unexpected<ApiError> not_acceptable(std::string_view accepted) {
  return plain(406, "NotAcceptable",
               fmt::format("only the following media types are accepted: {}", accepted));
}

std::unexpected<ApiError> method_not_allowed(std::string_view verb, const ObjectName& object) {
  ApiError error = about(
      object, 405, "MethodNotAllowed",
      fmt::format("{} is not supported on resources of kind \"{}\"", verb, object.resource()));
  error.name.clear();
  return refuse(std::move(error));
}

std::unexpected<ApiError> too_large(std::string message) {
  return plain(413, "RequestEntityTooLarge", "Request entity too large: " + std::move(message));
}

std::unexpected<ApiError> too_many_requests() {
  ApiError error;
  error.code = 429;
  error.reason = "TooManyRequests";
  error.message = "Too many requests, please try again later.";
  error.retry_after_seconds = 1;
  return refuse(std::move(error));
}

std::unexpected<ApiError> expired(std::string message, std::string continue_token) {
  ApiError error;
  error.code = 410;
  error.reason = "Expired";
  error.message = std::move(message);
  error.continue_token = std::move(continue_token);
  return refuse(std::move(error));
}

std::unexpected<ApiError> future_revision(std::uint64_t asked, std::uint64_t current) {
  ApiError error;
  error.code = 504;
  error.reason = "Timeout";
  error.message =
      fmt::format("Timeout: Too large resource version: {}, current: {}", asked, current);
  error.causes.push_back({"ResourceVersionTooLarge", "Too large resource version", ""});
  error.retry_after_seconds = 1;
  return refuse(std::move(error));
}

std::unexpected<ApiError> invalid(std::string_view group, std::string_view kind,
                                  std::string_view name, std::vector<Cause> causes) {
  std::vector<std::string> texts;
  texts.reserve(causes.size());
  for (const Cause& cause : causes) {
    std::string text = cause.field.empty() ? cause.message : cause.field + ": " + cause.message;
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) {
      texts.push_back(std::move(text));
    }
  }
  std::string all = join(texts, ", ");
  if (texts.size() > 1) all = "[" + all + "]";
  ApiError error;
  error.code = 422;
  error.reason = "Invalid";
  error.message = fmt::format("{}{}{} {} is invalid: {}", kind, group.empty() ? "" : ".", group,
                              go_quote(name), all);
  error.name = name;
  error.group = group;
  error.kind = kind;
  error.causes = std::move(causes);
  return refuse(std::move(error));
}

std::unexpected<ApiError> store_failed(const Error& error) {
  if (error.code() == ErrorCode::ResourceExhausted) return too_many_requests();
  ApiError answer;
  answer.code = 503;
  answer.reason = "ServiceUnavailable";
  answer.message = "the store cannot take the write: " + error.message();
  answer.retry_after_seconds = 1;
  return refuse(std::move(answer));
}

}  // namespace clickdeploy::apiserver
