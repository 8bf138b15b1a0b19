// AgentProbe: asks an agent directly, past Prometheus: does it answer, which version, as whom?

#pragma once

#include "controller/agents/agent.h"
#include "controller/async/task.h"
#include "controller/base/secret.h"
#include "controller/http/http_client.h"

#include <chrono>
#include <map>
#include <string>

namespace clickdeploy::agents {

struct ProbeResult {
  std::string version;       // as told_version reads it; "" if it does not say
  std::string instance_uid;  // from click_deploy_agent_info; "" if it does not say
  std::string failed_step;   // of the first boot; "" if it tells of none
  std::map<std::string, std::string> settings{};  // as told_settings: of every agent on the server

  bool operator==(const ProbeResult&) const = default;
};

// What the one who asks a locked agent shows, and whom it trusts.
struct AgentAccess {
  SecretString authorization;  // value of the header; "" sends none
  http::PeerTrust trust;       // for https
};

// Unavailable or DeadlineExceeded if nothing answers; Unauthenticated if it wants another password;
// InvalidArgument if what answers does not speak the exposition format (the first line is quoted,
// cleaned).
Task<Result<ProbeResult>> probe_agent(http::HttpClient& http, std::string address, Agent agent,
                                      AgentAccess access, std::chrono::milliseconds deadline);

}  // namespace clickdeploy::agents
