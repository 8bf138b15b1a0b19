// LoneRun: one run of a driver in a process of its own.

#pragma once

#include "controller/async/clock.h"
#include "tests/planted/hunt.h"

#include <optional>
#include <string>
#include <sys/types.h>

namespace clickdeploy::planted_bugs {

class LoneRun {
 public:
  LoneRun(Bug bug, const Driver& driver, std::uint64_t number, const HuntLimits& limits);
  ~LoneRun();
  LoneRun(const LoneRun&) = delete;
  LoneRun& operator=(const LoneRun&) = delete;

  int pipe() const { return pipe_; }  // to be polled
  // To be called when there is something in the pipe, and now and then. The outcome at the end.
  std::optional<Outcome> look();

 private:
  std::optional<Outcome> end();

  const HuntLimits limits_;
  const SystemClock clock_;
  const SteadyTime began_;
  pid_t pid_ = -1;
  int pipe_ = -1;
  bool late_ = false;
  std::string text_;
};

}  // namespace clickdeploy::planted_bugs
