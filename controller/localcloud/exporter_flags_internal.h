// Turns the flags that a guest's node_exporter was given into flags for a real one on this machine.

#pragma once

#include "controller/localcloud/user_data_internal.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::localcloud {

// The flags that the program's --help names, without "--" and "no-".
std::set<std::string> parse_known_flags(std::string_view help);

struct ExporterSetting {
  std::string address;  // of the guest
  std::string root;     // the folder that stands for the guest's "/"
  const std::set<std::string>* known_flags = nullptr;
};

struct ExporterCommand {
  std::vector<std::string> arguments;
  std::vector<std::string> left_out;  // flags that this machine's program does not know
};

// The listen address keeps its port and gets the guest's host; files are looked for under the
// guest's root; /proc, /sys and / of a container's mounts are this machine's own. If the flags say
// nothing about collectors, a few cheap ones are chosen.
ExporterCommand exporter_command(const ExporterPlan& plan, const ExporterSetting& setting);

}  // namespace clickdeploy::localcloud
