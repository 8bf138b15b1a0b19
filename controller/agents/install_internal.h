// What one agent adds to the cloud-config, for each of the three ways to install it.

#pragma once

#include "controller/agents/agent.h"
#include "controller/agents/cloud_init.h"
#include "controller/agents/web_config.h"
#include "controller/base/json.h"

#include <string>
#include <string_view>

namespace clickdeploy::agents {

// The three lists of a cloud-config that we add to.
struct CloudConfigParts {
  Json packages = Json::array();
  Json write_files = Json::array();
  Json runcmd = Json::array();
};

// Runs one step and tells its outcome: step.sh NAME COMMAND...
inline constexpr std::string_view kStep = "/var/lib/click-deploy/step.sh";
Json step_file();

// Of Caddy. A user's own one is left as it is.
inline constexpr std::string_view kCaddyfile = "/etc/caddy/Caddyfile";

// What all agents of the input add. The user's own configuration has no part in it.
Result<CloudConfigParts> agent_parts(const UserDataInput& input);

// Refuses, with the field's name, what could not be told to a server safely or would not run:
// unknown names, methods the agent does not have, bad images, addresses, sums and arguments.
Result<void> validate_agent(const Agent& agent);

// `agent` has been validated. `identity` is told by node-exporter's textfile collector.
void add_agent(CloudConfigParts& parts, const Agent& agent, const AgentLock& lock,
               const std::string& identity);

// In the text format: which Instance the server was made for, and with which settings its agents
// are installed.
std::string identity_text(const std::string& instance_uid, const std::vector<Agent>& agents);

}  // namespace clickdeploy::agents
