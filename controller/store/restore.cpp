#include "controller/store/restore_internal.h"

#include <fmt/format.h>

#include <ranges>
#include <utility>
#include <vector>

namespace clickdeploy::store {
namespace {

std::unexpected<Error> contradiction(Revision revision, std::string_view what) {
  return fail(ErrorCode::Internal,
              fmt::format("the database is damaged: revision {} {}; restore it from a backup",
                          revision, what));
}

Result<DocumentPtr> make_document(Key key, Revision revision, std::string bytes,
                                  const FactsReader& read_facts) {
  Result<Facts> facts = read_facts(key, bytes);
  if (!facts) {
    return std::unexpected(std::move(facts).error().with_context(
        fmt::format("read the stored document at revision {} ({} {}/{})", revision, key.resource,
                    key.namespace_name, key.name)));
  }
  auto document = std::make_shared<Document>();
  document->key = std::move(key);
  document->revision = revision;
  document->facts = *std::move(facts);
  document->bytes = std::move(bytes);
  return DocumentPtr(std::move(document));
}

// Walks back from the newest state, one log row at a time.
class Restoration {
 public:
  Restoration(Revision revision, const FactsReader& facts)
      : facts_(facts), revision_(revision), next_(revision) {}

  Result<void> add(StoredDocument row) {
    if (row.revision > revision_) return contradiction(row.revision, "is in the future");
    Result<DocumentPtr> document =
        make_document(std::move(row.key), row.revision, std::move(row.bytes), facts_);
    if (!document) return std::unexpected(std::move(document).error());
    documents_.insert(documents_.end(), *std::move(document));
    return {};
  }

  // After the last document. `row` is the newest of those that were not undone yet.
  Result<void> undo(StoredEvent row) {
    if (row.revision != next_) {
      return contradiction(
          next_, next_ == revision_ ? "is not the log's newest" : "is missing in the log");
    }
    if (next_-- == revision_) past_ = documents_;
    Event event{row.type, nullptr, nullptr};
    Result<void> done = undo(row, event);
    if (done) events_.push_back(std::move(event));
    return done;
  }

  Result<Restored> finish(LogBounds bounds) && {
    if (events_.empty() && revision_ != 0) {
      return contradiction(revision_, "is not the log's newest");
    }
    EventLog log(bounds, next_);
    for (Event& event : std::views::reverse(events_)) log.append(std::move(event));
    log.trim();
    return Restored{std::make_unique<MemoryState>(std::move(documents_), std::move(log)), next_};
  }

 private:
  // Undoes one event in `past_`, and fills in the documents on both sides of it.
  Result<void> undo(StoredEvent& row, Event& event) {
    const auto current = past_.find(row.key);
    if (row.type == EventType::Deleted) {
      if (current != past_.end()) {
        return contradiction(row.revision, "deletes what exists after it");
      }
      Result<DocumentPtr> last =
          make_document(row.key, row.revision, std::move(row.final_bytes), facts_);
      if (!last) return std::unexpected(std::move(last).error());
      event.document = *std::move(last);
    } else {
      if (current == past_.end() || (*current)->revision != row.revision) {
        return contradiction(row.revision, "is in the log but not among the documents");
      }
      event.document = *current;
    }
    if (row.type == EventType::Added) {
      past_.erase(current);
      return {};
    }
    Result<DocumentPtr> previous = make_document(std::move(row.key), row.previous_revision,
                                                 std::move(row.previous_bytes), facts_);
    if (!previous) return std::unexpected(std::move(previous).error());
    event.previous = *std::move(previous);
    put(past_, event.previous);
    return {};
  }

  const FactsReader& facts_;
  const Revision revision_;
  Revision next_;  // to be undone
  DocumentSet documents_;
  DocumentSet past_;
  std::vector<Event> events_;  // newest first
};

}  // namespace

Result<Restored> restore(Database& database, const FactsReader& facts, LogBounds bounds) {
  Result<Revision> revision = database.read_revision();
  if (!revision) return std::unexpected(std::move(revision).error());
  Restoration restoration(*revision, facts);
  Result<void> read =
      database.read_documents([&](StoredDocument row) { return restoration.add(std::move(row)); });
  if (read) {
    read = database.read_events([&](StoredEvent row) { return restoration.undo(std::move(row)); });
  }
  if (!read) return std::unexpected(std::move(read).error());
  return std::move(restoration).finish(bounds);
}

}  // namespace clickdeploy::store
