// Stack: store, API server and HTTP server as the daemon runs them, on a free port.

#pragma once

#include "controller/apiserver/api_server.h"
#include "controller/async/event_loop.h"
#include "controller/async/random.h"
#include "controller/async/run_on.h"
#include "controller/async/task_group.h"
#include "controller/http/server.h"

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace clickdeploy::bench {

class Stack {
 public:
  // `path` is of the database file, new or not.
  explicit Stack(const std::string& path);
  ~Stack();
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  std::uint16_t port() const { return http_->port(); }
  store::ObjectStore& store() { return *store_; }
  apiserver::ApiServer& api() { return *api_; }

 private:
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

// The requests that create and then change `count` Instances of about 2 kB.
std::vector<std::string> instance_posts(std::size_t count);
std::vector<std::string> status_patches(std::size_t count, std::size_t version);

// Creates `count` Instances with a full status over HTTP.
void fill(Stack& stack, std::size_t count, std::size_t connections);

}  // namespace clickdeploy::bench
