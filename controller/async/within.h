// within: a task's result, or nothing if it takes longer than a limit.
//
//   std::optional<Reply> reply = co_await within(clock, 5s, ask(question));
//
// When the time is up the task is cancelled and unwinds before this returns. What it had already
// produced by then is returned, not lost. Exceptions of the task come through; cancelling the
// caller cancels the task.

#pragma once

#include "controller/async/clock.h"
#include "controller/async/task.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace clickdeploy {

namespace within_detail {

namespace asio = boost::asio;

// A coroutine that is cancelled between being spawned and its first step throws out of the
// executor: Asio looks for the cancellation before its own try. On an executor that never runs
// anything inside a call, as the simulation's, that happens whenever the other side is quicker. So
// the cancellation is held back until the coroutine runs, which then ends by itself.
struct Start {
  asio::cancellation_signal signal;
  bool started = false;
  bool cancelled = false;
};

template <class T>
Task<T> begin(std::shared_ptr<Start> start, Task<T> task) {
  start->started = true;
  if (start->cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  T result = co_await std::move(task);
  co_return result;
}

inline Task<bool> sleep(Clock& clock, std::chrono::nanoseconds limit) {
  co_await clock.sleep(limit);
  co_return true;
}

template <class T>
auto held_back(Executor executor, std::shared_ptr<Start> start, Task<T> task) {
  auto initiate = [](auto handler, Executor on, std::shared_ptr<Start> state, Task<T> work) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([state](asio::cancellation_type type) {
        state->cancelled = true;
        if (state->started) state->signal.emit(type);
      });
    }
    auto done = [handler = std::move(handler), state](std::exception_ptr failed, T value) mutable {
      std::move(handler)(std::move(failed), std::move(value));
    };
    asio::co_spawn(on, std::move(work),
                   asio::bind_cancellation_slot(state->signal.slot(), std::move(done)));
  };
  return asio::async_initiate<const asio::deferred_t&, void(std::exception_ptr, T)>(
      std::move(initiate), asio::deferred, std::move(executor), std::move(start), std::move(task));
}

}  // namespace within_detail

// T is default-constructible.
template <class T>
Task<std::optional<T>> within(Clock& clock, std::chrono::nanoseconds limit, Task<T> task) {
  namespace asio = boost::asio;
  Executor executor = co_await asio::this_coro::executor;
  auto task_start = std::make_shared<within_detail::Start>();
  auto sleep_start = std::make_shared<within_detail::Start>();
  // Unlike a race that drops the loser's result, the group tells of both.
  auto group = asio::experimental::make_parallel_group(
      within_detail::held_back(executor, task_start,
                               within_detail::begin(task_start, std::move(task))),
      within_detail::held_back(
          executor, sleep_start,
          within_detail::begin(sleep_start, within_detail::sleep(clock, limit))));
  auto [order, task_failed, result, sleep_failed, slept] =
      co_await std::move(group).async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (!task_failed) co_return std::optional<T>(std::move(result));
  const bool late = order[0] == 1 && !sleep_failed;  // the sleep ended first, by itself
  if (!late) std::rethrow_exception(task_failed);
  co_return std::optional<T>();
}

}  // namespace clickdeploy
