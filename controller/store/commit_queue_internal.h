// CommitQueue: writes wait here for the writer, which takes them in batches.
//
// An idle writer starts at once, so a single write is not delayed; what arrives while a transaction
// runs is the next batch. Each piece of work on the writer is short: one transaction, and one or a
// few bounded removals of old log rows.
//
// A transaction that fails fails its whole batch; memory does not change, its revisions are given
// to the next batch (nobody has seen them), and the queue goes on.
//
// Threads: any thread may commit. The database is touched on the writer only.

#pragma once

#include "controller/async/signal.h"
#include "controller/store/database_internal.h"
#include "controller/store/memory_state_internal.h"
#include "controller/store/object_store.h"

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace clickdeploy::store {

struct CommitLimits {
  std::size_t queue_max = 0;
  std::size_t batch_max = 0;
  std::size_t compact_batch = 0;
};

class CommitQueue : public std::enable_shared_from_this<CommitQueue> {
 public:
  // `logged_from` is the revision before the oldest row of the database's log.
  CommitQueue(Executor writer, CommitLimits limits, std::shared_ptr<MemoryState> state,
              std::unique_ptr<Database> database, Revision logged_from);

  // When the task is cancelled it unwinds at once; the write may be done all the same.
  Task<Result<DocumentPtr>> commit(Write write);

  // Refuses further writes, finishes those in flight, closes the database. Idempotent.
  Task<void> stop();

 private:
  // Shared with the coroutine that waits: either side may be gone first.
  struct Ticket {
    Signal done;
    std::optional<Result<DocumentPtr>> result;  // set before `done`
  };
  struct Pending {
    Write write;
    std::shared_ptr<Ticket> ticket;
  };

  Result<void> push(Pending pending);
  void schedule();
  void run_piece();
  std::vector<Pending> take_batch();
  void commit_batch(std::vector<Pending> batch);
  bool compact(std::size_t written);
  void note_outcome(const Result<void>& outcome);

  const Executor writer_;
  const CommitLimits limits_;
  const std::shared_ptr<MemoryState> state_;

  std::mutex mutex_;
  std::deque<Pending> queue_;
  bool busy_ = false;  // a piece is posted or running
  bool stopping_ = false;
  Signal idle_;

  // The writer's own.
  std::unique_ptr<Database> database_;
  Revision logged_from_;
  bool failing_ = false;
};

}  // namespace clickdeploy::store
