#include "controller/runtime/work_queue.h"

#include "tests/client/scripted_api.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace clickdeploy::runtime {
namespace {

using namespace std::chrono_literals;

using client::Running;
using client::SimWorld;

const ObjectKey kA{"shop", "a"};
const ObjectKey kB{"shop", "b"};
constexpr Backoff kBackoff{.first = 500ms, .longest = 300s, .factor = 2.0, .jitter = 0};

struct Queue {
  SimWorld world;
  WorkQueue queue{world.clock, world.random, kBackoff};
  Running running{world};

  Queue() { queue.start(running.tasks); }

  std::string take() { return world.run(queue.take()).name; }
  std::chrono::milliseconds now() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(world.context.now());
  }
};

TEST(WorkQueue, AKeyIsInItOnce) {
  Queue q;
  q.queue.add(kA);
  q.queue.add(kB);
  q.queue.add(kA);
  EXPECT_EQ(q.queue.ready(), 2u);
  EXPECT_EQ(q.take(), "a");
  EXPECT_EQ(q.take(), "b");
  EXPECT_EQ(q.queue.ready(), 0u);
  EXPECT_EQ(q.queue.working(), 2u);
}

TEST(WorkQueue, AKeyAddedWhileItIsWorkedOnRunsAgain) {
  Queue q;
  q.queue.add(kA);
  EXPECT_EQ(q.take(), "a");
  q.queue.add(kA);
  q.queue.add(kA);
  EXPECT_EQ(q.queue.ready(), 0u);  // not to a second worker
  q.queue.done(kA);
  EXPECT_EQ(q.queue.ready(), 1u);
  EXPECT_EQ(q.take(), "a");
  q.queue.done(kA);
  EXPECT_EQ(q.queue.ready(), 0u);
}

TEST(WorkQueue, ADelayThatEndsWhileItIsWorkedOnRunsItAgain) {
  Queue q;
  q.queue.add(kA);
  EXPECT_EQ(q.take(), "a");
  q.queue.add_after(kA, 1s);
  q.world.context.run_for(2s);
  EXPECT_EQ(q.queue.ready(), 0u);
  q.queue.done(kA);
  EXPECT_EQ(q.queue.ready(), 1u);
}

TEST(WorkQueue, TheEarliestOfSeveralDelaysWins) {
  Queue q;
  q.queue.add_after(kA, 10s);
  q.queue.add_after(kA, 3s);
  q.queue.add_after(kA, 7s);
  EXPECT_EQ(q.queue.delayed(), 1u);
  EXPECT_EQ(q.take(), "a");
  EXPECT_EQ(q.now(), 3s);
  q.queue.done(kA);
  q.world.context.run_for(60s);
  EXPECT_EQ(q.queue.ready(), 0u);  // the later ones are forgotten
}

TEST(WorkQueue, AddIsSoonerThanAnyDelay) {
  Queue q;
  q.queue.add_after(kA, 10s);
  q.queue.add(kA);
  EXPECT_EQ(q.queue.delayed(), 0u);
  EXPECT_EQ(q.take(), "a");
  EXPECT_EQ(q.now(), 0s);
  q.queue.done(kA);
  q.queue.add_after(kA, 0s);
  EXPECT_EQ(q.queue.ready(), 1u);
}

TEST(WorkQueue, DelaysFromBeforeTheStartAreKept) {
  SimWorld world;
  WorkQueue queue(world.clock, world.random, kBackoff);
  queue.add_after(kA, 2s);
  Running running(world);
  queue.start(running.tasks);
  EXPECT_EQ(world.run(queue.take()).name, "a");
  EXPECT_EQ(world.context.now(), 2s);
}

TEST(WorkQueue, FailuresWaitLongerUntilTheyAreForgotten) {
  Queue q;
  std::vector<std::chrono::milliseconds> waits;
  for (int i = 0; i < 12; ++i) {
    waits.push_back(q.queue.add_rate_limited(kA));
    EXPECT_EQ(q.take(), "a");
    q.queue.done(kA);
  }
  EXPECT_EQ(waits, (std::vector<std::chrono::milliseconds>{500ms, 1s, 2s, 4s, 8s, 16s, 32s, 64s,
                                                           128s, 256s, 300s, 300s}));
  EXPECT_EQ(q.queue.failures(kA), 12u);
  EXPECT_EQ(q.queue.failures(kB), 0u);
  q.queue.forget(kA);
  EXPECT_EQ(q.queue.failures(kA), 0u);
  EXPECT_EQ(q.queue.add_rate_limited(kA), 500ms);
}

TEST(WorkQueue, ManyKeysBecomeReadyEachInItsTime) {
  Queue q;
  std::map<std::string, std::chrono::milliseconds> due;
  for (int i = 0; i < 1'000; ++i) {
    const ObjectKey key{"shop", "key-" + std::to_string(i)};
    const std::chrono::milliseconds delay(1 + q.world.random.next() % 60'000);
    due[key.name] = delay;
    q.queue.add_after(key, delay);
  }
  std::chrono::milliseconds last{0};
  for (int i = 0; i < 1'000; ++i) {
    const std::string name = q.take();
    EXPECT_EQ(q.now(), due.at(name));
    EXPECT_GE(due.at(name), last);
    last = due.at(name);
    q.queue.done({"shop", name});
  }
  EXPECT_EQ(q.queue.delayed(), 0u);
}

// A key that comes back every second beside one that rests for long must not leave a sleeper behind
// each time.
TEST(WorkQueue, SleepersDoNotPileUp) {
  Queue q;
  q.queue.add_after(kB, 1h);
  for (int i = 0; i < 200; ++i) {
    q.queue.add_after(kA, 1s);
    EXPECT_EQ(q.take(), "a");
    q.queue.done(kA);
    ASSERT_LE(q.running.tasks.running(), 3u);
  }
}

}  // namespace
}  // namespace clickdeploy::runtime
