// Controller: takes keys from a queue and reconciles them. Manager: starts controllers once the
// caches they read are full.
//
// The outcome of a reconcile is a queue action, decided here alone:
//   error that may be retried   → again after the key's backoff
//   error that may not          → again after `terminal_retry`: clouds heal, and a spec change is
//                                 a new event anyway
//   requeue_after               → forget the failures, again after that long
//   done                        → forget the failures
// Each outcome is one log line with kind, key, result and duration.

#pragma once

#include "controller/async/clock.h"
#include "controller/async/task_group.h"
#include "controller/runtime/work_queue.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::runtime {

struct ReconcileResult {
  std::optional<std::chrono::milliseconds> requeue_after;
};

class Reconciler {
 public:
  virtual ~Reconciler() = default;

  // Brings the world one step closer to the object of this key. Called with one key at a time,
  // again and again, with anything half done. An object that is gone is a success.
  virtual Task<Result<ReconcileResult>> reconcile(ObjectKey key) = 0;
};

// Told when a reconcile begins and when it has ended. One that is cancelled does not end.
class ReconcileObserver {
 public:
  virtual ~ReconcileObserver() = default;
  virtual void begins(const std::string& controller, const ObjectKey& key) = 0;
  virtual void ended(const std::string& controller, const ObjectKey& key) = 0;
};

struct ControllerOptions {
  std::string name;  // of the kind; for logs
  std::size_t workers = 4;
  Backoff backoff{.first = std::chrono::milliseconds(500),
                  .longest = std::chrono::milliseconds(300'000),
                  .factor = 2.0,
                  .jitter = 0.2};
  std::chrono::milliseconds terminal_retry{300'000};
  ReconcileObserver* observer = nullptr;  // outlives the controller; may be null
};

struct ControllerCounts {
  std::uint64_t reconciles = 0;
  std::uint64_t errors = 0;
};

class Controller {
 public:
  Controller(ControllerOptions options, Reconciler& reconciler, Clock& clock, Random& random);

  WorkQueue& queue() { return queue_; }
  const ControllerCounts& counts() const { return counts_; }
  const std::string& name() const { return options_.name; }
  std::size_t workers() const { return options_.workers; }

  // Starts the workers and the queue's clock.
  void start(TaskGroup& tasks);

 private:
  Task<void> work();
  void finish(const ObjectKey& key, const Result<ReconcileResult>& result, SteadyTime began);

  ControllerOptions options_;
  Reconciler& reconciler_;
  Clock& clock_;
  WorkQueue queue_;
  ControllerCounts counts_;
};

}  // namespace clickdeploy::runtime
