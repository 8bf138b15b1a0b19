#include "controller/openstack/rate_limiter_internal.h"
#include "tests/openstack/virtual_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace clickdeploy::openstack {
namespace {

using namespace std::chrono_literals;

struct Turn {
  std::string who;
  std::chrono::milliseconds at;
  bool operator==(const Turn&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Turn& turn) {
  return out << turn.who << "@" << turn.at.count();
}

class RateLimiterTest : public testing::Test {
 protected:
  // Those who still wait hold a place in the limiter's line.
  ~RateLimiterTest() override {
    group_.cancel();
    world_.run_for(1s);
  }

  static Task<void> caller(RateLimiterTest* test, Priority priority, std::string verb,
                           std::string who, std::chrono::nanoseconds wait_max) {
    Result<void> turn = co_await test->limiter_->acquire(priority, verb, wait_max);
    const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(
        test->world_.steady_now() - test->start_);
    test->turns_.push_back({turn ? who : who + ": " + turn.error().message(), at});
  }

  void make(double rate, std::size_t burst) {
    limiter_ = std::make_unique<RateLimiter>(world_, rate, burst);
    start_ = world_.steady_now();
  }

  void call(Priority priority, std::string who, std::string verb = "GET compute",
            std::chrono::nanoseconds wait_max = 60s) {
    group_.start(who, caller(this, priority, verb, who, wait_max));
  }

  VirtualWorld world_;
  std::unique_ptr<RateLimiter> limiter_;
  SteadyTime start_{};
  std::vector<Turn> turns_;
  TaskGroup group_{world_.executor()};
};

// What was spent stays spent: a limit that is edited again and again gives no burst again and
// again.
TEST_F(RateLimiterTest, AnotherRateHoldsAtOnceAndGivesNothing) {
  make(1, 4);
  for (int i = 1; i <= 3; ++i) call(Priority::Normal, std::to_string(i));
  world_.run_for(1ms);
  limiter_->set_rate(10, 40);
  for (int i = 4; i <= 6; ++i) call(Priority::Normal, std::to_string(i));
  world_.run_for(2s);
  limiter_->set_rate(10, 2);  // of the twenty that were earned since
  for (int i = 7; i <= 9; ++i) call(Priority::Normal, std::to_string(i));
  world_.run_for(1s);
  const std::vector<Turn> want{{"1", 0ms},    {"2", 0ms},    {"3", 0ms},
                               {"4", 1ms},    {"5", 100ms},  {"6", 200ms},
                               {"7", 2001ms}, {"8", 2001ms}, {"9", 2101ms}};
  EXPECT_EQ(turns_, want);
}

TEST_F(RateLimiterTest, LetsABurstThroughThenKeepsTheRate) {
  make(10, 3);
  for (int i = 1; i <= 6; ++i) call(Priority::Normal, std::to_string(i));
  world_.run_for(2s);
  EXPECT_EQ(turns_,
            (std::vector<Turn>{
                {"1", 0ms}, {"2", 0ms}, {"3", 0ms}, {"4", 100ms}, {"5", 200ms}, {"6", 300ms}}));
}

TEST_F(RateLimiterTest, UrgentGoesFirstAndAClassIsFirstComeFirstServed) {
  make(10, 1);
  call(Priority::Normal, "taken");
  call(Priority::Background, "b1");
  call(Priority::Normal, "n1");
  call(Priority::Background, "b2");
  call(Priority::Urgent, "u1");
  call(Priority::Normal, "n2");
  call(Priority::Urgent, "u2");
  world_.run_for(3s);
  EXPECT_EQ(turns_, (std::vector<Turn>{{"taken", 0ms},
                                       {"u1", 100ms},
                                       {"u2", 200ms},
                                       {"n1", 300ms},
                                       {"n2", 400ms},
                                       {"b1", 500ms},
                                       {"b2", 600ms}}));
}

TEST_F(RateLimiterTest, NobodyIsOvertakenForEver) {
  make(1, 1);
  call(Priority::Urgent, "first");
  call(Priority::Background, "sweep");
  for (int i = 0; i < 100; ++i) {
    call(Priority::Urgent, "u", "DELETE compute", 200s);
    world_.run_for(900ms);
  }
  auto sweep = std::ranges::find(turns_, "sweep", &Turn::who);
  ASSERT_NE(sweep, turns_.end());
  EXPECT_GE(sweep->at, 20s);
  EXPECT_LE(sweep->at, 23s);
}

TEST_F(RateLimiterTest, ABlockedVerbWaitsAndOthersDoNot) {
  make(10, 5);
  limiter_->block("POST compute", world_.steady_now() + 7s);
  limiter_->block("POST compute", world_.steady_now() + 1s);  // the later one stays
  call(Priority::Urgent, "create", "POST compute");
  call(Priority::Background, "read");
  world_.run_for(10s);
  EXPECT_EQ(turns_, (std::vector<Turn>{{"read", 0ms}, {"create", 7000ms}}));
}

TEST_F(RateLimiterTest, RefusesAtOnceWhatCannotBeInTime) {
  make(10, 5);
  limiter_->block("POST compute", world_.steady_now() + 100s);
  call(Priority::Normal, "create", "POST compute", 60s);
  world_.run_for(1s);
  EXPECT_EQ(turns_,
            (std::vector<Turn>{
                {"create: rate limit: the cloud asks to wait 100 s more with POST compute", 0ms}}));
}

TEST_F(RateLimiterTest, WaitingEndsAtItsDeadline) {
  make(0.1, 1);
  call(Priority::Normal, "taken");
  call(Priority::Normal, "late", "GET compute", 3s);
  world_.run_for(20s);
  EXPECT_EQ(turns_, (std::vector<Turn>{{"taken", 0ms},
                                       {"late: rate limit: waited too long for a turn", 3000ms}}));
}

TEST_F(RateLimiterTest, TheLineIsBounded) {
  make(0.001, 1);
  call(Priority::Normal, "taken");
  for (std::size_t i = 0; i <= RateLimiter::kWaitersMax; ++i) call(Priority::Normal, "w");
  world_.run_for(1s);
  ASSERT_EQ(turns_.size(), 2u);
  EXPECT_EQ(turns_[1].who, "w: rate limit: too many requests wait already");
}

TEST_F(RateLimiterTest, ACancelledWaiterTakesNothing) {
  make(1, 1);
  call(Priority::Normal, "taken");
  TaskGroup doomed(world_.executor());
  doomed.start("doomed", caller(this, Priority::Urgent, "GET compute", "doomed", 60s));
  call(Priority::Normal, "next");
  world_.run_for(500ms);
  doomed.cancel();
  world_.run_for(600ms);
  world_.run_for(1s);
  ASSERT_EQ(turns_.size(), 2u);
  EXPECT_EQ(turns_[1].who, "next");
  EXPECT_LE(turns_[1].at, 2s);
}

}  // namespace
}  // namespace clickdeploy::openstack
