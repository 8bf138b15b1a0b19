#include "controller/reconcilers/instance/agent_convert_internal.h"

namespace clickdeploy::reconcilers {

using api::v1alpha1::AgentSpec;

agents::Agent convert_agent(const AgentSpec& spec) {
  agents::Agent agent;
  agent.name = spec.name;
  agent.version = spec.version;
  agent.port = static_cast<std::uint16_t>(spec.port);
  agent.extra_args = spec.extra_args;
  agent.install.image = spec.install.image;
  agent.install.url = spec.install.url;
  agent.install.sha256 = spec.install.sha256;
  agent.install.method = spec.install.method == "Container" ? agents::InstallMethod::Container
                         : spec.install.method == "Archive" ? agents::InstallMethod::Archive
                                                            : agents::InstallMethod::Package;
  return agent;
}

std::vector<agents::Agent> convert_agents(const std::vector<AgentSpec>& specs) {
  std::vector<agents::Agent> converted;
  for (const AgentSpec& spec : specs) converted.push_back(convert_agent(spec));
  return converted;
}

}  // namespace clickdeploy::reconcilers
