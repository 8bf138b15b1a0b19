// What a server's user data asks for, as far as a guest without a machine of its own can do it.
//
// Understood of a "#cloud-config": write_files (plain and base64), packages, and of runcmd the
// commands that start node_exporter: by Debian's package, by a systemd unit among the files that is
// started, or by `docker run`, also from a script among the files. Everything else is reported.

#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::localcloud {

struct GuestFile {
  std::string path;  // absolute, without ".."
  std::string content;
  unsigned mode = 0644;
};

// A node_exporter that the user data starts.
struct ExporterPlan {
  std::vector<std::string> arguments;  // as the user data gives them
  // Of a container: its folders and the guest's folders behind them.
  std::map<std::string, std::string> mounts;
  bool survives_reboot = true;
};

struct GuestPlan {
  std::vector<GuestFile> files;
  std::optional<ExporterPlan> exporter;
  std::vector<std::string> console;  // lines about what was done and what was left out
  // Paths of a certificate and its key that the controller's script makes; "" if it makes none.
  std::string certificate;
  std::string key;
  std::string check_step;  // of the controller's, that looks whether the exporter stays; "" if none
};

GuestPlan plan_guest(std::string_view user_data);

}  // namespace clickdeploy::localcloud
