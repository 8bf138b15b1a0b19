#include "controller/apiserver/wait_internal.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <utility>

namespace clickdeploy::apiserver {

namespace asio = boost::asio;

Task<Result<std::vector<store::Event>>> next_events(store::Watch& watch, Clock& clock,
                                                    std::size_t events_max,
                                                    std::chrono::nanoseconds limit) {
  Executor executor = co_await asio::this_coro::executor;
  // Unlike a race that drops the loser's result, the group tells of both.
  auto group = asio::experimental::make_parallel_group(
      asio::co_spawn(executor, watch.next(events_max), asio::deferred),
      asio::co_spawn(executor, clock.sleep(limit), asio::deferred));
  auto [order, watch_failed, events, sleep_failed] =
      co_await std::move(group).async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (!watch_failed) co_return std::move(events);
  if (sleep_failed) std::rethrow_exception(sleep_failed);  // this task itself is cancelled
  co_return std::vector<store::Event>();
}

}  // namespace clickdeploy::apiserver
