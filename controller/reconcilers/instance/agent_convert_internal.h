// AgentSpec (the API's) as agents::Agent (the installer's).

#pragma once

#include "api/v1alpha1/common.h"
#include "controller/agents/agent.h"

#include <vector>

namespace clickdeploy::reconcilers {

agents::Agent convert_agent(const api::v1alpha1::AgentSpec& spec);
std::vector<agents::Agent> convert_agents(const std::vector<api::v1alpha1::AgentSpec>& specs);

}  // namespace clickdeploy::reconcilers
