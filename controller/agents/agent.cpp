#include "controller/agents/agent.h"

#include <algorithm>
#include <array>

namespace clickdeploy::agents {

const CatalogEntry* find_catalog_entry(const std::string& name) {
  static const std::array<CatalogEntry, 2> kCatalog = {
      CatalogEntry{.name = "node-exporter",
                   .default_port = 9100,
                   .default_image = "quay.io/prometheus/node-exporter",
                   .default_version = "v1.5.0",
                   .package = "prometheus-node-exporter",
                   .build_info_metric = "node_exporter_build_info",
                   .version_label = "version",
                   .binary = "node_exporter"},
      CatalogEntry{.name = "cadvisor",
                   .default_port = 8080,
                   .default_image = "gcr.io/cadvisor/cadvisor",
                   .default_version = "v0.47.0",
                   .package = "",
                   .build_info_metric = "cadvisor_version_info",
                   .version_label = "cadvisorVersion",
                   .binary = "cadvisor"}};
  const auto found = std::ranges::find(kCatalog, name, &CatalogEntry::name);
  return found == kCatalog.end() ? nullptr : &*found;
}

}  // namespace clickdeploy::agents
