// Stack: store, API server and HTTP server as the daemon runs them, on a free port.

#pragma once

#include "controller/apiserver/api_server.h"
#include "controller/async/event_loop.h"
#include "controller/async/random.h"
#include "controller/async/run_on.h"
#include "controller/async/task_group.h"
#include "controller/http/server.h"
#include "tests/bench/endpoint.h"
#include "tests/bench/load_client.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace clickdeploy::bench {

class Stack {
 public:
  // `path` is of the database file, new or not.
  explicit Stack(const std::string& path, Scheme scheme = Scheme::Plain);
  ~Stack();
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  Endpoint endpoint() const { return {http_->port(), scheme_}; }
  store::ObjectStore& store() { return *store_; }
  apiserver::ApiServer& api() { return *api_; }

 private:
  const Scheme scheme_;
  SystemClock clock_;
  SystemRandom random_;
  ThreadExecutor writer_;
  std::unique_ptr<store::ObjectStore> store_;
  std::unique_ptr<apiserver::ApiServer> api_;
  EventLoop loop_;
  TaskGroup background_{loop_.executor()};
  std::thread thread_;
  std::unique_ptr<http::HttpServer> http_;
};

// Opens a store by itself, as the daemon does at its start.
std::unique_ptr<store::ObjectStore> open_store(const std::string& path, const Executor& writer);

inline constexpr const char* kInstances =
    "/apis/clickdeploy.io/v1alpha1/namespaces/default/instances";

// Requests for `count` Instances that have 880 bytes as they are sent, the size at which others
// were measured: their creation, and a small status, which has the text `bench-` and a number of
// eight digits, from `first` on, in it once.
std::vector<std::string> small_posts(std::size_t count);
std::vector<std::string> small_patches(std::size_t count, std::size_t objects,
                                       std::size_t first = 0);

// Requests for `count` Instances as large as a healthy fleet has them: their creation, and their
// whole status.
std::vector<std::string> instance_posts(std::size_t count);
std::vector<std::string> status_patches(std::size_t count, std::size_t version);

// Sends them all, each once; gives what it took.
LoadTimes send_all(const Endpoint& to, std::size_t connections,
                   const std::vector<std::string>& requests);

// Creates `count` Instances with a full status over HTTP.
void fill(Stack& stack, std::size_t count, std::size_t connections);

}  // namespace clickdeploy::bench
