#include "controller/async/within.h"

#include "controller/async/signal.h"
#include "controller/async/task_group.h"
#include "tests/simulation/sim_context.h"

#include <gtest/gtest.h>

namespace clickdeploy {
namespace {

using simulation::SimClock;
using simulation::SimContext;
using std::chrono::seconds;

Task<int> answer_after(Clock& clock, seconds delay) {
  co_await clock.sleep(delay);
  co_return 42;
}

struct Outcome {
  std::optional<int> result;
  bool ended = false;
  SteadyTime at{};
};

Task<void> ask(Clock& clock, seconds delay, seconds limit, Outcome& outcome) {
  outcome.result = co_await within(clock, limit, answer_after(clock, delay));
  outcome.ended = true;
  outcome.at = clock.steady_now();
}

TEST(Within, GivesTheResultOfAQuickTask) {
  SimContext context(1);
  SimClock clock(context, WallTime{});
  TaskGroup tasks(context.executor());
  Outcome outcome;
  tasks.start("ask", ask(clock, seconds(1), seconds(5), outcome));
  context.run_for(seconds(60));
  ASSERT_TRUE(outcome.ended);
  EXPECT_EQ(outcome.result, 42);
  EXPECT_EQ(outcome.at, seconds(1));
}

TEST(Within, CancelsASlowTaskAndGivesNothing) {
  SimContext context(1);
  SimClock clock(context, WallTime{});
  TaskGroup tasks(context.executor());
  Outcome outcome;
  tasks.start("ask", ask(clock, seconds(50), seconds(5), outcome));
  context.run_for(seconds(60));
  ASSERT_TRUE(outcome.ended);
  EXPECT_EQ(outcome.result, std::nullopt);
  EXPECT_EQ(outcome.at, seconds(5));
}

// Either side may end before the other has taken its first step: any order must do.
TEST(Within, IsSafeForEveryOrderOfSteps) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    SimContext context(seed);
    SimClock clock(context, WallTime{});
    TaskGroup tasks(context.executor());
    Outcome quick;
    Outcome slow;
    tasks.start("quick", ask(clock, seconds(0), seconds(0), quick));
    tasks.start("slow", ask(clock, seconds(9), seconds(0), slow));
    context.run_for(seconds(60));
    EXPECT_TRUE(quick.ended);
    EXPECT_TRUE(slow.ended);
    EXPECT_EQ(slow.result, std::nullopt);
  }
}

TEST(Within, UnwindsWhenItsCallerIsCancelled) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    SimContext context(seed);
    SimClock clock(context, WallTime{});
    TaskGroup tasks(context.executor());
    Outcome outcome;
    tasks.start("ask", ask(clock, seconds(50), seconds(500), outcome));
    context.run_for(seconds(seed % 3));
    tasks.cancel();
    context.run_for(seconds(1));
    EXPECT_FALSE(outcome.ended);
    EXPECT_EQ(tasks.running(), 0u);
  }
}

}  // namespace
}  // namespace clickdeploy
