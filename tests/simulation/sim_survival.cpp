#include "tests/simulation/sim_survival.h"

#include "api/scheme.h"

#include <fmt/format.h>

#include <map>

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

std::string text_of(const store::Key& key) {
  return fmt::format("{} {}/{}", key.resource, key.namespace_name, key.name);
}

}  // namespace

void check_survival(const store::ObjectStore& before, const store::ObjectStore& after,
                    Report& report) {
  const store::Revision acknowledged = before.revision();
  if (after.revision() < acknowledged) {
    report.add(
        "S7", fmt::format("the store is at {} after it was at {}", after.revision(), acknowledged));
  }
  const bool more = after.revision() > acknowledged;  // writes that nobody was told of
  const Documents old = documents_of(before);
  const Documents now = documents_of(after);
  for (const auto& [key, document] : old) {
    const auto found = now.find(key);
    if (found == now.end()) {
      if (!more) report.add("S10", text_of(key) + " is gone");
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
