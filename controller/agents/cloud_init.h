// User-data: the cloud-config that a new server gets, ours merged with the user's own.
//
// Built as data and printed as YAML (JSON values throughout), never by pasting strings. Every shell
// command is an argument list. Order: the user's write_files, packages and runcmd come first and
// stay whole; ours follow. A user's document that is not a #cloud-config mapping (a shell script,
// MIME) is InvalidArgument, and so is one whose keys we must merge but cannot (runcmd not a list).

#pragma once

#include "controller/agents/agent.h"
#include "controller/agents/web_config.h"

#include <map>
#include <string>
#include <vector>

namespace clickdeploy::agents {

struct UserDataInput {
  std::string instance_uid;  // told by the agent as click_deploy_agent_info{instance_uid="…"}
  std::vector<Agent> agents;
  std::string user_cloud_config;           // "" if none
  bool user_config_is_secret = false;      // then no error quotes it
  std::map<std::string, AgentLock> locks;  // of locked agents, by name
};

// Nova's limit on the base64 text.
inline constexpr std::size_t kUserDataBase64Max = 65'535;

// The text begins with "#cloud-config\n". InvalidArgument with both numbers if it is too large.
Result<std::string> render_user_data(const UserDataInput& input);

// The metric by which node_exporter tells which Instance it runs on (textfile collector).
inline constexpr std::string_view kAgentInfoMetric = "click_deploy_agent_info";

}  // namespace clickdeploy::agents
