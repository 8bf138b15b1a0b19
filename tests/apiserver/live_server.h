// LiveServer: the API server as it is in production: over HTTP on a free port, with real threads
// and real time. For the tests with the real kubectl.

#pragma once

#include "controller/apiserver/api_server.h"
#include "controller/async/event_loop.h"
#include "controller/async/run_on.h"
#include "controller/async/task_group.h"
#include "controller/http/server.h"
#include "tests/testing/temporary_folder.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

namespace clickdeploy::apiserver {

struct LiveServerOptions {
  std::string folder;  // of the database; "": one that is gone with the server
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;               // 0: any free one
  std::size_t log_events_max = 50'000;  // that a watch can go back
  const api::Scheme& scheme = api::builtin_scheme();
  std::string certificate_pem;  // not empty: https
  SecretString key_pem;
};

class LiveServer {
 public:
  explicit LiveServer(const LiveServerOptions& options = {});
  ~LiveServer();
  LiveServer(const LiveServer&) = delete;
  LiveServer& operator=(const LiveServer&) = delete;

  std::string url() const {
    return scheme_ + "://" + address_ + ":" + std::to_string(http_->port());
  }
  // How many watches were asked for so far.
  int watches_seen() const { return watches_seen_; }
  const clickdeploy::testing::TemporaryFolder& folder() const { return folder_; }

 private:
  const std::string address_;
  const std::string scheme_;
  clickdeploy::testing::TemporaryFolder folder_;
  SystemClock clock_;
  SystemRandom random_;
  ThreadExecutor writer_;
  std::unique_ptr<store::ObjectStore> store_;
  std::unique_ptr<ApiServer> server_;
  EventLoop loop_;
  TaskGroup background_{loop_.executor()};
  std::thread thread_;
  std::atomic<int> watches_seen_ = 0;
  std::unique_ptr<http::HttpServer> http_;
};

}  // namespace clickdeploy::apiserver
