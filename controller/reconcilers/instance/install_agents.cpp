// Taking a machine of a Cloud of type Hosts, and installing agents on it.

#include "controller/agents/machine.h"
#include "controller/reconcilers/instance/agent_convert_internal.h"
#include "controller/reconcilers/instance/instance_pass_internal.h"
#include "controller/reconcilers/instance/marks.h"

namespace clickdeploy::reconcilers {

void InstanceReconciler::observe_machine(Pass& pass) {
  InstanceObserved& seen = pass.observed;
  if (seen.cloud != InstanceObserved::Cloud::Trusted || pass.connection->machines == nullptr)
    return;
  seen.may_restart_agents = true;
  if (seen.server) seen.console_failed_step = seen.server->failed_step;
  seen.agents_mark =
      pass.work.spec.agents.empty()
          ? ""
          : agents::machine_settings(identity_of(pass.work), convert_agents(pass.work.spec.agents));
}

Result<ResolvedServer> InstanceReconciler::choose_machine(Pass& pass) {
  Result<std::string> host = pass.connection->machines->choose(pass.work.status.claim.token,
                                                               pass.work.spec.server.host_selector,
                                                               pass.work.status.resolved.host);
  if (!host) return std::unexpected(std::move(host).error());
  ResolvedServer resolved;
  resolved.host = *std::move(host);
  return resolved;
}

Task<Result<void>> InstanceReconciler::install_agents(Pass& pass) {
  Instance& work = pass.work;
  const auto service =
      context_.caches.services.get({pass.key.namespace_name, work.spec.service_name});
  AgentLocks::Policy policy;
  if (service != nullptr) policy = context_.monitoring_of(*service).policy;
  Result<AgentLocks::Locks> locks = co_await agent_locks_.make(std::move(policy), work.spec.agents);
  if (!locks) co_return std::unexpected(std::move(locks).error().with_context("install agents"));
  agents::UserDataInput input;
  input.instance_uid = identity_of(work);
  input.agents = convert_agents(work.spec.agents);
  input.locks = *std::move(locks);
  Result<void> done =
      co_await pass.connection->machines->install(work.status.server.id, std::move(input));
  if (!done) co_return done;
  changed_at_[pass.key] = context_.clock.steady_now();
  pass.connection->observer.poke();
  if (pass.observed.server) pass.observed.server->task_state = "installing";
  context_.events.record(Instance::kGvk, work.metadata, runtime::EventKind::Normal,
                         "AgentsInstalling", "on machine " + work.status.server.id);
  co_return Result<void>{};
}

}  // namespace clickdeploy::reconcilers
