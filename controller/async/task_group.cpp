#include "controller/async/task_group.h"

#include "controller/async/signal.h"
#include "controller/base/check.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <exception>
#include <map>
#include <utility>
#include <vector>

namespace clickdeploy {

namespace asio = boost::asio;

struct TaskGroup::State {
  explicit State(Executor its_executor) : executor(std::move(its_executor)) {}

  Executor executor;
  bool cancelled = false;
  std::uint64_t next_id = 0;
  std::map<std::uint64_t, asio::cancellation_signal> running;  // in order of start
  Signal changed;

  void finish(std::uint64_t id, const std::string& name, const std::exception_ptr& error);
};

namespace {

// "" for a cancellation: that is how a task is meant to end.
std::string bug_in(const std::exception_ptr& error) {
  if (!error) return "";
  try {
    std::rethrow_exception(error);
  } catch (const boost::system::system_error& thrown) {
    return thrown.code() == asio::error::operation_aborted ? "" : thrown.what();
  } catch (const std::exception& thrown) {
    return thrown.what();
  } catch (...) {
    return "unknown exception";
  }
}

// co_spawn would run the task inside start() when the caller is on the executor already.
Task<void> run_later(Task<void> task) {
  co_await asio::post(asio::use_awaitable);
  co_await std::move(task);
}

}  // namespace

void TaskGroup::State::finish(std::uint64_t id, const std::string& name,
                              const std::exception_ptr& error) {
  const std::string bug = bug_in(error);
  CHECK(bug.empty(), fmt::format("task {} threw: {}", name, bug));
  running.erase(id);
  changed.notify();
}

TaskGroup::TaskGroup(Executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

TaskGroup::~TaskGroup() = default;

void TaskGroup::start(std::string name, Task<void> task) {
  State& state = *state_;
  if (state.cancelled) return;
  const std::uint64_t id = state.next_id++;
  asio::cancellation_signal& signal = state.running[id];
  asio::co_spawn(
      state.executor, run_later(std::move(task)),
      asio::bind_cancellation_slot(
          signal.slot(), [shared = state_, id, name = std::move(name)](std::exception_ptr error) {
            shared->finish(id, name, error);
          }));
}

void TaskGroup::cancel() {
  State& state = *state_;
  state.cancelled = true;
  std::vector<std::uint64_t> ids;
  for (const auto& [id, signal] : state.running) ids.push_back(id);
  for (const std::uint64_t id : ids) {
    const auto at = state.running.find(id);
    if (at != state.running.end()) at->second.emit(asio::cancellation_type::all);
  }
}

Task<void> TaskGroup::join() {
  const std::shared_ptr<State> state = state_;
  while (!state->running.empty()) {
    const std::uint64_t seen = state->changed.version();
    co_await state->changed.wait(seen);
  }
}

std::size_t TaskGroup::running() const {
  return state_->running.size();
}

}  // namespace clickdeploy
