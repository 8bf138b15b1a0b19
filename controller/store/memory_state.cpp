#include "controller/base/planted.h"
#include "controller/store/memory_state_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <ranges>
#include <utility>

namespace clickdeploy::store {
namespace {

// Events looked at while the lock is held.
constexpr Revision kScanEvents = 1024;

Error expired(Revision revision, Revision oldest) {
  return Error(
      ErrorCode::Expired,
      fmt::format("revision {} is compacted away; the oldest kept is {}", revision, oldest));
}

}  // namespace

void put(DocumentSet& documents, DocumentPtr document) {
  const auto at = documents.lower_bound(document);
  if (at == documents.end() || document->key < (*at)->key) {
    documents.insert(at, std::move(document));
    return;
  }
  const auto next = std::next(at);
  auto node = documents.extract(at);
  node.value() = std::move(document);
  documents.insert(next, std::move(node));
}

void remove(DocumentSet& documents, const Key& key) {
  const auto at = documents.find(key);
  if (at != documents.end()) documents.erase(at);
}

MemoryState::MemoryState(DocumentSet documents, EventLog log)
    : documents_(std::move(documents)), log_(std::move(log)) {
  for (const DocumentPtr& document : documents_) index_owners(document);
}

DocumentPtr MemoryState::get(const Key& key) const {
  std::shared_lock lock(mutex_);
  auto found = documents_.find(key);
  return found == documents_.end() ? nullptr : *found;
}

ListResult MemoryState::list(const std::string& resource,
                             const std::optional<std::string>& namespace_name) const {
  const Key first{resource, namespace_name.value_or(""), ""};
  ListResult result;
  std::shared_lock lock(mutex_);
  result.revision = log_.newest();
  for (auto at = documents_.lower_bound(first); at != documents_.end(); ++at) {
    const Key& key = (*at)->key;
    if (key.resource != resource) break;
    if (namespace_name && key.namespace_name != *namespace_name) break;
    result.documents.push_back(*at);
  }
  return result;
}

Result<ListResult> MemoryState::list_at(const std::string& resource,
                                        const std::optional<std::string>& namespace_name,
                                        Revision revision) const {
  ListResult result = list(resource, namespace_name);
  if (revision > result.revision) {
    return fail(
        ErrorCode::InvalidArgument,
        fmt::format("revision {} is in the future; the newest is {}", revision, result.revision));
  }
  std::vector<Event> later;
  Revision position = revision;
  do {
    Result<Revision> scanned = scan(resource, position, result.revision, SIZE_MAX, later);
    if (!scanned) return std::unexpected(std::move(scanned).error());
    position = *scanned;
  } while (position < result.revision);

  DocumentSet documents(result.documents.begin(), result.documents.end());
  for (const Event& event : std::views::reverse(later)) {
    const Key& key = event.document->key;
    if (namespace_name && key.namespace_name != *namespace_name) continue;
    if (event.previous) {
      put(documents, event.previous);
    } else {
      remove(documents, key);
    }
  }
  result.revision = revision;
  result.documents.assign(documents.begin(), documents.end());
  return result;
}

std::vector<DocumentPtr> MemoryState::list_owned(const std::string& owner_uid) const {
  std::shared_lock lock(mutex_);
  auto found = owned_.find(owner_uid);
  if (found == owned_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

Revision MemoryState::revision() const {
  std::shared_lock lock(mutex_);
  return log_.newest();
}

Revision MemoryState::oldest() const {
  std::shared_lock lock(mutex_);
  return log_.oldest();
}

Result<Revision> MemoryState::scan(const std::string& resource, Revision from, Revision until,
                                   std::size_t events_max, std::vector<Event>& events) const {
  std::shared_lock lock(mutex_);
  if (planted(Bug::SilentCompaction)) from = std::max(from, log_.oldest());
  if (from < log_.oldest()) return std::unexpected(expired(from, log_.oldest()));
  const Revision last = std::min({until, log_.newest(), from + kScanEvents});
  Revision position = from;
  while (position < last && events.size() < events_max) {
    const Event& event = log_.at(++position);
    if (resource.empty() || event.document->key.resource == resource) events.push_back(event);
  }
  return position;
}

void MemoryState::publish(std::vector<Event> events) {
  std::vector<Event> dropped;  // freed after the lock
  {
    std::unique_lock lock(mutex_);
    for (Event& event : events) {
      if (event.previous) unindex_owners(*event.previous);
      if (event.type == EventType::Deleted) {
        remove(documents_, event.document->key);
      } else {
        put(documents_, event.document);
        index_owners(event.document);
      }
      log_.append(std::move(event));
    }
    dropped = log_.trim();
  }
  changed_.notify();
}

void MemoryState::stop() {
  {
    std::unique_lock lock(mutex_);
    stopped_ = true;
  }
  changed_.notify();
}

bool MemoryState::is_stopped() const {
  std::shared_lock lock(mutex_);
  return stopped_;
}

void MemoryState::index_owners(const DocumentPtr& document) {
  for (const std::string& uid : document->facts.owner_uids) put(owned_[uid], document);
}

void MemoryState::unindex_owners(const Document& document) {
  for (const std::string& uid : document.facts.owner_uids) {
    auto found = owned_.find(uid);
    if (found == owned_.end()) continue;  // the same owner named twice
    remove(found->second, document.key);
    if (found->second.empty()) owned_.erase(found);
  }
}

}  // namespace clickdeploy::store
