// What the tests of clickctl share: the real API server behind real HTTP, with a calendar that
// stands still, and the program called as its main function calls it.

#pragma once

#include "controller/apiserver/api_server.h"
#include "controller/async/event_loop.h"
#include "controller/async/run_on.h"
#include "controller/async/task_group.h"
#include "controller/http/server.h"
#include "tests/testing/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace clickdeploy::cli {

// Real waits, but the date is what the test says.
class CalendarClock final : public Clock {
 public:
  SteadyTime steady_now() const override { return system_.steady_now(); }
  WallTime wall_now() const override {
    return WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 22)) +
           std::chrono::hours(12) + std::chrono::seconds(seconds_.load());
  }
  Task<void> sleep(std::chrono::nanoseconds duration) override { return system_.sleep(duration); }

  void turn(std::chrono::seconds seconds) { seconds_ += seconds.count(); }

 private:
  SystemClock system_;
  std::atomic<std::int64_t> seconds_{0};
};

struct Finished {
  int code = 0;
  std::string out;
  std::string err;
};

class CliTest : public ::testing::Test {
 protected:
  CliTest();
  ~CliTest() override;

  // clickctl with a kubeconfig that names the server.
  Finished clickctl(std::vector<std::string> arguments, const std::string& input = "");
  // The same, for commands that must succeed: their standard output.
  std::string good(std::vector<std::string> arguments, const std::string& input = "");
  Finished kubectl(std::vector<std::string> arguments);

  std::string url() const { return "http://127.0.0.1:" + std::to_string(http_->port()); }
  std::string path(const std::string& name) const { return folder_ / name; }
  std::string write(const std::string& name, const std::string& text);

  // Straight to the server; the body of the answer, which must be a success.
  Json send(const std::string& method, const std::string& target, const Json& body = {});
  // Creates the object, and then its status, if it has one.
  Json make(const std::string& collection, const Json& object);

  clickdeploy::testing::TemporaryFolder folder_;
  CalendarClock clock_;
  std::map<std::string, std::string, std::less<>> variables_;

 private:
  SeededRandom random_{5};
  ThreadExecutor writer_;
  std::unique_ptr<store::ObjectStore> store_;
  std::unique_ptr<apiserver::ApiServer> server_;
  EventLoop loop_;
  TaskGroup background_{loop_.executor()};
  std::thread thread_;
  std::unique_ptr<http::HttpServer> http_;
};

}  // namespace clickdeploy::cli
