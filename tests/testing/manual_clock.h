// ManualClock: time that stands still until the test moves it.

#pragma once

#include "controller/async/clock.h"
#include "controller/async/signal.h"

namespace clickdeploy::testing {

// Threads: the one that runs the tasks.
class ManualClock final : public Clock {
 public:
  SteadyTime steady_now() const override { return now_; }
  WallTime wall_now() const override { return WallTime(std::chrono::hours(490'000) + now_); }

  Task<void> sleep(std::chrono::nanoseconds duration) override {
    const SteadyTime until = now_ + duration;
    do {
      const std::uint64_t seen = moved_.version();
      // A sleep of nothing still yields once.
      if (now_ >= until) moved_.notify();
      co_await moved_.wait(seen);
    } while (now_ < until);
  }

  void advance(std::chrono::nanoseconds duration) {
    now_ += duration;
    moved_.notify();
  }

 private:
  SteadyTime now_{0};
  Signal moved_;
};

}  // namespace clickdeploy::testing
