#include "tests/simulation/sim_context.h"

#include "controller/async/run_on.h"
#include "controller/async/signal.h"
#include "controller/async/task_group.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <set>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

const WallTime kBase{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};

struct World {
  std::vector<int> order;
  Signal changed;
  int value = 0;
};

Task<void> produce(SimClock& clock, World& world, int name) {
  for (int i = 0; i < 5; ++i) {
    co_await clock.sleep(10ms * name);
    world.order.push_back(name);
    ++world.value;
    world.changed.notify();
  }
}

Task<void> consume(Executor executor, World& world, int wanted) {
  while (true) {
    const std::uint64_t seen = world.changed.version();
    int value = co_await run_on(executor, [&world] { return world.value; });
    if (value >= wanted) co_return;
    co_await world.changed.wait(seen);
  }
}

struct Trace {
  std::uint64_t hash = 0;
  std::vector<int> order;
  std::chrono::nanoseconds end{0};
};

Trace run(std::uint64_t seed) {
  World world;
  SimContext context(seed);
  SimClock clock(context, kBase);
  TaskGroup group(context.executor());
  for (int name = 1; name <= 4; ++name) group.start("producer", produce(clock, world, name));
  group.start("consumer", consume(context.executor(), world, 20));
  EXPECT_TRUE(context.run_until([&] { return group.running() == 0; }, 10s));
  return {context.hash(), world.order, context.now()};
}

TEST(SimContext, TheSameSeedGivesTheSameRun) {
  const Trace first = run(42);
  const Trace second = run(42);
  EXPECT_EQ(first.hash, second.hash);
  EXPECT_EQ(first.order, second.order);
  EXPECT_EQ(first.end, 200ms);
  EXPECT_EQ(first.order.size(), 20U);
}

TEST(SimContext, OtherSeedsGiveOtherOrders) {
  std::set<std::uint64_t> hashes;
  std::set<std::vector<int>> orders;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Trace trace = run(seed);
    hashes.insert(trace.hash);
    orders.insert(trace.order);
  }
  EXPECT_EQ(hashes.size(), 20U);
  EXPECT_GT(orders.size(), 1U);
}

Task<void> note_times(SimClock& clock, std::vector<std::chrono::nanoseconds>& times) {
  times.push_back(clock.steady_now());
  co_await clock.sleep(3h);
  times.push_back(clock.steady_now());
  co_await clock.sleep(0ns);
  co_await clock.sleep(-1s);
  times.push_back(clock.steady_now());
}

TEST(SimClock, TimeMovesOnlyWhenNothingElseCanRun) {
  std::vector<std::chrono::nanoseconds> times;
  SimContext context(1);
  SimClock clock(context, kBase);
  TaskGroup group(context.executor());
  group.start("sleeper", note_times(clock, times));
  while (context.step()) {
  }
  EXPECT_EQ(times, (std::vector<std::chrono::nanoseconds>{0ns, 3h, 3h}));
  EXPECT_EQ(clock.wall_now(), kBase + 3h);
  clock.shift_wall(-1h);
  EXPECT_EQ(clock.wall_now(), kBase + 2h);
  EXPECT_EQ(clock.steady_now(), 3h);
}

TEST(SimContext, RunUntilStopsAtItsDeadline) {
  std::vector<std::chrono::nanoseconds> times;
  SimContext context(1);
  SimClock clock(context, kBase);
  TaskGroup group(context.executor());
  group.start("sleeper", note_times(clock, times));
  EXPECT_FALSE(context.run_until([&] { return times.size() == 3; }, 1h));
  EXPECT_EQ(context.now(), 1h);
  context.run_for(90min);
  EXPECT_EQ(context.now(), 150min);
  EXPECT_TRUE(context.run_until([&] { return times.size() == 3; }, 4h));
  EXPECT_EQ(context.now(), 3h);
}

TEST(SimContext, CancelledSleepsAndWaitsUnwindAtOnce) {
  World world;
  std::vector<std::chrono::nanoseconds> times;
  SimContext context(1);
  SimClock clock(context, kBase);
  TaskGroup group(context.executor());
  group.start("sleeper", note_times(clock, times));
  group.start("waiter", consume(context.executor(), world, 1));
  context.run_for(1s);
  EXPECT_EQ(group.running(), 2U);
  group.cancel();
  EXPECT_TRUE(context.run_until([&] { return group.running() == 0; }, 1min));
  EXPECT_EQ(context.now(), 1s);
  EXPECT_EQ(times.size(), 1U);
  EXPECT_FALSE(context.step());
}

Task<void> join_group(TaskGroup& group, bool& joined) {
  co_await group.join();
  joined = true;
}

TEST(SimContext, JoinWorks) {
  World world;
  bool joined = false;
  SimContext context(3);
  SimClock clock(context, kBase);
  TaskGroup group(context.executor());
  TaskGroup outer(context.executor());
  group.start("producer", produce(clock, world, 1));
  outer.start("joiner", join_group(group, joined));
  EXPECT_TRUE(context.run_until([&] { return joined; }, 1s));
  EXPECT_EQ(context.now(), 50ms);
}

Task<void> own_and_join(SimClock& clock, World& world, std::shared_ptr<int> kept) {
  Executor executor = co_await boost::asio::this_coro::executor;
  TaskGroup group(executor);
  group.start("producer", produce(clock, world, 1));
  group.start("consumer", consume(executor, world, 100));
  co_await group.join();
  ++*kept;
}

// At each step of the run in turn, the context goes while coroutines are suspended.
TEST(SimContext, EndsCleanlyWithSuspendedCoroutines) {
  for (int steps = 0; steps < 60; ++steps) {
    auto kept = std::make_shared<int>(0);
    World world;
    {
      SimContext context(7);
      SimClock clock(context, kBase);
      boost::asio::co_spawn(context.executor(), own_and_join(clock, world, kept),
                            [](const std::exception_ptr&) {});
      for (int i = 0; i < steps; ++i) context.step();
    }
    EXPECT_EQ(kept.use_count(), 1) << steps;
    EXPECT_EQ(*kept, 0);
  }
}

}  // namespace
}  // namespace clickdeploy::simulation
