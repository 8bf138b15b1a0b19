#include "controller/agents/agent.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace clickdeploy::agents {

const CatalogEntry* find_catalog_entry(const std::string& name) {
  static const std::array<CatalogEntry, 3> kCatalog = {
      CatalogEntry{.name = "node-exporter",
                   .default_port = 9100,
                   .default_image = "quay.io/prometheus/node-exporter",
                   .default_version = "v1.5.0",
                   .package = "prometheus-node-exporter",
                   .build_info_metric = "node_exporter_build_info",
                   .version_label = "version",
                   .binary = "node_exporter",
                   .tells_identity = true},
      CatalogEntry{.name = "cadvisor",
                   .default_port = 8080,
                   .default_image = "gcr.io/cadvisor/cadvisor",
                   .default_version = "v0.47.0",
                   .package = "",
                   .build_info_metric = "cadvisor_version_info",
                   .version_label = "cadvisorVersion",
                   .binary = "cadvisor"},
      CatalogEntry{.name = "caddy",
                   .default_port = 2019,
                   .default_image = "docker.io/library/caddy",
                   .default_version = "2.6.2",
                   .package = "caddy",
                   .build_info_metric = "",
                   .binary = "caddy"}};
  const auto found = std::ranges::find(kCatalog, name, &CatalogEntry::name);
  return found == kCatalog.end() ? nullptr : &*found;
}

CatalogEntry describe(const Agent& agent) {
  if (const CatalogEntry* known = find_catalog_entry(agent.name)) {
    CatalogEntry entry = *known;
    if (!agent.path.empty()) entry.metrics_path = agent.path;
    return entry;
  }
  CatalogEntry own{.name = agent.name,
                   .default_port = agent.port,
                   .package = agent.install.package,
                   .binary = agent.install.binary.empty() ? agent.name : agent.install.binary};
  if (!agent.path.empty()) own.metrics_path = agent.path;
  return own;
}

bool is_locked(const Agent& agent) {
  return agent.tls || !agent.basic_secret.empty();
}

std::vector<std::string> restart_command(const Agent& agent) {
  switch (agent.install.method) {
    case InstallMethod::Container:
      return {"docker", "restart", "--time", "5", fmt::format("click-deploy-{}", agent.name)};
    case InstallMethod::Package:
      return {"systemctl", "restart", describe(agent).package};
    case InstallMethod::Archive:
      return {"systemctl", "restart", fmt::format("click-deploy-{}.service", agent.name)};
    case InstallMethod::Prebuilt:
    case InstallMethod::None:
      break;
  }
  // A pre-built image of ours has the package of the catalog.
  std::string unit = agent.install.unit;
  if (unit.empty() && agent.install.method == InstallMethod::Prebuilt) {
    unit = describe(agent).package;
  }
  if (unit.empty()) return {};
  return {"systemctl", "restart", unit};
}

}  // namespace clickdeploy::agents
