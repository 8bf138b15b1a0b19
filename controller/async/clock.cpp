#include "controller/async/clock.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace clickdeploy {

SteadyTime SystemClock::steady_now() const {
  return std::chrono::steady_clock::now().time_since_epoch();
}

WallTime SystemClock::wall_now() const {
  return std::chrono::system_clock::now();
}

Task<void> SystemClock::sleep(std::chrono::nanoseconds duration) {
  Executor executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor);
  timer.expires_after(std::max(duration, std::chrono::nanoseconds(0)));
  co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace clickdeploy
