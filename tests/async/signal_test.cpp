#include "controller/async/signal.h"

#include "controller/async/block_on.h"
#include "controller/async/clock.h"
#include "controller/async/run_on.h"
#include "controller/async/task_group.h"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <atomic>

namespace clickdeploy {
namespace {

using namespace std::chrono_literals;

Task<void> wait_for_past(Signal& signal) {
  const std::uint64_t seen = signal.version();
  signal.notify();
  co_await signal.wait(seen);  // at once
}

TEST(Signal, NotificationBeforeTheWaitIsNotLost) {
  Signal signal;
  block_on(wait_for_past(signal));
}

Task<void> count_until(Signal& signal, const std::atomic<int>& value, int wanted, int& wakes) {
  while (true) {
    const std::uint64_t seen = signal.version();
    if (value.load() >= wanted) co_return;
    co_await signal.wait(seen);
    ++wakes;
  }
}

TEST(Signal, NotificationsOfAnotherThreadAreNotLost) {
  constexpr int kRounds = 2000;
  Signal signal;
  std::atomic<int> value{0};
  int wakes = 0;
  ThreadExecutor thread;
  boost::asio::post(thread.executor(), [&] {
    for (int i = 0; i < kRounds; ++i) {
      ++value;
      signal.notify();
    }
  });
  block_on(count_until(signal, value, kRounds, wakes));
  EXPECT_LE(wakes, kRounds);
}

Task<void> wait_once(Signal& signal, int& woken) {
  co_await signal.wait(signal.version());
  ++woken;
}

Task<void> notify_all(int& woken) {
  SystemClock clock;
  Signal signal;
  Executor executor = co_await boost::asio::this_coro::executor;
  TaskGroup group(executor);
  for (int i = 0; i < 10; ++i) group.start("waiter", wait_once(signal, woken));
  co_await clock.sleep(1ms);
  EXPECT_EQ(woken, 0);
  signal.notify();
  EXPECT_EQ(woken, 0) << "never inside notify()";
  co_await group.join();
}

TEST(Signal, WakesAllWaiters) {
  int woken = 0;
  block_on(notify_all(woken));
  EXPECT_EQ(woken, 10);
}

Task<void> hold_and_wait(std::shared_ptr<Signal> signal, std::shared_ptr<int> kept) {
  co_await signal->wait(signal->version());
  ++*kept;
}

TEST(Signal, AWaiterThatOwnsItsSignalDiesWithTheLoop) {
  auto kept = std::make_shared<int>(0);
  {
    boost::asio::io_context context;
    boost::asio::co_spawn(context, hold_and_wait(std::make_shared<Signal>(), kept),
                          [](const std::exception_ptr&) {});
    context.poll();
    EXPECT_EQ(kept.use_count(), 2);
  }
  EXPECT_EQ(kept.use_count(), 1);
  EXPECT_EQ(*kept, 0);
}

}  // namespace
}  // namespace clickdeploy
