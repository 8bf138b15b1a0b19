// What an agent is asked to be, compared with what it tells of itself. Pure.

#pragma once

#include "controller/agents/agent.h"

#include <map>
#include <string>
#include <string_view>

namespace clickdeploy::agents {

// Told by node_exporter for each agent that our cloud-config has installed:
// click_deploy_agent_config{agent="cadvisor", config="1f2e3d4c"}.
inline constexpr std::string_view kAgentConfigMetric = "click_deploy_agent_config";

// The version that the agent is to run; "" if any will do, and for a tag that is no version
// ("latest").
std::string wanted_version(const Agent& agent);

// Is what runs the version that is wanted? A wanted "1.5" is every 1.5.x, and the revision of a
// package ("1.5.0-1+b6") is not told by programs. A leading v is nothing.
bool is_version(std::string_view told, std::string_view wanted);

// Eight hexadecimal digits of how the agent is installed and started. What is not set has no part
// in it, so that settings of later versions of Click Deploy change nothing.
std::string settings_mark(const Agent& agent);

// The version in `*_build_info`, or wherever the catalog says; "" if the agent does not tell it. Of
// one that the catalog does not know, the metric that begins with its name or binary, or else the
// only one there is: not go_build_info, which tells of a library's main module, if at all.
std::string told_version(std::string_view exposition, const Agent& agent);

// Marks of the settings that agents were installed with, by their names.
std::map<std::string, std::string> told_settings(std::string_view exposition);

}  // namespace clickdeploy::agents
