// ApiError: a refusal as the Kubernetes API words it; becomes a Status object and an HTTP code.

#pragma once

#include "controller/base/error.h"
#include "controller/base/json.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::apiserver {

struct Cause {
  std::string reason;   // "FieldValueRequired"; may be empty
  std::string message;  // the text after the field path
  std::string field;
};

struct ApiError {
  int code = 500;
  std::string reason;  // "NotFound"; "" is left out
  std::string message;

  // details; all empty: the member is left out, unless `empty_details`.
  std::string name;
  std::string group;
  std::string kind;  // the resource or the kind, as Kubernetes does for each reason
  std::string uid;
  std::vector<Cause> causes;
  int retry_after_seconds = 0;  // 0: none
  bool empty_details = false;

  std::string continue_token;  // metadata.continue of a 410 on a page
};

template <class T>
using Answer = std::expected<T, ApiError>;

Json to_status(const ApiError& error);

// What messages call a resource and one of its objects.
struct ObjectName {
  std::string group;
  std::string plural;
  std::string name;

  std::string resource() const;  // "services.clickdeploy.io", "namespaces"
};

std::unexpected<ApiError> refuse(ApiError error);
std::unexpected<ApiError> bad_request(std::string message);
std::unexpected<ApiError> internal_error(std::string message);  // 500 without a reason
std::unexpected<ApiError> not_found(const ObjectName& object);
std::unexpected<ApiError> already_exists(const ObjectName& object, bool being_deleted);
std::unexpected<ApiError> conflict(const ObjectName& object, std::string_view why);
std::unexpected<ApiError> stale(const ObjectName& object);  // conflict: modified in between
std::unexpected<ApiError> unsupported_media_type(std::string_view accepted);
std::unexpected<ApiError> not_acceptable(std::string_view accepted);
std::unexpected<ApiError> method_not_allowed(std::string_view verb, const ObjectName& object);
std::unexpected<ApiError> too_large(std::string message);
std::unexpected<ApiError> too_many_requests();
std::unexpected<ApiError> expired(std::string message, std::string continue_token = {});
std::unexpected<ApiError> future_revision(std::uint64_t asked, std::uint64_t current);

// 422 with one cause an error: `kind` and `group` as shown before the name
// ("Service.clickdeploy.io").
std::unexpected<ApiError> invalid(std::string_view group, std::string_view kind,
                                  std::string_view name, std::vector<Cause> causes);

// What is left when the store refuses for reasons of its own: overload, shutdown, disk.
std::unexpected<ApiError> store_failed(const Error& error);

}  // namespace clickdeploy::apiserver
