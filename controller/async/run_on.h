// run_on: one blocking call on an executor that may block; the caller's executor goes on meanwhile.
//
//   Result<std::string> text = co_await run_on(disk_thread, [&disk, path] { return disk.read(path);
//   });
//
// In production the executor is a ThreadExecutor's; in simulation it is the simulation's own, and
// the call is one more step. The function must not throw.

#pragma once

#include "controller/async/post_home.h"
#include "controller/async/task.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace clickdeploy {

// Owns one thread that runs what is posted to executor(). The destructor drains it and joins.
class ThreadExecutor {
 public:
  ThreadExecutor();
  ~ThreadExecutor();
  ThreadExecutor(const ThreadExecutor&) = delete;
  ThreadExecutor& operator=(const ThreadExecutor&) = delete;
  Executor executor() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

template <class F, class R = std::invoke_result_t<F&>>
  requires(!std::is_void_v<R>)
Task<R> run_on(Executor executor, F function) {
  auto start = [](auto handler, Executor target, F call) {
    Executor home = boost::asio::get_associated_executor(handler, target);
    boost::asio::post(target, [handler = std::move(handler), home = std::move(home),
                               call = std::move(call)]() mutable {
      auto result = std::make_unique<R>(call());
      post_home(home, [handler = std::move(handler), result = std::move(result)]() mutable {
        std::move(handler)(std::move(*result));
      });
    });
  };
  R result = co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(R)>(
      std::move(start), boost::asio::use_awaitable, std::move(executor), std::move(function));
  co_return result;
}

}  // namespace clickdeploy
