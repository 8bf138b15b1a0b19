// Restarting agents over SSH: those that are silent, which is the cheapest repair, and those that
// run another version than was installed. On machines the latter are installed anew if need be.

#include "controller/reconcilers/instance/agent_convert_internal.h"
#include "controller/reconcilers/instance/agent_drift.h"
#include "controller/reconcilers/instance/instance_pass_internal.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

namespace {

constexpr std::chrono::seconds kDeadline{20};

// So often a healthy agent is asked what it is; one that was found to differ more often.
constexpr std::chrono::minutes kCompareAgain{5};
constexpr std::chrono::seconds kCompareSoon{5};

}  // namespace

std::vector<std::string> silent_agents(const InstanceObserved& observed) {
  std::vector<std::string> silent;
  for (const AgentObserved& agent : observed.agents) {
    if (agent.probe == AgentObserved::Probe::Silent) silent.push_back(agent.name);
  }
  return silent;
}

bool InstanceReconciler::is_comparison_due(const Pass& pass) {
  const SteadyTime now = context_.clock.steady_now();
  const auto [at, fresh] = agents_compared_.try_emplace(pass.key, now);
  // After a start of this process not all are asked at once: each has its own share of the time.
  if (fresh) {
    const std::uint64_t share =
        std::stoull(sha256_hex(pass.work.metadata.uid).substr(0, 8), nullptr, 16);
    at->second = now - std::chrono::seconds(share % std::chrono::seconds(kCompareAgain).count());
  }
  const api::Condition* told = api::find_condition(pass.work.status.conditions, kAgentsUpToDate);
  // What was said of another spec is said anew soon.
  const bool differs =
      told != nullptr && (told->status == api::ConditionStatus::False ||
                          told->observed_generation != pass.work.metadata.generation);
  return now - at->second >= (differs ? kCompareSoon : std::chrono::seconds(kCompareAgain));
}

void InstanceReconciler::observe_agent_drift(Pass& pass) {
  InstanceObserved& seen = pass.observed;
  seen.agent_drift = find_agent_drift(pass.work, seen);
  if (!seen.agent_drift) return;
  const SteadyTime now = context_.clock.steady_now();
  agents_compared_[pass.key] = now;
  const std::vector<Drift> fresh = agent_books_[pass.key].look(*seen.agent_drift, now);
  give_up_restarting(*seen.agent_drift, pass.work, seen);
  const api::Condition* told = api::find_condition(pass.stored.status.conditions, kAgentsUpToDate);
  for (const Drift& drift : fresh) {
    const std::string what = describe_drift(drift);
    if (told != nullptr && told->message.contains(what)) continue;
    context_.events.record(Instance::kGvk, pass.work.metadata, runtime::EventKind::Warning,
                           "AgentDiffers", what);
  }
}

Task<Result<void>> InstanceReconciler::correct_agent(Pass& pass, std::string field) {
  const auto drift = std::ranges::find(*pass.observed.agent_drift, field, &Drift::field);
  drift->asked = true;
  const bool anew = std::holds_alternative<InstallAnew>(drift->correction);
  Result<void> done;
  if (anew) {
    done = co_await install_agents(pass);
  } else {
    std::vector<std::string> names{std::get<RestartAgent>(drift->correction).agent};
    done = co_await restart_agents(pass, std::move(names));
  }
  const SteadyTime now = context_.clock.steady_now();
  DriftBook& book = agent_books_[pass.key];
  if (done) {
    book.corrected(field, now, pass.observed.now);
  } else {
    drift->refusal = done.error().message();
    book.refused(field, drift->refusal, now, pass.observed.now);
    context_.events.record(Instance::kGvk, pass.work.metadata, runtime::EventKind::Warning,
                           anew ? "AgentsInstallFailed" : "AgentRestartFailed", drift->refusal);
  }
  done = co_await save(pass);  // the host key is pinned before it is needed again
  co_return done;
}

Task<Result<void>> InstanceReconciler::restart_agents(Pass& pass, std::vector<std::string> names) {
  const auto service =
      context_.caches.services.get({pass.key.namespace_name, pass.work.spec.service_name});
  Machines* machines = pass.connection == nullptr ? nullptr : pass.connection->machines.get();
  std::shared_ptr<const api::v1alpha1::MonitoringPolicy> policy;
  if (service != nullptr) policy = context_.monitoring_of(*service).policy;
  const bool by_policy = policy != nullptr && policy->spec.ssh && context_.shell != nullptr;
  if (machines == nullptr && !by_policy) {
    co_return fail(ErrorCode::InvalidArgument, "the policy does not allow SSH any more");
  }
  agents::SshTarget target{.host = pass.work.status.address};
  if (machines == nullptr) {
    const api::v1alpha1::SshSpec& ssh = *policy->spec.ssh;
    Result<SecretString> key =
        context_.caches.secret_value(policy->metadata.namespace_name, ssh.key);
    if (!key) co_return std::unexpected(std::move(key).error().with_context("repair.ssh"));
    target.port = static_cast<std::uint16_t>(ssh.port);
    target.user = ssh.user;
    target.private_key = *std::move(key);
  }
  for (const api::v1alpha1::AgentSpec& agent : pass.work.spec.agents) {
    if (std::ranges::find(names, agent.name) == names.end()) continue;
    std::vector<std::string> command = agents::restart_command(convert_agent(agent));
    if (command.empty()) continue;
    target.host_key = pass.work.status.ssh_host_key;
    const std::string what = "SSH to " + target.host + ": " + join(command, " ");
    Result<agents::ShellOutcome> outcome;
    if (machines != nullptr) {
      outcome = co_await machines->run(pass.work.status.server.id, std::move(command), kDeadline);
    } else {
      outcome = co_await context_.shell->run(target, std::move(command), kDeadline);
    }
    if (!outcome) co_return std::unexpected(std::move(outcome).error().with_context(what));
    if (machines == nullptr) pass.work.status.ssh_host_key = outcome->host_key;
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
