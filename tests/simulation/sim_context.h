// SimContext: an execution context on which everything happens in one thread, in an order drawn
// from a seed, on a clock that only moves when nothing else can run.
//
// The same seed and the same program give the same steps and so the same hash. Lifetime: destroy it
// before the objects that its coroutines refer to; suspended coroutines die with it. Nothing that
// needs an io_context (sockets, steady_timer, signal_set) works on it.
//
// Several simulated processes share one context: each job has an owner, and a SimProcess that is
// killed takes its jobs with it (sim_process.h). Owner 0 is the world around them.

#pragma once

#include "controller/async/clock.h"
#include "controller/async/random.h"
#include "controller/async/task.h"

#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace clickdeploy::simulation {

class SimContext final : public boost::asio::execution_context {
 public:
  // A handler that is owned until it runs. Destroying it may destroy a coroutine.
  struct Job {
    virtual ~Job() = default;
    virtual void run() = 0;
  };

  template <class F>
  static std::unique_ptr<Job> make_job(F function);

  explicit SimContext(std::uint64_t seed) : random_(seed) {}
  ~SimContext();

  Executor executor();

  using Owner = std::uint64_t;

  void post(std::unique_ptr<Job> job, Owner owner = 0);

  // Runs the job `delay` from now. Returns a ticket for take_timed.
  std::uint64_t post_after(std::chrono::nanoseconds delay, std::unique_ptr<Job> job,
                           Owner owner = 0);

  // Takes a job back before its time; null if it has become ready.
  std::unique_ptr<Job> take_timed(std::uint64_t ticket);

  Owner new_owner() { return ++last_owner_; }

  // Is a job of this owner running now, and not being destroyed?
  bool runs_now(Owner owner) const { return !down_ && running_ == owner; }
  bool runs_now() const { return runs_now(0); }

  // Destroys every job of this owner.
  void drop(Owner owner);

  // Trouble with the scheduling of processes; the world around them (owner 0) has none.
  // SIGSTOP: no job of this owner is run until it is released or dropped.
  void hold(Owner owner) { held_owner_ = owner; }
  void release(Owner owner);
  // The next job of a process that becomes ready is not run for so many steps.
  void starve_next(std::uint64_t steps) { starve_steps_ = steps; }
  // From now on timers of processes fire up to so much late; 0 ends it.
  void late_timers(std::chrono::nanoseconds most);
  // All of that is over.
  void be_fair();
  // Since when there has been none of that; now() while there is. For bounds on how long things may
  // take.
  SteadyTime fair_since() const;

  // Runs one job, after moving the clock to the next time if none is ready. False if there is
  // nothing left to do.
  bool step();

  // Steps until the predicate holds (true), or until `deadline` of virtual time has come or nothing
  // is left to do (false). The predicate is looked at between steps.
  bool run_until(const std::function<bool()>& predicate, SteadyTime deadline);

  // Steps until nothing is ready or timed before `deadline`; the clock ends there.
  void run_for(std::chrono::nanoseconds duration);

  SteadyTime now() const { return now_; }
  std::uint64_t steps() const { return steps_; }
  std::uint64_t hash() const { return hash_; }

  // Adds something that must be the same in each run to the hash.
  void mix(std::uint64_t value);

 private:
  using TimedKey = std::pair<std::int64_t, std::uint64_t>;  // when, ticket
  struct Entry {
    Owner owner = 0;
    std::unique_ptr<Job> job;
  };

  void make_ready(Entry entry);
  bool advance(SteadyTime limit);
  void run_one();

  SeededRandom random_;
  bool down_ = false;  // destroying a coroutine posts: those posts are dropped
  SteadyTime now_{0};
  std::uint64_t last_ticket_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
  Owner last_owner_ = 0;
  std::optional<Owner> running_;  // whose job it is
  std::vector<Entry> ready_;
  Owner held_owner_ = 0;  // 0 is none
  std::vector<Entry> held_;
  std::uint64_t starve_steps_ = 0;
  std::vector<Entry> starved_;
  std::uint64_t starved_until_ = UINT64_MAX;  // step
  std::chrono::nanoseconds late_most_{0};
  SteadyTime fair_since_{};
  std::map<TimedKey, Entry> timed_;
  std::map<std::uint64_t, std::int64_t> when_;  // by ticket
};

// Converts to any_io_executor. `Context` is the SimContext or a SimProcess.
//
// As an io_context's, it may run what is dispatched by a job of its own inside that job (posts
// never). Asio's co_spawn counts on that: it dispatches a cancellation by a pointer that dies with
// the task.
template <class Context>
class BasicSimExecutor {
  using blocking_t = boost::asio::execution::blocking_t;

 public:
  explicit BasicSimExecutor(Context& context, bool may_run_inside = true)
      : context_(&context), may_run_inside_(may_run_inside) {}

  Context& query(boost::asio::execution::context_t) const noexcept { return *context_; }
  blocking_t query(blocking_t) const noexcept {
    return may_run_inside_ ? blocking_t(boost::asio::execution::blocking.possibly)
                           : blocking_t(boost::asio::execution::blocking.never);
  }
  BasicSimExecutor require(blocking_t::never_t) const { return BasicSimExecutor(*context_, false); }
  BasicSimExecutor require(blocking_t::possibly_t) const {
    return BasicSimExecutor(*context_, true);
  }

  template <class F>
  void execute(F function) const {
    if (may_run_inside_ && context_->runs_now()) {
      F moved = std::move(function);
      std::move(moved)();
      return;
    }
    context_->post(SimContext::make_job(std::move(function)));
  }

  friend bool operator==(const BasicSimExecutor& a, const BasicSimExecutor& b) noexcept {
    return a.context_ == b.context_ && a.may_run_inside_ == b.may_run_inside_;
  }
  friend bool operator!=(const BasicSimExecutor& a, const BasicSimExecutor& b) noexcept {
    return !(a == b);
  }

 private:
  Context* context_;
  bool may_run_inside_;
};
using SimExecutor = BasicSimExecutor<SimContext>;

// Virtual time. The wall clock starts at `base` and can be shifted against the steady one. Those
// who sleep by it belong to `owner`.
class SimClock final : public Clock {
 public:
  SimClock(SimContext& context, WallTime base, SimContext::Owner owner = 0)
      : context_(context), base_(base), owner_(owner) {}

  SteadyTime steady_now() const override { return context_.now(); }
  WallTime wall_now() const override { return base_ + context_.now(); }
  Task<void> sleep(std::chrono::nanoseconds duration) override;

  void shift_wall(std::chrono::nanoseconds shift) { base_ += shift; }

 private:
  SimContext& context_;
  WallTime base_;
  const SimContext::Owner owner_;
};

template <class F>
std::unique_ptr<SimContext::Job> SimContext::make_job(F function) {
  struct JobOf final : Job {
    explicit JobOf(F its_function) : function(std::move(its_function)) {}
    void run() override {
      F moved = std::move(function);
      std::move(moved)();
    }
    F function;
  };
  return std::make_unique<JobOf>(std::move(function));
}

}  // namespace clickdeploy::simulation
