#include "controller/reconcilers/instance/instance_reconciler.h"

#include "controller/agents/bootstrap.h"
#include "controller/base/planted.h"
#include "controller/reconcilers/instance/agent_access.h"
#include "controller/reconcilers/instance/agent_convert_internal.h"
#include "controller/reconcilers/instance/instance_pass_internal.h"
#include "controller/reconcilers/instance/instance_status.h"
#include "controller/reconcilers/instance/marks.h"
#include "controller/reconcilers/instance/scrape_address.h"
#include "controller/reconcilers/instance/server_states.h"
#include "controller/reconcilers/metrics_backend/address_policy.h"
#include "controller/reconcilers/service/repair_budget.h"
#include "controller/reconcilers/service/service_alerts.h"
#include "controller/reconcilers/trouble.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::AgentSpec;
using api::v1alpha1::Claim;
using openstack::Server;
using runtime::EventKind;
using runtime::ReconcileResult;
using std::chrono::milliseconds;

namespace {

// One create with eight ports takes some twenty actions. What is left after so many goes on in the
// next reconcile: others may have work too.
constexpr int kActionsMax = 64;
constexpr milliseconds kActionsRest{1'000};
constexpr milliseconds kProbeDeadline{2'000};
constexpr std::chrono::minutes kConsoleAgain{10};
constexpr int kConsoleLines = 500;

// The last part of the message: agent and address stand in the sentence around it already.
std::string cause_of(const Error& error, const std::string& address) {
  const std::string& message = error.message();
  const std::size_t at = message.rfind(address + ": ");
  return at == std::string::npos ? message : message.substr(at + address.size() + 2);
}

}  // namespace

InstanceReconciler::InstanceReconciler(Context& context)
    : context_(context),
      instances_(context.client),
      agent_locks_(context.caches, context.random, context.blocking) {}

Task<Result<ReconcileResult>> InstanceReconciler::reconcile(api::ObjectKey key) {
  const auto cached = context_.caches.instances.get(key);
  if (cached == nullptr) {
    changed_at_.erase(key);
    begun_.erase(key);
    claims_seen_.erase(key);
    ages_.erase(key);
    consoles_read_.erase(key);
    drift_books_.erase(key);
    agent_books_.erase(key);
    agents_compared_.erase(key);
    co_return ReconcileResult{};
  }
  Pass pass{.key = key, .work = *cached, .stored = *cached};
  observe_cloud(pass);
  observe_server(pass);
  co_await observe_drift(pass);
  co_await observe_fault(pass);
  co_await observe_agents(pass);
  observe_machine(pass);
  observe_agent_drift(pass);
  observe_time(pass);
  co_await observe_console(pass);

  Rest rest{kActionsRest, std::string(api::kProgressing), "there is more to do"};
  for (int i = 0; i < kActionsMax; ++i) {
    // Between plan and act nothing else runs, so what is decided on these is still so.
    observe_time(pass);
    pass.observed.budget = observe_budget(pass);
    if (pass.connection != nullptr)
      pass.observed.create_slot_free = pass.connection->has_create_slot();
    const std::string token = context_.random.hex(16);
    InstanceAction action = plan_instance(pass.work, pass.observed, token);
    if (const Rest* end = std::get_if<Rest>(&action)) {
      rest = *end;
      break;
    }
    Result<void> done = co_await perform(pass, std::move(action));
    if (pass.finished) co_return ReconcileResult{};
    if (!done && pass.conflict) co_return std::unexpected(std::move(done).error());
    if (!done) pass.observed.failure = std::move(done).error();
  }

  pass.work.status = report_instance(pass.work, pass.observed, rest);
  if (is_worth_writing(pass.stored.status, pass.work.status, pass.observed.now)) {
    const api::Conditions before = pass.stored.status.conditions;
    Result<void> saved = co_await save(pass);
    if (!saved) co_return std::unexpected(std::move(saved).error().with_context("report Instance"));
    record_trouble(context_.events, Instance::kGvk, pass.work.metadata, before,
                   pass.stored.status.conditions);
  }
  if (pass.observed.failure) co_return std::unexpected(*pass.observed.failure);
  co_return ReconcileResult{.requeue_after = rest.look_again};
}

void InstanceReconciler::observe_cloud(Pass& pass) const {
  InstanceObserved& seen = pass.observed;
  const api::ObjectKey key = pass.work.spec.cloud_ref.key(pass.key.namespace_name);
  const auto cloud = context_.caches.clouds.get(key);
  pass.connection = context_.clouds.find(key);
  if (cloud == nullptr || pass.connection == nullptr) {
    seen.cloud = InstanceObserved::Cloud::Missing;
    seen.cloud_message =
        cloud == nullptr
            ? "Cloud " + key.text() + " does not exist; create it, or correct spec.cloudRef"
            : "Cloud " + key.text() + " has no connection yet; see its conditions";
    return;
  }
  if (!context_.caches.reference_allowed(pass.key.namespace_name, key.namespace_name,
                                         cloud->spec.allowed_namespaces)) {
    seen.cloud = InstanceObserved::Cloud::NotAllowed;
    seen.cloud_message = "Cloud " + key.text() + " does not allow namespace " +
                         pass.key.namespace_name + "; see its spec.allowedNamespaces";
    return;
  }
  seen.cloud_message = pass.connection->distrust();
  seen.cloud = seen.cloud_message.empty() ? InstanceObserved::Cloud::Trusted
                                          : InstanceObserved::Cloud::Untrusted;
  const auto service =
      context_.caches.services.get({pass.key.namespace_name, pass.work.spec.service_name});
  seen.paused =
      service != nullptr && (service->spec.paused || service->spec.management_policy == "Observe");
}

void InstanceReconciler::observe_server(Pass& pass) const {
  InstanceObserved& seen = pass.observed;
  if (seen.cloud != InstanceObserved::Cloud::Trusted) return;
  if (pass.work.spec.server.floating_ip) pass.connection->observer.want_floating_ips();
  if (wants_volumes(pass.work.spec.server)) pass.connection->observer.want_volumes();
  const auto snapshot = pass.connection->observer.snapshot();
  const bool confirmed = pass.work.status.claim.state == "Confirmed";
  // What will be decided is decided because something is not there.
  if (!confirmed || pass.work.metadata.is_deleting()) pass.connection->observer.want_whole();
  if (snapshot == nullptr || !confirmed) return;
  auto changed = changed_at_.find(pass.key);
  const bool covers = changed == changed_at_.end() || snapshot->started_at > changed->second;
  auto found = snapshot->servers.find(pass.work.status.server.id);
  // One that is deleted and kept for a while is as good as gone.
  const bool there =
      found != snapshot->servers.end() && meaning_of(found->second.status) != StateMeaning::Leaving;
  if (!covers || !there) pass.connection->observer.want_whole();
  if (there) {
    seen.server = found->second;
    pass.work.status.address = scrape_address(pass.work, found->second, snapshot.get());
    for (api::v1alpha1::OwnedResource& resource : pass.work.status.resources) {
      auto port = snapshot->ports.find(resource.id);
      if (port != snapshot->ports.end()) resource.state = port->second.status;
      if (!snapshot->volumes) continue;
      auto volume = snapshot->volumes->find(resource.id);
      if (volume != snapshot->volumes->end()) resource.state = volume->second.status;
    }
    if (covers) pass.compared = snapshot;
  } else {
    seen.server_missing = covers;
    if (covers && planted(Bug::ListBelieved)) seen.server_gone = true;
  }
  // A late second server of our claim shows itself in the list.
  const auto marked = snapshot->servers_with_tag(claim_tag(pass.work.status.claim.token));
  if (marked.size() > 1 && covers) {
    seen.look_up.emplace();
    seen.look_up->servers_only = true;
    for (const Server* server : marked) seen.look_up->servers.push_back(*server);
  }
}

// The cloud tells why a server is in ERROR only to those who ask for that server: once is enough.
Task<void> InstanceReconciler::observe_fault(Pass& pass) {
  std::optional<Server>& server = pass.observed.server;
  if (!server || server->status != "ERROR" || server->fault) co_return;
  const std::string known = pass.work.status.server.fault;
  if (!known.empty()) {
    server->fault = openstack::Fault{.code = 0, .message = known};
    co_return;
  }
  std::string id = server->id;
  Result<std::optional<Server>> answer = co_await pass.connection->servers.get_server(id);
  // Without an answer the server is in ERROR all the same.
  if (answer && answer->has_value() && (**answer).status == "ERROR") server = **answer;
}

Task<void> InstanceReconciler::observe_agents(Pass& pass) {
  InstanceObserved& seen = pass.observed;
  const auto service =
      context_.caches.services.get({pass.key.namespace_name, pass.work.spec.service_name});
  Context::Monitoring monitoring;
  if (service != nullptr) monitoring = context_.monitoring_of(*service);
  std::string why;
  std::shared_ptr<const prometheus::PrometheusSnapshot> prometheus;
  if (monitoring.connection != nullptr) prometheus = monitoring.connection->fresh_snapshot(&why);
  if (prometheus != nullptr) {
    seen.alerts = count_alerts(service->metadata.uid, pass.work.status.server.id, *prometheus);
  }
  const std::string refusal = monitoring.policy == nullptr
                                  ? ""
                                  : address_refusal(monitoring.policy->spec.scrape.address_policy,
                                                    pass.work.status.address);
  const bool wanted = is_published(pass.work) && refusal.empty();
  std::vector<AgentSpec> specs;  // an agent that no policy wants any more is nobody's business
  for (const AgentSpec& spec : pass.work.spec.agents) {
    if (monitoring.policy != nullptr && wants_agent(*monitoring.policy, spec.name)) {
      specs.push_back(spec);
    }
  }
  for (const AgentSpec& spec : specs) {
    AgentObserved agent;
    agent.name = spec.name;
    agent.address = agent_address(pass.work, spec);
    agent.refusal = refusal;
    const std::string& server_id = pass.work.status.server.id;
    if (monitoring.connection == nullptr || agent.address.empty() || !agent.refusal.empty()) {
      agent.target = TargetView::NotPublished;
    } else if (prometheus == nullptr) {
      agent.target = TargetView::Unknown;
      agent.scrape_error = why;
    } else if (const auto* target = prometheus->find_target(server_id, spec.name)) {
      agent.target = target->health == "up"     ? TargetView::Up
                     : target->health == "down" ? TargetView::Down
                                                : TargetView::Pending;
      agent.scrape_error = target->last_error;
      if (target->last_scrape) agent.last_scrape = format_time(*target->last_scrape);
    } else {
      agent.target = wanted ? TargetView::NotKnown : TargetView::NotPublished;
      agent.scrape_error = refusal;
    }
    seen.agents.push_back(std::move(agent));
  }
  if (monitoring.policy != nullptr) {
    seen.may_restart_agents = context_.shell != nullptr && monitoring.policy->spec.ssh.has_value();
    seen.replace_drifted = monitoring.policy->spec.on_drift == "Replace";
  }
  const bool active = seen.server && seen.server->status == "ACTIVE";
  if (!active || pass.work.metadata.is_deleting()) co_return;
  const bool compare = is_comparison_due(pass);
  std::map<std::string, std::string> settings;
  for (std::size_t i = 0; i < seen.agents.size(); ++i) {
    AgentObserved& agent = seen.agents[i];
    // Prometheus's word is enough while all is well; now and then the agent is asked what it is,
    // and how the first boot goes until it is over.
    const bool known = !compare && i < pass.work.status.agents.size() &&
                       pass.work.status.bootstrap.state == "Succeeded" &&
                       !pass.work.status.agents[i].reported_id.empty() &&
                       pass.work.status.agents[i].state == "Up";
    if (agent.address.empty() || (agent.target == TargetView::Up && known)) continue;
    agents::Agent asked = convert_agent(specs[i]);
    std::string address = agent.address;
    Result<agents::AgentAccess> access =
        access_to_agent(context_.caches, *monitoring.policy, specs[i]);
    if (!access) {
      agent.probe = AgentObserved::Probe::Refuses;
      agent.probe_error = access.error().message();
      continue;
    }
    Result<agents::ProbeResult> answer = co_await agents::probe_agent(
        context_.http, address, asked, *std::move(access), kProbeDeadline);
    if (!answer) {
      const bool refused = answer.error().code() == ErrorCode::Unauthenticated;
      agent.probe = refused ? AgentObserved::Probe::Refuses : AgentObserved::Probe::Silent;
      agent.probe_error = cause_of(answer.error(), address);
      continue;
    }
    agent.version = answer->version;
    agent.reported_uid = answer->instance_uid;
    agent.failed_step = answer->failed_step;
    settings.merge(answer->settings);
    const bool other =
        !answer->instance_uid.empty() && answer->instance_uid != identity_of(pass.work);
    agent.probe = other ? AgentObserved::Probe::OtherIdentity : AgentObserved::Probe::Answers;
    if (other) {
      agent.probe_error = "it says that it runs on Instance " + answer->instance_uid +
                          "; the address was given to another server";
    }
  }
  for (AgentObserved& agent : seen.agents) agent.settings = settings[agent.name];
}

// Where no agent came up, the console is all that tells why. It is read when the time for the first
// boot is over, and not often: whole fleets may fail at once.
Task<void> InstanceReconciler::observe_console(Pass& pass) {
  if (pass.observed.agents_mark) co_return;  // each look at a machine tells it
  const api::v1alpha1::InstanceStatus& status = pass.work.status;
  const bool silent = std::ranges::any_of(pass.observed.agents, [](const AgentObserved& agent) {
    return agent.probe == AgentObserved::Probe::Silent;
  });
  if (!silent || status.bootstrap.state == "Succeeded" || !status.bootstrap.step.empty() ||
      status.booted_at.empty()) {
    co_return;
  }
  const std::chrono::seconds limit(pass.work.spec.remediation.startup_timeout_seconds);
  if (age_of(status.booted_at, pass.observed) < limit) co_return;
  const SteadyTime now = context_.clock.steady_now();
  SteadyTime& read_at = consoles_read_[pass.key];
  if (read_at != SteadyTime{} && now - read_at < kConsoleAgain) co_return;
  read_at = now;
  std::string id = status.server.id;
  Result<std::string> console = co_await pass.connection->servers.console_output(id, kConsoleLines);
  if (console) pass.observed.console_failed_step = agents::failed_step_in_console(*console);
}

RepairBudget InstanceReconciler::observe_budget(const Pass& pass) const {
  if (!unhealthy_reason(pass.work, pass.observed)) return {};
  const api::ObjectKey cloud = pass.work.spec.cloud_ref.key(pass.key.namespace_name);
  std::vector<std::shared_ptr<const Instance>> others;
  for (const auto& other : context_.caches.instances.list()) {
    if (other->metadata.key() != pass.key &&
        other->spec.cloud_ref.key(other->metadata.namespace_name) == cloud) {
      others.push_back(other);
    }
  }
  std::set<api::ObjectKey> begun;
  for (const auto& [key, steps] : begun_) {
    const auto cached = context_.caches.instances.get(key);
    if (cached != nullptr && cached->status.remediation.retries < steps) begun.insert(key);
  }
  return plan_repair_budget(pass.work, others, begun);
}

// The time of day for people, and the time that this process has waited for decisions: a wall clock
// that jumps must neither end a wait nor prolong it.
void InstanceReconciler::observe_time(Pass& pass) {
  pass.observed.now = std::chrono::floor<std::chrono::seconds>(context_.clock.wall_now());
  const api::v1alpha1::InstanceStatus& status = pass.work.status;
  const api::Condition* ready = api::find_condition(status.conditions, "Ready");
  if (!planted(Bug::WallClockWindow))
    pass.observed.ages =
        ages_[pass.key].look({status.claim.since, status.claim.parts_asked, status.booted_at,
                              status.remediation.started_at, status.remediation.unhealthy_since,
                              ready == nullptr ? "" : ready->last_transition_time},
                             pass.observed.now, context_.clock.steady_now());
  ClaimSeen& seen = claims_seen_[pass.key];
  if (seen.claim.token != status.claim.token || seen.claim.state != status.claim.state) {
    seen = {status.claim, context_.clock.steady_now()};
  }
  pass.observed.claim_seen =
      std::chrono::duration_cast<std::chrono::seconds>(context_.clock.steady_now() - seen.since);
}

Task<Result<void>> InstanceReconciler::save(Pass& pass) {
  Instance object = pass.work;
  if (planted(Bug::StatusWithoutVersion)) object.metadata.resource_version.clear();
  Result<Instance> saved = co_await instances_.update_status(std::move(object));
  if (!saved) {
    // Somebody else wrote, or the object is gone: look again from the start.
    pass.conflict = true;
    co_return std::unexpected(std::move(saved).error());
  }
  pass.work.metadata = saved->metadata;
  pass.stored = *std::move(saved);
  co_return Result<void>{};
}

Task<Result<void>> InstanceReconciler::drop_finalizer(Pass& pass) {
  const std::vector<std::string_view> ours{api::v1alpha1::kCloudFinalizer};
  Result<void> dropped = co_await instances_.drop_finalizers(pass.work.metadata, ours);
  pass.finished = dropped.has_value();
  pass.conflict = !pass.finished;
  if (!dropped) co_return std::unexpected(std::move(dropped).error());
  context_.events.record(Instance::kGvk, pass.work.metadata, EventKind::Normal, "ServerDeleted",
                         "nothing with the claim's token is left in the cloud");
  co_return Result<void>{};
}

}  // namespace clickdeploy::reconcilers
