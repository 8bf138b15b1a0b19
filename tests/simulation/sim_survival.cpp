#include "tests/simulation/sim_survival.h"

#include "api/scheme.h"
#include "controller/async/block_on.h"

#include <fmt/format.h>

#include <map>
#include <set>

namespace clickdeploy::simulation {
namespace {

using Documents = std::map<store::Key, store::DocumentPtr>;

Documents documents_of(const store::ObjectStore& store) {
  Documents all;
  for (const api::ResourceInfo& info : api::builtin_scheme().resources()) {
    for (store::DocumentPtr& document : store.list(info.group_resource(), std::nullopt).documents) {
      all[document->key] = std::move(document);
    }
  }
  return all;
}

// What was deleted by writes that nobody was told of.
std::set<store::Key> deleted_since(store::ObjectStore& store, store::Revision acknowledged,
                                   Report& report) {
  constexpr std::size_t kEventsAtOnce = 1000;
  std::set<store::Key> keys;
  Result<std::unique_ptr<store::Watch>> watch = store.watch("", acknowledged);
  if (!watch) {
    report.add("S10",
               "the log does not reach to what was acknowledged: " + watch.error().message());
    return keys;
  }
  for (store::Revision at = acknowledged; at < store.revision();) {
    // There are events, so this does not wait.
    const Result<std::vector<store::Event>> events = block_on((*watch)->next(kEventsAtOnce));
    if (!events || events->empty()) {
      report.add("S10", fmt::format("the log breaks off at {}", at));
      return keys;
    }
    for (const store::Event& event : *events) {
      at = event.document->revision;
      if (event.type == store::EventType::Deleted) keys.insert(event.document->key);
    }
  }
  return keys;
}

std::string text_of(const store::Key& key) {
  return fmt::format("{} {}/{}", key.resource, key.namespace_name, key.name);
}

}  // namespace

void check_survival(const store::ObjectStore& before, store::ObjectStore& after, Report& report) {
  const store::Revision acknowledged = before.revision();
  if (after.revision() < acknowledged) {
    report.add(
        "S7", fmt::format("the store is at {} after it was at {}", after.revision(), acknowledged));
  }
  std::set<store::Key> deleted;
  if (after.revision() > acknowledged) deleted = deleted_since(after, acknowledged, report);
  const Documents old = documents_of(before);
  const Documents now = documents_of(after);
  for (const auto& [key, document] : old) {
    const auto found = now.find(key);
    if (found == now.end()) {
      if (!deleted.contains(key)) report.add("S10", text_of(key) + " is gone");
    } else if (found->second->revision <= acknowledged && found->second->bytes != document->bytes) {
      report.add("S10", text_of(key) + " is not as it was acknowledged");
    }
  }
  for (const auto& [key, document] : now) {
    if (!old.contains(key) && document->revision <= acknowledged) {
      report.add("S10", text_of(key) + " is back");
    }
  }
}

void check_published(const SimDisk& disk, const std::string& folder, Report& report) {
  for (const auto& [path, node] : disk.files()) {
    if (folder_of(path) != folder || path.ends_with(".tmp")) continue;
    if (disk.was_published(path, node->bytes)) continue;
    report.add("S12",
               fmt::format("{} has {} bytes that nobody published", path, node->bytes.size()));
  }
}

}  // namespace clickdeploy::simulation
