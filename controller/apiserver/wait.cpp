#include "controller/apiserver/wait_internal.h"

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

#include <exception>
#include <memory>
#include <utility>

namespace clickdeploy::apiserver {

namespace asio = boost::asio;

namespace {

// A coroutine that is cancelled between being spawned and its first step throws out of the
// executor: Asio looks for the cancellation before its own try. On an executor that never runs
// anything inside a call, as the simulation's, that happens whenever the other side is quicker. So
// the cancellation is held back until the coroutine runs, which then ends by itself.
struct Start {
  asio::cancellation_signal signal;
  bool started = false;
  bool cancelled = false;
};

Task<Result<std::vector<store::Event>>> read_events(std::shared_ptr<Start> start,
                                                    store::Watch& watch, std::size_t events_max) {
  start->started = true;
  if (start->cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  Result<std::vector<store::Event>> events = co_await watch.next(events_max);
  co_return events;
}

Task<bool> sleep_for(std::shared_ptr<Start> start, Clock& clock, std::chrono::nanoseconds limit) {
  start->started = true;
  if (start->cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  co_await clock.sleep(limit);
  co_return true;
}

// The task as an operation for a group, with its cancellation held back as described.
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

}  // namespace

Task<Result<std::vector<store::Event>>> next_events(store::Watch& watch, Clock& clock,
                                                    std::size_t events_max,
                                                    std::chrono::nanoseconds limit) {
  Executor executor = co_await asio::this_coro::executor;
  auto watch_start = std::make_shared<Start>();
  auto sleep_start = std::make_shared<Start>();
  // Unlike a race that drops the loser's result, the group tells of both.
  auto group = asio::experimental::make_parallel_group(
      held_back(executor, watch_start, read_events(watch_start, watch, events_max)),
      held_back(executor, sleep_start, sleep_for(sleep_start, clock, limit)));
  auto [order, watch_failed, events, sleep_failed, slept] =
      co_await std::move(group).async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (!watch_failed) co_return std::move(events);
  if (sleep_failed) std::rethrow_exception(sleep_failed);  // this task itself is cancelled
  co_return std::vector<store::Event>();
}

}  // namespace clickdeploy::apiserver
