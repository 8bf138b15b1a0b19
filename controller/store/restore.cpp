#include "controller/store/restore_internal.h"

#include <fmt/format.h>

#include <map>
#include <ranges>
#include <utility>

namespace clickdeploy::store {
namespace {

using Documents = std::map<Key, DocumentPtr>;

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

Result<void> check_revisions(const StoredState& stored) {
  const Revision newest = stored.events.empty() ? 0 : stored.events.back().revision;
  if (newest != stored.revision) return contradiction(stored.revision, "is not the log's newest");
  for (std::size_t i = 1; i < stored.events.size(); ++i) {
    if (stored.events[i].revision != stored.events[i - 1].revision + 1) {
      return contradiction(stored.events[i].revision, "does not follow the one before");
    }
  }
  for (const StoredDocument& document : stored.documents) {
    if (document.revision > newest) return contradiction(document.revision, "is in the future");
  }
  return {};
}

// Undoes one event in `state`, and returns it with the documents on both sides of it.
Result<Event> undo(StoredEvent& row, Documents& state, const FactsReader& facts) {
  Event event{row.type, nullptr, nullptr};
  auto current = state.find(row.key);
  if (row.type == EventType::Deleted) {
    if (current != state.end()) return contradiction(row.revision, "deletes what exists before it");
    Result<DocumentPtr> last =
        make_document(row.key, row.revision, std::move(row.final_bytes), facts);
    if (!last) return std::unexpected(std::move(last).error());
    event.document = *std::move(last);
  } else {
    if (current == state.end() || current->second->revision != row.revision) {
      return contradiction(row.revision, "is in the log but not among the documents");
    }
    event.document = current->second;
  }
  if (row.type == EventType::Added) {
    state.erase(current);
    return event;
  }
  Result<DocumentPtr> previous =
      make_document(row.key, row.previous_revision, std::move(row.previous_bytes), facts);
  if (!previous) return std::unexpected(std::move(previous).error());
  event.previous = *std::move(previous);
  state[row.key] = event.previous;
  return event;
}

}  // namespace

Result<std::unique_ptr<MemoryState>> restore(StoredState stored, const FactsReader& facts,
                                             LogBounds bounds) {
  Result<void> ordered = check_revisions(stored);
  if (!ordered) return std::unexpected(std::move(ordered).error());

  Documents documents;
  for (StoredDocument& row : stored.documents) {
    Key key = row.key;
    Result<DocumentPtr> document =
        make_document(std::move(row.key), row.revision, std::move(row.bytes), facts);
    if (!document) return std::unexpected(std::move(document).error());
    documents.emplace(std::move(key), *std::move(document));
  }

  Documents past = documents;
  std::vector<Event> events;  // newest first
  for (StoredEvent& row : std::views::reverse(stored.events)) {
    Result<Event> event = undo(row, past, facts);
    if (!event) return std::unexpected(std::move(event).error());
    events.push_back(*std::move(event));
  }
  EventLog log(bounds, stored.revision - events.size());
  for (Event& event : std::views::reverse(events)) log.append(std::move(event));
  log.trim();
  return std::make_unique<MemoryState>(std::move(documents), std::move(log));
}

}  // namespace clickdeploy::store
