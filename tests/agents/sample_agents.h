// The agents that the tests install.

#pragma once

#include "controller/agents/cloud_init.h"

#include <string>

namespace clickdeploy::agents {

inline constexpr const char* kUid = "7c1b2c3d-0000-4000-8000-9a8b7c6d5e4f";

inline Agent node_exporter(InstallMethod method) {
  Agent agent;
  agent.name = "node-exporter";
  agent.install.method = method;
  if (method == InstallMethod::Archive) {
    agent.install.url = "https://files.example.org/node_exporter-1.5.0.linux-amd64.tar.gz";
    agent.install.sha256 = std::string(64, 'a');
  }
  return agent;
}

inline Agent cadvisor(InstallMethod method) {
  Agent agent = node_exporter(method);
  agent.name = "cadvisor";
  return agent;
}

inline UserDataInput input_with(std::vector<Agent> agents, std::string user = "") {
  return UserDataInput{
      .instance_uid = kUid, .agents = std::move(agents), .user_cloud_config = std::move(user)};
}

}  // namespace clickdeploy::agents
