// Arguments as text, for the two places on a server where an argument list cannot be given as one.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::agents {

// An assignment in a systemd EnvironmentFile, with its line break. systemd takes the value apart
// again where a unit says $NAME, with quotes and backslashes respected, so it is escaped twice.
std::string environment_assignment(std::string_view name, const std::vector<std::string>& words);

// The value of a unit's ExecStart=.
std::string exec_start(const std::vector<std::string>& argv);

}  // namespace clickdeploy::agents
