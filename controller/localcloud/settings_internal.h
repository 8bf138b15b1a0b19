// The flags of the program `localcloud`.

#pragma once

#include "controller/localcloud/cloud.h"

#include <cstdint>
#include <optional>
#include <string>

namespace clickdeploy::localcloud {

struct Settings {
  CloudOptions cloud;
  std::string address = "127.0.0.1";
  std::uint16_t port = 8774;
  std::string state_file;
  std::string guests = "process";
  std::string guests_folder;
  std::string rootfs;  // of container guests
  std::string exporter = "/usr/bin/prometheus-node-exporter";
  std::string clouds_file;
  bool verbose = false;
};

// nullopt: the exit code to end with (help, or a bad flag, already printed).
struct ParsedSettings {
  std::optional<Settings> settings;
  int exit_code = 0;
};
ParsedSettings parse_settings(int argc, char** argv);

// The clouds.yaml that fits: the clouds "localcloud", "localcloud-appcred" and "localcloud-admin".
std::string clouds_yaml(const Cloud& cloud, const std::string& base_url);

}  // namespace clickdeploy::localcloud
