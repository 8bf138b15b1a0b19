// Session: one log-in to one cloud, shared by all its clients.
//
// It holds the token and the catalog, renews the token a little before it ends, and after a 401
// logs in again once for all callers (one request in flight), then repeats the request once. All
// requests of one cloud pass its rate limiter: deletes and repairs first, then creates, then reads.
// A Retry-After is obeyed for that verb.
//
// Errors are mapped in error_mapping.cpp: 400 → InvalidArgument, 401 → Unauthenticated, 403 →
// PermissionDenied or, for a quota, ResourceExhausted, 404 → NotFound, 409 → Conflict, 413 and 429
// → ResourceExhausted, others → Unavailable. The message is the cloud's own first sentence with its
// request ID. A body that is not the JSON we asked for (a proxy's HTML) is Unavailable; so is a 404
// of compute, network or volume that is not JSON. An Unavailable error that begins with "connect"
// says that the request was never sent: the log-in or the catalog failed before it, or the
// connection was refused.
//
// Threads: one executor's thread. Lifetime: outlives every call and every client made on it.

#pragma once

#include "controller/async/clock.h"
#include "controller/async/task.h"
#include "controller/base/json.h"
#include "controller/http/http_client.h"
#include "controller/openstack/types.h"

#include <memory>
#include <string>
#include <string_view>

namespace clickdeploy::openstack {

// Reads `cloud_name` of a clouds.yaml. InvalidArgument says which field is missing or wrong; it
// never quotes a secret.
Result<Credentials> parse_clouds_yaml(std::string_view text, const std::string& cloud_name);

struct SessionLimits {
  double requests_per_second = 10;
  std::size_t burst = 20;
  std::chrono::milliseconds deadline{60'000};  // of one request
};

enum class Priority : std::uint8_t {
  Urgent,
  Normal,
  Background
};  // deletes and repairs; creates; polls

// A request to one service. Path is relative to the service's endpoint
// ("/servers/detail?limit=100").
struct ApiRequest {
  std::string service;  // catalog type: compute | network | image | volume
  std::string method = "GET";
  std::string path;
  Json body;  // null: none
  Priority priority = Priority::Normal;
};

struct ApiResponse {
  int status = 200;
  http::Headers headers;
  Json body;  // null if empty
  std::string request_id;
};

class Session {
 public:
  Session(http::HttpClient& http, Clock& clock, Credentials credentials, SessionLimits limits);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Holds from the next request on. What was earned and what the cloud has asked to leave alone
  // stays.
  void set_limits(SessionLimits limits);

  // Logs in if there is no valid token.
  Task<Result<Identity>> identity();

  // The endpoint of a service type in our region and interface. NotFound names what is missing and
  // what the catalog has.
  Task<Result<std::string>> endpoint(std::string service);

  // Has the catalog that we have an endpoint for it? Unlike endpoint(), a catalog that lacks it is
  // not read again for that.
  Task<Result<bool>> offers(std::string service);

  // Any status up to 300 is a success; others are Errors as above. May wait for its turn and for
  // its answer, each up to the deadline of SessionLimits, and for a log-in before that.
  Task<Result<ApiResponse>> request(ApiRequest request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace clickdeploy::openstack
