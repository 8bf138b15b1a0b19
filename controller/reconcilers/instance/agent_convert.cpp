#include "controller/reconcilers/instance/agent_convert_internal.h"

namespace clickdeploy::reconcilers {

using api::v1alpha1::AgentSpec;

namespace {

agents::InstallMethod convert_method(const std::string& method) {
  if (method == "Container") return agents::InstallMethod::Container;
  if (method == "Archive") return agents::InstallMethod::Archive;
  if (method == "Prebuilt") return agents::InstallMethod::Prebuilt;
  if (method == "None") return agents::InstallMethod::None;
  return agents::InstallMethod::Package;
}

}  // namespace

agents::Agent convert_agent(const AgentSpec& spec) {
  agents::Agent agent;
  agent.name = spec.name;
  agent.version = spec.version;
  agent.port = static_cast<std::uint16_t>(spec.port);
  agent.extra_args = spec.extra_args;
  agent.install.image = spec.install.image;
  agent.install.url = spec.install.url;
  agent.install.sha256 = spec.install.sha256;
  agent.install.package = spec.install.package;
  agent.install.binary = spec.install.binary;
  agent.install.unit = spec.install.unit;
  agent.install.method = convert_method(spec.install.method);
  agent.path = spec.path;
  agent.memory_mib = spec.memory_mib.value_or(0);
  agent.cpus = spec.cpus;
  if (spec.tls && spec.tls->mode == "Server") {
    agent.tls = true;
    agent.certificate_secret = spec.tls->certificate_secret;
  }
  agent.basic_secret = spec.basic_secret;
  return agent;
}

std::vector<agents::Agent> convert_agents(const std::vector<AgentSpec>& specs) {
  std::vector<agents::Agent> converted;
  for (const AgentSpec& spec : specs) converted.push_back(convert_agent(spec));
  return converted;
}

}  // namespace clickdeploy::reconcilers
