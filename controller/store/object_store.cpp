#include "controller/store/object_store.h"

#include "controller/store/commit_queue_internal.h"
#include "controller/store/database_internal.h"
#include "controller/store/memory_state_internal.h"
#include "controller/store/restore_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

namespace clickdeploy::store {
namespace {

// A cursor into the shared log: a watcher that nobody reads costs nothing.
class LogWatch final : public Watch {
 public:
  LogWatch(std::shared_ptr<MemoryState> state, std::string resource, Revision from)
      : state_(std::move(state)), resource_(std::move(resource)), position_(from) {}

  Task<Result<std::vector<Event>>> next(std::size_t events_max) override {
    for (;;) {
      const std::uint64_t seen = state_->changed().version();
      const bool stopped = state_->is_stopped();
      Result<std::vector<Event>> events = take(std::max<std::size_t>(events_max, 1));
      if (!events || !events->empty()) co_return events;
      if (stopped) co_return fail(ErrorCode::Cancelled, "the store is stopping");
      co_await state_->changed().wait(seen);
    }
  }

  Revision position() const override { return position_; }

 private:
  // What there is; empty if nothing is.
  Result<std::vector<Event>> take(std::size_t events_max) {
    std::vector<Event> events;
    for (;;) {
      Result<Revision> scanned =
          state_->scan(resource_, position_, kNoRevision, events_max, events);
      if (!scanned && events.empty()) return std::unexpected(std::move(scanned).error());
      if (!scanned || *scanned == position_) return events;
      position_ = *scanned;
      if (events.size() >= events_max) return events;
    }
  }

  static constexpr Revision kNoRevision = UINT64_MAX;

  const std::shared_ptr<MemoryState> state_;
  const std::string resource_;
  std::atomic<Revision> position_;  // read by others for bookmarks
};

class SqliteObjectStore final : public ObjectStore {
 public:
  SqliteObjectStore(std::shared_ptr<MemoryState> state, std::shared_ptr<CommitQueue> queue,
                    std::string cluster_id)
      : state_(std::move(state)), queue_(std::move(queue)), cluster_id_(std::move(cluster_id)) {}

  Task<Result<DocumentPtr>> commit(Write write) override {
    return queue_->commit(std::move(write));
  }

  DocumentPtr get(const Key& key) const override { return state_->get(key); }

  ListResult list(const std::string& resource,
                  const std::optional<std::string>& namespace_name) const override {
    return state_->list(resource, namespace_name);
  }

  Result<ListResult> list_at(const std::string& resource,
                             const std::optional<std::string>& namespace_name,
                             Revision revision) const override {
    return state_->list_at(resource, namespace_name, revision);
  }

  std::vector<DocumentPtr> list_owned(const std::string& owner_uid) const override {
    return state_->list_owned(owner_uid);
  }

  Revision revision() const override { return state_->revision(); }
  Revision oldest_revision() const override { return state_->oldest(); }

  Result<std::unique_ptr<Watch>> watch(const std::string& resource, Revision from) override {
    std::vector<Event> none;
    Result<Revision> reached = state_->scan(resource, from, from, 0, none);
    if (!reached) return std::unexpected(std::move(reached).error());
    const Revision newest = state_->revision();
    if (from > newest) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("revision {} is in the future; the newest is {}", from, newest));
    }
    return std::make_unique<LogWatch>(state_, resource, from);
  }

  const std::string& cluster_id() const override { return cluster_id_; }

  Task<void> stop() override {
    co_await queue_->stop();
    state_->stop();
  }

 private:
  const std::shared_ptr<MemoryState> state_;
  const std::shared_ptr<CommitQueue> queue_;
  const std::string cluster_id_;
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> ObjectStore::open(StoreOptions options, FactsReader facts) {
  Result<std::unique_ptr<Database>> opened = Database::open(options.path, options.vfs);
  if (!opened) return std::unexpected(std::move(opened).error().with_context("open the store"));
  std::unique_ptr<Database> database = *std::move(opened);

  const LogBounds bounds{options.log_events_max, options.log_bytes_max};
  Result<Restored> restored = restore(*database, facts, bounds);
  if (!restored) {
    return std::unexpected(
        std::move(restored).error().with_context("open the store " + options.path));
  }
  Result<void> trusted = database->trust();
  if (!trusted) return std::unexpected(std::move(trusted).error().with_context("open the store"));

  const CommitLimits limits{std::max<std::size_t>(options.queue_max, 1),
                            std::max<std::size_t>(options.batch_max, 1),
                            std::max<std::size_t>(options.compact_batch, 1)};
  std::string cluster_id = database->cluster_id();
  std::shared_ptr<MemoryState> state = std::move(restored->state);
  auto queue = std::make_shared<CommitQueue>(options.writer, limits, state, std::move(database),
                                             restored->logged_from);
  return std::make_unique<SqliteObjectStore>(std::move(state), std::move(queue),
                                             std::move(cluster_id));
}

}  // namespace clickdeploy::store
