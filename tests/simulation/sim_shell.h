// SimShell: SSH to the world's machines. Each session takes its time before the effect and after
// it, and may be cut off on either side.
//
// Threads and lifetime: as the process that it belongs to.

#pragma once

#include "controller/async/clock.h"
#include "controller/async/random.h"
#include "tests/fakes/fake_machines.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy::simulation {

struct ShellFaults {
  double lost_before = 0;  // share of sessions that end before their effect
  double lost_after = 0;   // and whose answer is lost
};

class SimShell final : public agents::RemoteShell {
 public:
  SimShell(fakes::FakeMachines& machines, Clock& clock, Random& random, const ShellFaults& faults)
      : machines_(machines), clock_(clock), random_(random), faults_(faults) {}

  Task<Result<agents::ShellOutcome>> run(agents::SshTarget target, std::vector<std::string> argv,
                                         std::chrono::milliseconds deadline) override {
    co_await clock_.sleep(pause());
    Result<agents::ShellOutcome> outcome =
        co_await machines_.run(std::move(target), std::move(argv), deadline);
    co_return outcome;
  }

  Task<Result<agents::ShellOutcome>> run_script(agents::SshTarget target,
                                                agents::MachineScript script,
                                                std::chrono::milliseconds deadline) override {
    co_await clock_.sleep(pause());
    if (chance(faults_.lost_before)) {
      co_await clock_.sleep(deadline);
      co_return fail(ErrorCode::DeadlineExceeded, "SSH handshake: no answer in time");
    }
    Result<agents::ShellOutcome> outcome =
        co_await machines_.run_script(std::move(target), std::move(script), deadline);
    co_await clock_.sleep(pause());
    if (chance(faults_.lost_after)) {
      co_await clock_.sleep(deadline);
      co_return fail(ErrorCode::DeadlineExceeded, "the command did not end in time");
    }
    co_return outcome;
  }

 private:
  std::chrono::milliseconds pause() { return std::chrono::milliseconds(10 + random_.next() % 500); }
  bool chance(double share) {
    return static_cast<double>(random_.next() % 10'000) < share * 10'000;
  }

  fakes::FakeMachines& machines_;
  Clock& clock_;
  Random& random_;
  const ShellFaults& faults_;
};

}  // namespace clickdeploy::simulation
