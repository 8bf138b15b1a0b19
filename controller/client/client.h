// Client: the objects of a Kubernetes API, ours or a real one, as Json.
//
// The controllers and clickctl reach the API through this and nothing else. It speaks HTTP to an
// HttpClient, which may be an in-process handler.
//
// Errors: a Status answer becomes an Error with its message: 404 NotFound, 409 AlreadyExists or
// Conflict by reason, 410 Expired, 422 and 400 InvalidArgument, 401 Unauthenticated, 403
// PermissionDenied, 413 and 429 ResourceExhausted, others Unavailable. It tries once.
// Threads and lifetime: coroutines of one executor; refers to the HttpClient.

#pragma once

#include "api/meta/object_meta.h"
#include "controller/async/task.h"
#include "controller/base/json.h"
#include "controller/base/secret.h"
#include "controller/http/http_client.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clickdeploy::client {

// Which collection: group "clickdeploy.io", version "v1alpha1", plural "services". An empty group
// is the core one.
struct ResourcePath {
  std::string group;
  std::string version;
  std::string plural;

  static ResourcePath of(const api::GroupVersionKind& gvk) {
    return {std::string(gvk.group), std::string(gvk.version), std::string(gvk.plural)};
  }
  // "/apis/clickdeploy.io/v1alpha1/namespaces/shop/services/web/status"; parts that are "" are left
  // out.
  std::string url(const std::string& namespace_name, const std::string& name,
                  const std::string& subresource) const;

  bool operator==(const ResourcePath&) const = default;
};

struct ObjectList {
  std::vector<Json> items;
  std::string resource_version;
};

enum class WatchEventType : std::uint8_t { Added, Modified, Deleted, Bookmark };

struct WatchEvent {
  WatchEventType type = WatchEventType::Added;
  Json object;
};

class WatchStream {
 public:
  virtual ~WatchStream() = default;
  // nullopt: the server ended the stream; watch again from the last version seen. Expired: list
  // again.
  virtual Task<Result<std::optional<WatchEvent>>> next() = 0;
};

using Query = std::vector<std::pair<std::string, std::string>>;

struct ClientOptions {
  std::string server = "http://clickdeploy.local";  // scheme://host:port
  std::string field_manager = "clickdeploy";
  SecretString bearer_token;  // "" sends none
  // Objects may come without metadata.managedFields, which our server then leaves out and others do
  // not. Who writes an object back without it leaves it as it is.
  bool omit_managed_fields = false;
  std::chrono::milliseconds deadline{30'000};
};

class Client {
 public:
  Client(http::HttpClient& http, ClientOptions options);

  Task<Result<std::optional<Json>>> get(ResourcePath path, api::ObjectKey key);
  // All pages. "" is all namespaces.
  Task<Result<ObjectList>> list(ResourcePath path, std::string namespace_name, Query query = {});
  Task<Result<Json>> create(ResourcePath path, std::string namespace_name, Json object);
  Task<Result<Json>> update(ResourcePath path, Json object);         // conflict-checked PUT
  Task<Result<Json>> update_status(ResourcePath path, Json object);  // the same of /status
  Task<Result<Json>> merge_patch(ResourcePath path, api::ObjectKey key, Json patch);
  // `uid`: a precondition if not empty. Gone is a success.
  Task<Result<void>> remove(ResourcePath path, api::ObjectKey key, std::string uid);
  Task<Result<std::unique_ptr<WatchStream>>> watch(ResourcePath path, std::string namespace_name,
                                                   std::string resource_version, Query query = {});

  // Any request of the API; `target` is path and query. The answer whatever its status.
  Task<Result<http::Response>> raw(std::string method, std::string target, http::Headers headers,
                                   std::string body);
  Task<Result<http::StreamingResponse>> raw_stream(std::string target, http::Headers headers);

 private:
  http::Request make_request(std::string method, std::string target) const;
  Task<Result<Json>> send_object(std::string method, std::string target, std::string content_type,
                                 Json body);

  http::HttpClient& http_;
  ClientOptions options_;
};

// For reading an answer: deeper than an object may be, as lists and watches wrap them, and with as
// many values as its bytes can hold; how many bytes those are is bounded already.
JsonLimits answer_limits(std::string_view text);

// The Error that a Status answer means; `status` is the HTTP status.
Error error_of_status(int status, const Json& body);

}  // namespace clickdeploy::client
