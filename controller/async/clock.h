// Clock: the only source of time. Production: SystemClock; simulation: a virtual one.

#pragma once

#include "controller/async/task.h"
#include "controller/base/text.h"

#include <chrono>

namespace clickdeploy {

// Time since some fixed start; never goes back.
using SteadyTime = std::chrono::nanoseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime steady_now() const = 0;  // any thread
  virtual WallTime wall_now() const = 0;      // any thread; may jump

  // Resumes on the caller's executor after `duration` (at once, but not inside the call, if it is
  // not positive). Unwinds when the task is cancelled.
  virtual Task<void> sleep(std::chrono::nanoseconds duration) = 0;
};

class SystemClock final : public Clock {
 public:
  SteadyTime steady_now() const override;
  WallTime wall_now() const override;
  Task<void> sleep(std::chrono::nanoseconds duration) override;
};

}  // namespace clickdeploy
