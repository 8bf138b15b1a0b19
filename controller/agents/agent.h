// The agents that can be installed on a server, and how each is installed.

#pragma once

#include "controller/base/error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::agents {

// Prebuilt: the image of the server brings the agent along. None: somebody else installs it.
enum class InstallMethod : std::uint8_t { Container, Package, Archive, Prebuilt, None };

struct Install {
  InstallMethod method = InstallMethod::Package;
  std::string image;    // Container; "" is the catalog's, with the version as tag
  std::string url;      // Archive
  std::string sha256;   // Archive
  std::string package;  // Package, of an agent that the catalog does not know
  std::string binary;   // Archive, likewise
  std::string unit;     // Prebuilt and None: systemd's

  bool operator==(const Install&) const = default;
};

struct Agent {
  std::string name;  // one of the catalog, or one of the user's own
  Install install;
  std::string version;  // "" is whatever the method brings
  std::uint16_t port = 0;
  std::string path;  // of its metrics; "" is the catalog's
  std::vector<std::string> extra_args;
  std::int64_t memory_mib = 0;  // 0: the catalog's limit, or none
  std::string cpus;             // "0.5"; "" is no limit
  bool tls = false;
  std::string certificate_secret;  // names of Secrets: which they are, not what is in them
  std::string basic_secret;

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
  bool tells_identity = false;  // says click_deploy_agent_info
};
const CatalogEntry* find_catalog_entry(const std::string& name);

// What is known of an agent, be it of the catalog or one of the user's own.
CatalogEntry describe(const Agent& agent);

// Does it ask for a password, or speak TLS?
bool is_locked(const Agent& agent);

// What runs it, as RestartAgent needs it: ["systemctl", "restart", UNIT] or ["docker", "restart",
// …]. Empty if that is not known.
std::vector<std::string> restart_command(const Agent& agent);

}  // namespace clickdeploy::agents
