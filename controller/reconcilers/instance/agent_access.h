// What is needed of Secrets to ask a locked agent, and to install one.
//
// The Secrets are the policy's, in its namespace. An Instance may name others: whoever writes one
// could have passwords sent to a server of his own. So a Secret is read only if the policy itself
// names it for the agent of that name.

#pragma once

#include "api/v1alpha1/monitoring_policy.h"
#include "controller/agents/cloud_init.h"
#include "controller/agents/probe.h"
#include "controller/async/random.h"
#include "controller/async/task.h"
#include "controller/reconcilers/caches.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

// InvalidArgument unless the policy has this agent with the same tls and auth. Pure.
Result<void> check_named_by_policy(const api::v1alpha1::MonitoringPolicy& policy,
                                   const api::v1alpha1::AgentSpec& spec);

// InvalidArgument names the field and the Secret.
Result<agents::AgentAccess> access_to_agent(const Caches& caches,
                                            const api::v1alpha1::MonitoringPolicy& policy,
                                            const api::v1alpha1::AgentSpec& spec);

// Makes the locks of agents. A hash takes a tenth of a second, so it is made on the blocking
// executor, and servers of one password share one.
class AgentLocks {
 public:
  using Policy = std::shared_ptr<const api::v1alpha1::MonitoringPolicy>;
  using Locks = std::map<std::string, agents::AgentLock>;

  // Caches and random outlive it.
  AgentLocks(const Caches& caches, Random& random, Executor blocking)
      : caches_(caches), random_(random), blocking_(std::move(blocking)) {}

  // By name; only of agents that are locked. `policy` may be null. InvalidArgument as above.
  Task<Result<Locks>> make(Policy policy, std::vector<api::v1alpha1::AgentSpec> specs);

 private:
  Task<Result<agents::AgentLock>> lock_of(Policy policy, api::v1alpha1::AgentSpec spec);
  Task<Result<std::string>> hash_of(SecretString password);

  const Caches& caches_;
  Random& random_;
  Executor blocking_;
  std::map<std::string, std::string> hashes_;  // by the SHA-256 of the password
};

}  // namespace clickdeploy::reconcilers
