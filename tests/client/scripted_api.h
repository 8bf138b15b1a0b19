// ScriptedApi: an API server that answers from a script, in order, and remembers what it was asked.
// SimWorld: one thread, virtual time. Running: tasks that are unwound at the end of a test.

#pragma once

#include "controller/async/random.h"
#include "controller/async/task_group.h"
#include "controller/client/client.h"
#include "tests/simulation/sim_context.h"

#include <boost/asio/co_spawn.hpp>

#include <chrono>
#include <deque>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy::client {

struct SimWorld {
  simulation::SimContext context{7};
  simulation::SimClock clock{context,
                             WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 22))};
  SeededRandom random{11};

  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    std::exception_ptr thrown;
    boost::asio::co_spawn(context.executor(), std::move(task),
                          [&value, &thrown](std::exception_ptr error, T result) {
                            thrown = std::move(error);
                            value.emplace(std::move(result));
                          });
    wait([&value] { return value.has_value(); });
    if (thrown) std::rethrow_exception(thrown);
    if (!value) throw std::runtime_error("the task did not end");
    return *std::move(value);
  }

  // False after a virtual day.
  bool wait(const std::function<bool()>& done) {
    return context.run_until(done, context.now() + std::chrono::hours(24));
  }
};

// Declared after everything that the tasks refer to.
class Running {
 public:
  explicit Running(SimWorld& world) : tasks(world.context.executor()), world_(world) {}
  ~Running() {
    tasks.cancel();
    world_.wait([this] { return tasks.running() == 0; });
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  TaskGroup tasks;

 private:
  SimWorld& world_;
};

struct Piece {
  std::string text;
  std::chrono::nanoseconds after{0};  // since the piece before
  bool broken = false;                // the connection breaks instead
};

struct ScriptedReply {
  int status = 200;
  std::vector<Piece> pieces;
  bool stays_open = false;  // silence after the last piece, instead of the end

  static ScriptedReply json(int status, const Json& body) { return {status, {{to_json(body)}}}; }
};

class ScriptedApi {
 public:
  struct Asked {
    std::string method;
    std::string target;
    Json body;
    http::Headers headers;
    SteadyTime when{};
  };

  explicit ScriptedApi(SimWorld& world);
  ScriptedApi(const ScriptedApi&) = delete;
  ScriptedApi& operator=(const ScriptedApi&) = delete;

  std::deque<ScriptedReply> script;  // when it is at its end: 503
  std::vector<Asked> asked;
  // Instead of the script, if set.
  std::function<ScriptedReply(const Asked&)> handler;

  Client& client() { return client_; }
  std::vector<std::string> targets() const;

 private:
  Task<http::Reply> serve(http::Request request);

  SimWorld& world_;
  http::LocalHttpClient http_;
  Client client_;
};

// One line of a watch.
std::string event_line(const std::string& type, const Json& object);
Json named(const std::string& name, const std::string& version);
Json status_body(int code, const std::string& reason, const std::string& message);
Json list_body(std::vector<Json> items, const std::string& version,
               const std::string& continue_token = "");

}  // namespace clickdeploy::client
