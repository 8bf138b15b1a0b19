// RestartAgent: the cheapest repair. It logs in to the server and restarts what is silent there.

#include "controller/reconcilers/instance/agent_convert_internal.h"
#include "controller/reconcilers/instance/instance_pass_internal.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

namespace {

constexpr std::chrono::seconds kDeadline{20};

bool is_silent(const InstanceObserved& observed, const std::string& agent) {
  return std::ranges::any_of(observed.agents, [&](const AgentObserved& seen) {
    return seen.name == agent && seen.probe == AgentObserved::Probe::Silent;
  });
}

}  // namespace

Task<Result<void>> InstanceReconciler::restart_agents(Pass& pass) {
  const auto service =
      context_.caches.services.get({pass.key.namespace_name, pass.work.spec.service_name});
  std::shared_ptr<const api::v1alpha1::MonitoringPolicy> policy;
  if (service != nullptr) policy = context_.monitoring_of(*service).policy;
  if (policy == nullptr || !policy->spec.ssh || context_.shell == nullptr) {
    co_return fail(ErrorCode::InvalidArgument, "the policy does not allow SSH any more");
  }
  const api::v1alpha1::SshSpec& ssh = *policy->spec.ssh;
  Result<SecretString> key = context_.caches.secret_value(policy->metadata.namespace_name, ssh.key);
  if (!key) co_return std::unexpected(std::move(key).error().with_context("repair.ssh"));
  for (const api::v1alpha1::AgentSpec& agent : pass.work.spec.agents) {
    if (!is_silent(pass.observed, agent.name)) continue;
    std::vector<std::string> command = agents::restart_command(convert_agent(agent));
    if (command.empty()) continue;
    agents::SshTarget target{.host = pass.work.status.address,
                             .port = static_cast<std::uint16_t>(ssh.port),
                             .user = ssh.user,
                             .private_key = *key,
                             .host_key = pass.work.status.ssh_host_key};
    const std::string what = "SSH to " + target.host + ": " + join(command, " ");
    Result<agents::ShellOutcome> outcome =
        co_await context_.shell->run(std::move(target), std::move(command), kDeadline);
    if (!outcome) co_return std::unexpected(std::move(outcome).error().with_context(what));
    pass.work.status.ssh_host_key = outcome->host_key;
    if (outcome->exit_status != 0) {
      co_return fail(ErrorCode::Unavailable,
                     what + " ended with exit status " + std::to_string(outcome->exit_status) +
                         (outcome->words.empty() ? "" : ": " + outcome->words));
    }
    context_.events.record(Instance::kGvk, pass.work.metadata, runtime::EventKind::Normal,
                           "AgentRestarted", agent.name + " by " + what);
  }
  co_return Result<void>{};
}

}  // namespace clickdeploy::reconcilers
