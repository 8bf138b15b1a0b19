#include "controller/runtime/controller.h"

#include "tests/client/scripted_api.h"

#include <gtest/gtest.h>

#include <deque>
#include <set>
#include <vector>

namespace clickdeploy::runtime {
namespace {

using namespace std::chrono_literals;

using client::Running;
using client::SimWorld;

const ObjectKey kA{"shop", "a"};

// Gives its answers in order, then "done"; notes when it was called.
class ScriptedReconciler final : public Reconciler {
 public:
  explicit ScriptedReconciler(SimWorld& world) : world_(world) {}

  Task<Result<ReconcileResult>> reconcile(ObjectKey key) override {
    times.push_back(world_.context.now());
    const bool alone = active_.insert(key).second;
    overlapped = overlapped || !alone;
    most = std::max(most, active_.size());
    if (takes.count() > 0) co_await world_.clock.sleep(takes);
    active_.erase(key);
    if (answers.empty()) co_return ReconcileResult{};
    Result<ReconcileResult> answer = std::move(answers.front());
    answers.pop_front();
    co_return answer;
  }

  std::deque<Result<ReconcileResult>> answers;
  std::chrono::nanoseconds takes{0};
  std::vector<SteadyTime> times;
  bool overlapped = false;
  std::size_t most = 0;

 private:
  SimWorld& world_;
  std::set<ObjectKey> active_;
};

struct Fixture {
  SimWorld world;
  ScriptedReconciler reconciler{world};
  Controller controller{{.name = "Service",
                         .workers = 2,
                         .backoff = {.first = 500ms, .longest = 300s, .factor = 2.0, .jitter = 0}},
                        reconciler,
                        world.clock,
                        world.random};
  Running running{world};

  Fixture() { controller.start(running.tasks); }
};

TEST(Controller, ADoneKeyRestsUntilItIsAddedAgain) {
  Fixture s;
  s.controller.queue().add(kA);
  s.world.context.run_for(1h);
  EXPECT_EQ(s.reconciler.times, (std::vector<SteadyTime>{0s}));
  s.controller.queue().add(kA);
  s.world.context.run_for(1s);
  EXPECT_EQ(s.reconciler.times.size(), 2u);
  EXPECT_EQ(s.controller.counts().reconciles, 2u);
  EXPECT_EQ(s.controller.counts().errors, 0u);
}

TEST(Controller, RequeueAfterComesBackThen) {
  Fixture s;
  s.reconciler.answers = {ReconcileResult{.requeue_after = 30s}, ReconcileResult{}};
  s.controller.queue().add(kA);
  s.world.context.run_for(1h);
  EXPECT_EQ(s.reconciler.times, (std::vector<SteadyTime>{0s, 30s}));
}

TEST(Controller, RetryableErrorsBackOffAndSuccessForgetsThem) {
  Fixture s;
  const auto down = [] { return fail(ErrorCode::Unavailable, "down"); };
  s.reconciler.answers = {down(), down(),           down(), ReconcileResult{.requeue_after = 10s},
                          down(), ReconcileResult{}};
  s.controller.queue().add(kA);
  s.world.context.run_for(1h);
  EXPECT_EQ(s.reconciler.times, (std::vector<SteadyTime>{0s, 500ms, 1500ms, 3500ms, 13500ms, 14s}));
  EXPECT_EQ(s.controller.counts().errors, 4u);
  EXPECT_EQ(s.controller.queue().failures(kA), 0u);
}

TEST(Controller, TerminalErrorsAreTriedAgainSlowly) {
  Fixture s;
  s.reconciler.answers = {fail(ErrorCode::InvalidArgument, "wrong"), ReconcileResult{}};
  s.controller.queue().add(kA);
  s.world.context.run_for(1h);
  EXPECT_EQ(s.reconciler.times, (std::vector<SteadyTime>{0s, 300s}));
}

TEST(Controller, AChangeIsSoonerThanAnyBackoff) {
  Fixture s;
  s.reconciler.answers = {fail(ErrorCode::InvalidArgument, "wrong"), ReconcileResult{}};
  s.controller.queue().add(kA);
  s.world.context.run_for(5s);
  s.controller.queue().add(kA);
  s.world.context.run_for(1h);
  EXPECT_EQ(s.reconciler.times, (std::vector<SteadyTime>{0s, 5s}));
}

TEST(Controller, WorkersShareTheKeysAndNeverOneKey) {
  Fixture s;
  s.reconciler.takes = 1s;
  for (int i = 0; i < 10; ++i) {
    for (int key = 0; key < 4; ++key) s.controller.queue().add({"shop", std::to_string(key)});
    s.world.context.run_for(300ms);
  }
  s.world.context.run_for(1min);
  EXPECT_FALSE(s.reconciler.overlapped);
  EXPECT_EQ(s.reconciler.most, 2u);
  EXPECT_EQ(s.controller.queue().working(), 0u);
}

}  // namespace
}  // namespace clickdeploy::runtime
