// WorkQueue: keys that want a reconcile. A key is in it at most once, and with one worker at a
// time: a key added while it is being worked on runs again afterwards.
//
// What happened to the object is not remembered; only the key is. Failures of a key are counted for
// its backoff until forget().
//
// Bound: it holds no more keys than there are objects. Threads: one executor's. Lifetime: every
// take() and sleeper must have unwound before it is destroyed.

#pragma once

#include "api/meta/object_meta.h"
#include "controller/async/clock.h"
#include "controller/async/random.h"
#include "controller/async/signal.h"
#include "controller/async/task.h"
#include "controller/async/task_group.h"
#include "controller/base/backoff.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>

namespace clickdeploy::runtime {

using api::ObjectKey;

class WorkQueue {
 public:
  WorkQueue(Clock& clock, Random& random, Backoff backoff);

  void add(const ObjectKey& key);
  // At the earliest of all the times asked for; add() is sooner than any.
  void add_after(const ObjectKey& key, std::chrono::nanoseconds delay);
  // After the key's backoff, which grows with each call until forget(). Returns the wait.
  std::chrono::milliseconds add_rate_limited(const ObjectKey& key);
  void forget(const ObjectKey& key);
  std::uint32_t failures(const ObjectKey& key) const;

  // The next key; it is being worked on until done().
  Task<ObjectKey> take();
  void done(const ObjectKey& key);

  // Lets delayed keys become ready, by sleepers in `tasks`, which outlives the queue's use.
  void start(TaskGroup& tasks);

  std::size_t ready() const { return ready_.size(); }
  std::size_t working() const { return working_.size(); }
  std::size_t delayed() const { return due_of_.size(); }
  // For how long the first ready key has waited for a worker; 0 if none does.
  std::chrono::nanoseconds oldest_wait() const {
    return ready_.empty() ? std::chrono::nanoseconds{} : clock_.steady_now() - ready_.front().since;
  }

 private:
  struct Ready {
    ObjectKey key;
    SteadyTime since{};
  };

  void make_ready(const ObjectKey& key);
  void push_ready(const ObjectKey& key);
  void drop_delay(const ObjectKey& key);
  void schedule_wake();
  Task<void> wake_at(SteadyTime due);

  Clock& clock_;
  Random& random_;
  Backoff backoff_;

  std::deque<Ready> ready_;      // in order of arrival; each also in waiting_
  std::set<ObjectKey> waiting_;  // added since it was last taken
  std::set<ObjectKey> working_;
  std::set<std::pair<SteadyTime, ObjectKey>> delays_;
  std::map<ObjectKey, SteadyTime> due_of_;
  std::map<ObjectKey, std::uint32_t> failures_;
  Signal changed_;  // a key became ready
  TaskGroup* tasks_ = nullptr;
  std::set<SteadyTime> wakes_;  // of the sleepers
};

}  // namespace clickdeploy::runtime
