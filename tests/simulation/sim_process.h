// SimProcess: a part of the simulated world that can be killed at any step, as kill -9 would.
//
// Its executor's jobs are steps of the SimContext like all others. kill() destroys every coroutine
// of the process, wherever it waits; afterwards posts to it vanish. Then, not before, the objects
// that the coroutines referred to may be destroyed. Lifetime: the context outlives the process;
// the process outlives those objects.

#pragma once

#include "tests/simulation/sim_context.h"

#include <memory>

namespace clickdeploy::simulation {

class SimProcess final : public boost::asio::execution_context {
 public:
  explicit SimProcess(SimContext& context) : context_(context), owner_(context.new_owner()) {}
  ~SimProcess();

  Executor executor();
  SimContext::Owner owner() const { return owner_; }
  SimContext& context() { return context_; }
  bool runs_now() const { return !down_ && context_.runs_now(owner_); }

  void kill();

  void post(std::unique_ptr<SimContext::Job> job);
  void post_after(std::chrono::nanoseconds delay, std::unique_ptr<SimContext::Job> job);

  // Suspends the caller, a coroutine of this process, until wake(*ticket) or for `limit`.
  Task<void> park(std::shared_ptr<std::uint64_t> ticket, std::chrono::nanoseconds limit);
  void wake(std::uint64_t ticket);  // nothing if it is awake already

 private:
  SimContext& context_;
  const SimContext::Owner owner_;
  bool down_ = false;
};

}  // namespace clickdeploy::simulation
