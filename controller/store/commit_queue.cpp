#include "controller/async/run_on.h"
#include "controller/base/planted.h"
#include "controller/store/commit_queue_internal.h"
#include "controller/store/write_batch_internal.h"

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace clickdeploy::store {
namespace {

// Far beyond what any API accepts, and well below what SQLite can store in a row: one write must
// not be able to fail the others of its batch.
constexpr std::size_t kWriteBytesMax = 64u << 20;

// To a writer the database takes writes or does not; the message says why.
Error write_error(const Error& error) {
  return Error(ErrorCode::Unavailable, error.message());
}

}  // namespace

CommitQueue::CommitQueue(Executor writer, CommitLimits limits, std::shared_ptr<MemoryState> state,
                         std::unique_ptr<Database> database, Revision logged_from)
    : writer_(std::move(writer)),
      limits_(limits),
      state_(std::move(state)),
      database_(std::move(database)),
      logged_from_(logged_from) {}

Task<Result<DocumentPtr>> CommitQueue::commit(Write write) {
  if (write.before.size() + write.after.size() > kWriteBytesMax) {
    co_return fail(ErrorCode::InvalidArgument,
                   fmt::format("a document may have {} bytes at most", kWriteBytesMax));
  }
  auto ticket = std::make_shared<Ticket>();
  const std::uint64_t unset = ticket->done.version();
  Result<void> taken = push(Pending{std::move(write), ticket});
  if (!taken) co_return std::unexpected(std::move(taken).error());
  co_await ticket->done.wait(unset);
  co_return *std::move(ticket->result);
}

Result<void> CommitQueue::push(Pending pending) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return fail(ErrorCode::Cancelled, "the store is stopping");
    if (queue_.size() >= limits_.queue_max) {
      return fail(ErrorCode::ResourceExhausted,
                  fmt::format("{} writes are waiting already", queue_.size()));
    }
    queue_.push_back(std::move(pending));
    if (busy_) return {};
    busy_ = true;
  }
  schedule();
  return {};
}

void CommitQueue::schedule() {
  boost::asio::post(writer_, [self = shared_from_this()] { self->run_piece(); });
}

void CommitQueue::run_piece() {
  std::vector<Pending> batch = take_batch();
  const std::size_t written = batch.size();
  if (!batch.empty()) commit_batch(std::move(batch));
  const bool compact_more = compact(written);
  bool more = false;
  {
    std::lock_guard lock(mutex_);
    more = !queue_.empty() || compact_more;
    busy_ = more;
  }
  if (more) {
    schedule();
  } else {
    idle_.notify();
  }
}

std::vector<CommitQueue::Pending> CommitQueue::take_batch() {
  std::vector<Pending> batch;
  std::lock_guard lock(mutex_);
  while (!queue_.empty() && batch.size() < limits_.batch_max) {
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return batch;
}

void CommitQueue::commit_batch(std::vector<Pending> batch) {
  WriteBatch writes(*state_);
  std::vector<Result<DocumentPtr>> results;
  results.reserve(batch.size());
  for (Pending& pending : batch) results.push_back(writes.add(std::move(pending.write)));

  if (!writes.events().empty()) {
    Result<void> written = database_->write(writes.events());
    note_outcome(written);
    if (written || planted(Bug::WriteErrorIgnored)) {
      state_->publish(std::move(writes).take_events());
    } else {
      // Also those that were refused: they were judged by writes that did not happen.
      Error error = write_error(written.error());
      for (Result<DocumentPtr>& result : results) result = std::unexpected(error);
    }
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Ticket& ticket = *batch[i].ticket;
    ticket.result = std::move(results[i]);
    ticket.done.notify();
  }
}

bool CommitQueue::compact(std::size_t written) {
  const Revision target = state_->oldest();
  // Removes at least as much as was added, also where a batch is larger than a removal.
  for (std::size_t round = 0; round <= written / limits_.compact_batch; ++round) {
    if (target - logged_from_ < limits_.compact_batch) return false;
    const Revision last = logged_from_ + limits_.compact_batch;
    Result<void> removed = database_->remove_events(last);
    note_outcome(removed);
    if (!removed) return false;  // the next write tries again
    logged_from_ = last;
  }
  return target - logged_from_ >= limits_.compact_batch;
}

void CommitQueue::note_outcome(const Result<void>& outcome) {
  if (outcome && failing_) spdlog::info("Database accepts writes again");
  if (!outcome && !failing_)
    spdlog::error("Database refuses writes: {}", outcome.error().message());
  failing_ = !outcome;
}

Task<void> CommitQueue::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  for (;;) {
    const std::uint64_t seen = idle_.version();
    bool busy = false;
    {
      std::lock_guard lock(mutex_);
      busy = busy_;
    }
    if (!busy) break;
    co_await idle_.wait(seen);
  }
  auto close = [self = shared_from_this()] {
    self->database_.reset();
    return true;
  };
  const bool closed = co_await run_on(writer_, std::move(close));
  static_cast<void>(closed);
}

}  // namespace clickdeploy::store
