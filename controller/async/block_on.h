// block_on: runs one task to its end on a fresh loop of the calling thread. For tests and command
// line tools; never inside a coroutine.

#pragma once

#include "controller/async/task.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace clickdeploy {

// Rethrows what the task throws. Returns when the task has ended, even if others still run; those
// are dropped.
template <class T>
T block_on(Task<T> task) {
  boost::asio::io_context context(1);
  std::exception_ptr thrown;
  if constexpr (std::is_void_v<T>) {
    boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr error) {
      thrown = std::move(error);
      context.stop();
    });
    context.run();
    if (thrown) std::rethrow_exception(thrown);
  } else {
    std::optional<T> result;
    boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr error, T value) {
      thrown = std::move(error);
      if (!thrown) result.emplace(std::move(value));
      context.stop();
    });
    context.run();
    if (thrown) std::rethrow_exception(thrown);
    return *std::move(result);
  }
}

}  // namespace clickdeploy
