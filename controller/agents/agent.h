// The agents that can be installed on a server, and how each is installed.

#pragma once

#include "controller/base/error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::agents {

enum class InstallMethod : std::uint8_t { Container, Package, Archive };

struct Install {
  InstallMethod method = InstallMethod::Package;
  std::string image;   // Container; "" is the catalog's, with the version as tag
  std::string url;     // Archive
  std::string sha256;  // Archive

  bool operator==(const Install&) const = default;
};

struct Agent {
  std::string name;  // "node-exporter" | "cadvisor"
  Install install;
  std::string version;  // "" is whatever the method brings
  std::uint16_t port = 0;
  std::vector<std::string> extra_args;

  bool operator==(const Agent&) const = default;
};

// Facts of the catalog; nullptr for a name it does not know.
struct CatalogEntry {
  std::string name;
  std::uint16_t default_port = 0;
  std::string default_image;              // without tag
  std::string default_version;            // the tag for containers
  std::string package;                    // Debian's; "" if there is none
  std::string build_info_metric;          // node_exporter_build_info
  std::string version_label = "version";  // of that metric
  std::string binary;                     // its name in an archive
  std::string metrics_path = "/metrics";
};
const CatalogEntry* find_catalog_entry(const std::string& name);

}  // namespace clickdeploy::agents
