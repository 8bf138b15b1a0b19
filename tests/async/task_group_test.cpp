#include "controller/async/task_group.h"

#include "controller/async/block_on.h"
#include "controller/async/clock.h"
#include "controller/async/signal.h"
#include "controller/base/log.h"

#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <stdexcept>

namespace clickdeploy {
namespace {

using namespace std::chrono_literals;

struct Counts {
  int started = 0;
  int finished = 0;
  int unwound = 0;
};

// Counts how it leaves its scope.
class Leaving {
 public:
  explicit Leaving(Counts& counts) : counts_(counts) { ++counts_.started; }
  ~Leaving() { ++(done_ ? counts_.finished : counts_.unwound); }
  void done() { done_ = true; }

 private:
  Counts& counts_;
  bool done_ = false;
};

Task<void> sleep_for(Clock& clock, std::chrono::milliseconds duration, Counts& counts) {
  Leaving leaving(counts);
  co_await clock.sleep(duration);
  leaving.done();
}

Task<void> wait_for(Signal& signal, Counts& counts) {
  Leaving leaving(counts);
  co_await signal.wait(signal.version());
  leaving.done();
}

Task<void> join_all(Counts& counts) {
  SystemClock clock;
  Executor executor = co_await boost::asio::this_coro::executor;
  TaskGroup group(executor);
  for (int i = 0; i < 5; ++i) group.start("sleeper", sleep_for(clock, 1ms, counts));
  EXPECT_EQ(counts.started, 0) << "never inside start()";
  EXPECT_EQ(group.running(), 5U);
  co_await group.join();
  EXPECT_EQ(group.running(), 0U);
}

TEST(TaskGroup, JoinWaitsForEveryTask) {
  Counts counts;
  block_on(join_all(counts));
  EXPECT_EQ(counts.finished, 5);
}

Task<void> cancel_all(Counts& counts) {
  SystemClock clock;
  Signal signal;
  Executor executor = co_await boost::asio::this_coro::executor;
  TaskGroup group(executor);
  group.start("sleeper", sleep_for(clock, 1h, counts));
  group.start("waiter", wait_for(signal, counts));
  co_await clock.sleep(1ms);
  EXPECT_EQ(counts.started, 2);
  group.start("never begun", sleep_for(clock, 1h, counts));
  group.cancel();
  group.start("too late", sleep_for(clock, 1h, counts));
  co_await group.join();
}

TEST(TaskGroup, CancelUnwindsWaitingTasks) {
  Counts counts;
  block_on(cancel_all(counts));
  EXPECT_EQ(counts.started, 2);
  EXPECT_EQ(counts.unwound, 2);
}

Task<void> start_more(TaskGroup& group, Clock& clock, int left, Counts& counts) {
  Leaving leaving(counts);
  if (left > 0) group.start("child", start_more(group, clock, left - 1, counts));
  co_await clock.sleep(0ms);
  leaving.done();
}

Task<void> join_chain(Counts& counts) {
  SystemClock clock;
  Executor executor = co_await boost::asio::this_coro::executor;
  TaskGroup group(executor);
  group.start("first", start_more(group, clock, 20, counts));
  co_await group.join();
}

TEST(TaskGroup, TasksMayStartTasks) {
  Counts counts;
  block_on(join_chain(counts));
  EXPECT_EQ(counts.finished, 21);
}

Task<void> cancel_own_group(TaskGroup& group, Clock& clock, Counts& counts) {
  Leaving leaving(counts);
  group.cancel();
  co_await clock.sleep(1h);
  leaving.done();
}

Task<void> join_self_cancelled(Counts& counts) {
  SystemClock clock;
  Executor executor = co_await boost::asio::this_coro::executor;
  TaskGroup group(executor);
  group.start("self", cancel_own_group(group, clock, counts));
  co_await group.join();
}

TEST(TaskGroup, ATaskMayCancelItsGroup) {
  Counts counts;
  block_on(join_self_cancelled(counts));
  EXPECT_EQ(counts.unwound, 1);
}

Task<void> throw_bug(Clock& clock) {
  co_await clock.sleep(0ms);
  throw std::runtime_error("boom");
}

Task<void> run_bug() {
  set_up_logging({});
  SystemClock clock;
  Executor executor = co_await boost::asio::this_coro::executor;
  TaskGroup group(executor);
  group.start("faulty", throw_bug(clock));
  co_await group.join();
}

TEST(TaskGroupDeathTest, AnExceptionIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(block_on(run_bug()), "task faulty threw: boom");
}

}  // namespace
}  // namespace clickdeploy
