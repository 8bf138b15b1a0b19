// post_home: hands a result from any thread back to the loop that waits for it.
//
// The function starts only after the posting thread has left post(): it may end the loop, and Asio
// touches the loop's memory until post() returns. Never runs the function inside the call.

#pragma once

#include "controller/async/task.h"

#include <boost/asio/post.hpp>

#include <memory>
#include <mutex>
#include <utility>

namespace clickdeploy {

template <class F>
void post_home(const Executor& home, F function) {
  auto gate = std::make_shared<std::mutex>();
  const std::lock_guard posting(*gate);
  boost::asio::post(home, [gate, call = std::move(function)]() mutable {
    {
      const std::lock_guard posted(*gate);
    }
    std::move(call)();
  });
}

}  // namespace clickdeploy
