// A step of the repair ladder is recorded, and then made.

#include "controller/base/planted.h"
#include "controller/reconcilers/instance/evidence.h"
#include "controller/reconcilers/instance/instance_pass_internal.h"
#include "controller/reconcilers/instance/placement.h"
#include "controller/reconcilers/instance/repair_plan_internal.h"

namespace clickdeploy::reconcilers {

using openstack::Server;
using runtime::EventKind;

namespace {

constexpr int kConsoleLines = 500;

}  // namespace

Task<Result<void>> InstanceReconciler::begin_repair(Pass& pass, std::string step,
                                                    std::string reason) {
  Instance& work = pass.work;
  if (work.metadata.annotations.contains("clickdeploy.io/remediate")) {
    // Taken off first, and only from what we have seen: a step that a person asked for is made at
    // most once.
    Json annotations = Json::object({{"clickdeploy.io/remediate", nullptr}});
    Json metadata = Json::object({{"annotations", std::move(annotations)},
                                  {"resourceVersion", work.metadata.resource_version}});
    Json patch = Json::object({{"metadata", std::move(metadata)}});
    Result<Instance> patched = co_await instances_.merge_patch(pass.key, std::move(patch));
    pass.conflict = !patched;
    if (!patched) co_return std::unexpected(std::move(patched).error().with_context(step));
    work.metadata = patched->metadata;
  }
  api::v1alpha1::InstanceRemediation& record = work.status.remediation;
  record.step = step;
  record.last_reason = reason;
  record.started_at = format_time(pass.observed.now);
  ++record.retries;
  const std::optional<Server>& server = pass.observed.server;
  const bool unbuilt = work.status.booted_at.empty() && server && server->fault;
  if (step == "Replace" && unbuilt && is_no_valid_host(server->fault->message)) {
    note_failed_placement(work, server->fault->message, record.started_at);
  }
  if (!planted(Bug::BegunNotCounted)) begun_[pass.key] = record.retries;  // others count it now
  Result<void> saved = co_await save(pass);                               // durable before the step
  if (!saved) {
    begun_.erase(pass.key);
    co_return saved;
  }
  context_.events.record(Instance::kGvk, work.metadata, EventKind::Warning, "RepairStarted",
                         step + " because " + reason);
  openstack::Servers& servers = pass.connection->servers;
  const std::string id = work.status.server.id;
  Result<void> done;
  if (step == "Replace") {
    Result<std::string> console = co_await servers.console_output(id, kConsoleLines);
    if (console && !console->empty()) {
      Result<std::string> kept = co_await save_evidence(context_.evidence, pass.key,
                                                        pass.observed.now, *std::move(console));
      if (kept && !kept->empty()) {
        context_.events.record(Instance::kGvk, work.metadata, EventKind::Normal, "EvidenceSaved",
                               "the console log of server " + id + " is in " + *kept);
      }
    }
    pass.observed.look_up.reset();
  } else if (step == "RestartAgent") {
    Result<void> restarted = co_await restart_agents(pass, silent_agents(pass.observed));
    if (!restarted) {
      // No fault of this Instance's own: the next step is due at once.
      context_.events.record(Instance::kGvk, work.metadata, EventKind::Warning,
                             "AgentRestartFailed", restarted.error().message());
      record.started_at = format_time(pass.observed.now - kAgentRestart);
    }
    done = co_await save(pass);  // the host key is pinned before it is needed again
  } else if (step == "Reinstall") {
    done = co_await install_agents(pass);
  } else {
    const auto type =
        step == "SoftReboot" ? openstack::RebootType::Soft : openstack::RebootType::Hard;
    done = co_await servers.reboot_server(id, type);
    pass.connection->observer.poke();
    changed_at_[pass.key] = context_.clock.steady_now();
  }
  if (!done) co_return std::unexpected(std::move(done).error().with_context(step));
  co_return Result<void>{};
}

}  // namespace clickdeploy::reconcilers
