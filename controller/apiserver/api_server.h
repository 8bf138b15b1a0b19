// ApiServer: the Kubernetes API over an ObjectStore, as one function from request to reply.
//
// Serves discovery, OpenAPI, and get, list, watch, create, update, patch and delete for every kind
// of the scheme, with Kubernetes' rules for metadata, generation, status, finalizers, deletion and
// errors. It knows kinds only through the scheme. HTTP servers, the controllers' in-process client
// and the simulation all enter at handle().
//
// Threads and lifetime
//   handle() may run on any executor's thread, many at once; writes are serialised by the store.
//   The references outlive the server. run_background() is started once in a TaskGroup and unwinds
//   when cancelled: it deletes what has lost its owners, finishes foreground and orphan deletion,
//   empties namespaces that are going, and expires Events.

#pragma once

#include "api/scheme.h"
#include "controller/async/clock.h"
#include "controller/async/random.h"
#include "controller/async/task.h"
#include "controller/http/message.h"
#include "controller/store/object_store.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::apiserver {

struct ApiServerOptions {
  std::chrono::seconds event_ttl{3600};
  std::size_t watches_max = 10'000;
};

// Requests for objects that were answered with one code.
struct RequestCount {
  std::string group;
  std::string version;
  std::string resource;     // "services"
  std::string subresource;  // "", "status", "scale"
  std::string verb;         // "GET", "LIST", "WATCH", "POST", "PUT", "PATCH", "APPLY", "DELETE", …
  int code = 0;
  std::uint64_t count = 0;
};

class ApiServer {
 public:
  ApiServer(store::ObjectStore& store, const api::Scheme& scheme, Clock& clock, Random& random,
            ApiServerOptions options);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  // Creates the namespace "default" if it is missing. Call once, before serving.
  Task<Result<void>> bootstrap();

  Task<http::Reply> handle(http::Request request);

  Task<void> run_background();

  // For metrics; safe from any thread.
  std::vector<RequestCount> request_counts() const;
  std::size_t open_watches() const;

  // The parsed facts of stored bytes, for ObjectStore::open.
  static Result<store::Facts> read_facts(const store::Key& key, std::string_view bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace clickdeploy::apiserver
