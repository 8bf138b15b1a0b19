// The constant parts of the scripts for machines.

#pragma once

#include <string>
#include <string_view>

namespace clickdeploy::agents {

// Functions that the scripts begin with, and that installing and removing share.
extern const std::string_view kMachineFunctions;

// A script of its own on the machine: install-packages.sh NAME[=VERSION]...
inline constexpr std::string_view kInstallPackages = "/var/lib/click-deploy/install-packages.sh";
extern const std::string_view kInstallPackagesText;

// One word, whatever is in it.
std::string sh_quote(std::string_view text);

}  // namespace clickdeploy::agents
