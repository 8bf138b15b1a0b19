#include "controller/app/control_plane.h"

#include "controller/app/served_targets.h"
#include "controller/async/task_group.h"
#include "controller/reconcilers/cloud/cloud_reconciler.h"
#include "controller/reconcilers/instance/instance_reconciler.h"
#include "controller/reconcilers/metrics_backend/backend_access.h"
#include "controller/reconcilers/metrics_backend/metrics_backend_reconciler.h"
#include "controller/reconcilers/monitoring_policy/monitoring_policy_reconciler.h"
#include "controller/reconcilers/service/service_reconciler.h"

#include <algorithm>

namespace clickdeploy::app {

using api::ObjectKey;
using api::ObjectMeta;
using api::v1alpha1::Cloud;
using api::v1alpha1::Instance;
using api::v1alpha1::MetricsBackend;
using api::v1alpha1::MonitoringPolicy;
using api::v1alpha1::Service;
using std::chrono::milliseconds;

namespace {

// Changes that come in crowds are reconciled together.
constexpr milliseconds kGather{200};
constexpr milliseconds kGatherBackend{500};
// A pass over a Service looks through all Instances. That all Services together cost no more in a
// large fleet, changes are gathered for longer there.
constexpr milliseconds kGatherOfThousand{500};

// Did somebody change what is asked for? Our own status writes must not wake us.
template <class Ptr>
bool is_new_wish(const Ptr& before, const Ptr& now) {
  if (before == nullptr || now == nullptr) return true;
  const ObjectMeta& a = before->metadata;
  const ObjectMeta& b = now->metadata;
  return a.generation != b.generation || a.deletion_timestamp != b.deletion_timestamp ||
         a.annotations != b.annotations || a.labels != b.labels || a.uid != b.uid;
}

runtime::ControllerOptions options_for(const char* name, std::size_t workers, const World& world) {
  return {.name = name, .workers = workers, .observer = world.reconciles};
}

}  // namespace

struct ControlPlane::Parts {
  explicit Parts(World given)
      : world(std::move(given)),
        client(world.api, {.server = world.api_server,
                           .field_manager = "clickdeployd",
                           .omit_managed_fields = true}),
        caches(client, world.clock, world.random),
        clouds(world.outside, world.clock, world.executor, world.large_fleet),
        backends(world.outside, world.clock, world.executor, world.prometheus_poll, world.secured),
        events(client, world.clock, "clickdeployd"),
        verdicts(world.rules, world.blocking),
        back_tests(world.clock, world.executor),
        context{client,           world.outside,
                world.clock,      world.random,
                caches,           clouds,
                backends,         events,
                world.cluster_id, {world.disk, world.blocking, world.evidence_folder},
                world.blocking,   world.shell},
        cloud_reconciler(context),
        service_reconciler(context),
        instance_reconciler(context),
        policy_reconciler(context, verdicts, back_tests),
        backend_reconciler(context, {world.disk, world.blocking, verdicts}),
        cloud_controller(options_for("Cloud", 2, world), cloud_reconciler, world.clock,
                         world.random),
        service_controller(options_for("Service", 2, world), service_reconciler, world.clock,
                           world.random),
        instance_controller(options_for("Instance", 16, world), instance_reconciler, world.clock,
                            world.random),
        policy_controller(options_for("MonitoringPolicy", 1, world), policy_reconciler, world.clock,
                          world.random),
        backend_controller(options_for("MetricsBackend", 2, world), backend_reconciler, world.clock,
                           world.random),
        chain_times(world.clock),
        tasks(world.executor) {
    listen();
  }

  void listen();
  void on_cloud_sweep(const ObjectKey& cloud, const std::vector<std::string>& changed);
  void on_prometheus_poll(const ObjectKey& backend, const prometheus::PollChanges& changes);
  milliseconds gather_of_service() const;
  void wake_monitoring();
  bool quota_moved(const ObjectKey& key) const;
  Task<void> run();

  World world;
  client::Client client;
  reconcilers::Caches caches;
  reconcilers::CloudConnections clouds;
  reconcilers::BackendConnections backends;
  runtime::EventRecorder events;
  reconcilers::RuleVerdicts verdicts;
  reconcilers::BackTests back_tests;
  reconcilers::Context context;
  reconcilers::CloudReconciler cloud_reconciler;
  reconcilers::ServiceReconciler service_reconciler;
  reconcilers::InstanceReconciler instance_reconciler;
  reconcilers::MonitoringPolicyReconciler policy_reconciler;
  reconcilers::MetricsBackendReconciler backend_reconciler;
  runtime::Controller cloud_controller;
  runtime::Controller service_controller;
  runtime::Controller instance_controller;
  runtime::Controller policy_controller;
  runtime::Controller backend_controller;
  ChainTimes chain_times;
  TaskGroup tasks;
  bool started = false;
};

ControlPlane::ControlPlane(World world) : parts_(std::make_unique<Parts>(std::move(world))) {}
ControlPlane::~ControlPlane() = default;

void ControlPlane::start() {
  Parts& parts = *parts_;
  parts.tasks.start("informer clouds", parts.caches.clouds.run());
  parts.tasks.start("informer metricsbackends", parts.caches.backends.run());
  parts.tasks.start("informer services", parts.caches.services.run());
  parts.tasks.start("informer instances", parts.caches.instances.run());
  parts.tasks.start("informer monitoringpolicies", parts.caches.policies.run());
  parts.tasks.start("informer secrets", parts.caches.secrets.run());
  parts.tasks.start("informer namespaces", parts.caches.namespaces.run());
  parts.tasks.start("control plane", parts.run());
}

Task<void> ControlPlane::Parts::run() {
  co_await caches.clouds.wait_synced();
  co_await caches.backends.wait_synced();
  co_await caches.services.wait_synced();
  co_await caches.instances.wait_synced();
  co_await caches.policies.wait_synced();
  co_await caches.secrets.wait_synced();
  co_await caches.namespaces.wait_synced();
  tasks.start("events", events.run());
  cloud_controller.start(tasks);
  service_controller.start(tasks);
  instance_controller.start(tasks);
  policy_controller.start(tasks);
  backend_controller.start(tasks);
  started = true;
}

Task<void> ControlPlane::stop() {
  parts_->tasks.cancel();
  co_await parts_->tasks.join();
  co_await parts_->back_tests.stop();
  co_await parts_->clouds.stop();
  co_await parts_->backends.stop();
}

bool ControlPlane::running() const {
  return parts_->started;
}

std::vector<QueueCounts> ControlPlane::counts() const {
  std::vector<QueueCounts> counts;
  for (runtime::Controller* controller :
       {&parts_->cloud_controller, &parts_->service_controller, &parts_->instance_controller,
        &parts_->policy_controller, &parts_->backend_controller}) {
    counts.push_back({.kind = controller->name(),
                      .reconciles = controller->counts().reconciles,
                      .errors = controller->counts().errors,
                      .ready = controller->queue().ready(),
                      .delayed = controller->queue().delayed(),
                      .working = controller->queue().working(),
                      .workers = controller->workers(),
                      .oldest_wait = controller->queue().oldest_wait()});
  }
  return counts;
}

http::Response ControlPlane::targets(const prometheus::TargetsRequest& wanted,
                                     const http::Request& request) const {
  if (!parts_->started) {
    return {.status = 503, .headers = {}, .body = "the control plane is still starting\n"};
  }
  Result<std::string> token = fail(ErrorCode::NotFound, "no such backend");
  const auto backend = parts_->caches.backends.get(wanted.backend);
  if (backend != nullptr && !backend->spec.targets_token.empty()) {
    Result<SecretString> secret =
        parts_->caches.secret_value(wanted.backend.namespace_name, backend->spec.targets_token);
    // Files that Secrets are made from end with a line break that nobody means.
    if (secret) token = std::string(trim(secret->reveal()));
  }
  return answer_targets(request, token,
                        parts_->backend_reconciler.board().targets(wanted.backend, wanted.job));
}

std::vector<reconcilers::ExpectedDown> ControlPlane::expected_down() const {
  std::vector<reconcilers::ExpectedDown> down;
  for (const auto& instance : parts_->caches.instances.list()) {
    auto one = reconcilers::expected_down(*instance);
    if (one) down.push_back(*std::move(one));
  }
  return down;
}

const ChainTimes& ControlPlane::chain_times() const {
  return parts_->chain_times;
}

milliseconds ControlPlane::Parts::gather_of_service() const {
  return kGather + kGatherOfThousand * (caches.instances.size() / 1000);
}

// Target and rule files depend on all Services, Instances and policies.
void ControlPlane::Parts::wake_monitoring() {
  for (const auto& backend : caches.backends.list()) {
    backend_controller.queue().add_after(backend->metadata.key(), kGatherBackend);
  }
  for (const auto& policy : caches.policies.list()) {
    policy_controller.queue().add_after(policy->metadata.key(), kGatherBackend);
  }
}

// Which change wakes whom. Only keys travel; what happened is forgotten on purpose.
void ControlPlane::Parts::listen() {
  caches.clouds.listen([this](const ObjectKey& key, const auto& before, const auto& now) {
    if (is_new_wish(before, now)) cloud_controller.queue().add(key);
  });
  caches.secrets.listen([this](const ObjectKey& key, const auto&, const auto&) {
    for (const auto& cloud : caches.clouds.list(key.namespace_name)) {
      const bool of_ssh = cloud->spec.ssh && cloud->spec.ssh->key.name == key.name;
      if (of_ssh || cloud->spec.credentials.secret_ref.name == key.name) {
        cloud_controller.queue().add(cloud->metadata.key());
      }
    }
    for (const auto& backend : caches.backends.list(key.namespace_name)) {
      if (reconcilers::uses_secret(*backend, key)) {
        backend_controller.queue().add(backend->metadata.key());
      }
    }
  });
  caches.services.listen([this](const ObjectKey& key, const auto& before, const auto& now) {
    if (!is_new_wish(before, now)) return;
    service_controller.queue().add(key);
    for (const auto& instance : caches.instances.list(key.namespace_name)) {
      if (instance->spec.service_name == key.name) {
        instance_controller.queue().add(instance->metadata.key());
      }
    }
    wake_monitoring();
  });
  caches.instances.listen([this](const ObjectKey& key, const auto& before, const auto& now) {
    chain_times.look(key, before.get(), now.get());
    const auto& any = now != nullptr ? now : before;
    if (is_new_wish(before, now)) instance_controller.queue().add(key);
    if (before != nullptr && now != nullptr &&
        before->status.conditions == now->status.conditions &&
        before->status.address == now->status.address &&
        before->status.server.id == now->status.server.id && !is_new_wish(before, now)) {
      return;  // nothing that others look at
    }
    service_controller.queue().add_after({key.namespace_name, any->spec.service_name},
                                         gather_of_service());
    wake_monitoring();
  });
  caches.policies.listen([this](const ObjectKey& key, const auto& before, const auto& now) {
    chain_times.look(key, before.get(), now.get());
    const bool wish = is_new_wish(before, now);
    if (wish) {
      policy_controller.queue().add(key);
      wake_monitoring();
    }
    const bool told = !wish && before->status.conditions != now->status.conditions;
    if (!wish && !told) return;
    for (const auto& service : caches.services.list()) {
      service_controller.queue().add_after(service->metadata.key(), kGather);
    }
  });
  caches.namespaces.listen([this](const ObjectKey&, const auto& before, const auto& now) {
    if (before != nullptr && now != nullptr &&
        (*before)["metadata"]["labels"] == (*now)["metadata"]["labels"]) {
      return;
    }
    for (const auto& service : caches.services.list()) {
      service_controller.queue().add_after(service->metadata.key(), kGather);
    }
    wake_monitoring();
  });
  caches.backends.listen([this](const ObjectKey& key, const auto& before, const auto& now) {
    if (!is_new_wish(before, now)) return;
    backend_controller.queue().add(key);
    wake_monitoring();
  });
  clouds.listen([this](const ObjectKey& cloud, const std::vector<std::string>& changed) {
    on_cloud_sweep(cloud, changed);
  });
  back_tests.listen([this](const ObjectKey& policy) {
    policy_controller.queue().add_after(policy, kGatherBackend);
  });
  backends.listen([this](const ObjectKey& backend, const prometheus::PollChanges& changes) {
    on_prometheus_poll(backend, changes);
  });
}

// Does the Cloud's status show other numbers than the newest observation?
bool ControlPlane::Parts::quota_moved(const ObjectKey& key) const {
  const auto cloud = caches.clouds.get(key);
  const auto connection = clouds.find(key);
  if (cloud == nullptr || connection == nullptr) return false;
  const auto snapshot = connection->observer.snapshot();
  auto shown = cloud->status.quota.find("instances");
  if (snapshot == nullptr || shown == cloud->status.quota.end()) return false;
  return shown->second.used != snapshot->quota.instances.used ||
         shown->second.limit != snapshot->quota.instances.limit;
}

void ControlPlane::Parts::on_cloud_sweep(const ObjectKey& cloud,
                                         const std::vector<std::string>& changed) {
  // First: is it still our cloud? Nobody below may act before that is known.
  const auto connection = clouds.find(cloud);
  const bool trusted_before = connection != nullptr && connection->distrust().empty();
  cloud_reconciler.judge(cloud);
  const bool trusted = connection != nullptr && connection->distrust().empty();
  // After a good sweep a Cloud that could not log in does not wait for its backoff.
  const bool unverified = connection != nullptr && !connection->verified;
  if (!changed.empty() || trusted != trusted_before || quota_moved(cloud) || unverified ||
      (connection != nullptr && connection->observer.last_error())) {
    cloud_controller.queue().add_after(cloud, kGather);
  }
  if (changed.empty()) return;
  const std::set<std::string> ids(changed.begin(), changed.end());
  for (const auto& instance : caches.instances.list()) {
    if (ids.contains(instance->status.server.id)) {
      instance_controller.queue().add(instance->metadata.key());
    }
  }
}

void ControlPlane::Parts::on_prometheus_poll(const ObjectKey& backend,
                                             const prometheus::PollChanges& changes) {
  if (changes.empty()) return;
  backend_controller.queue().add_after(backend, kGather);
  for (const auto& policy : caches.policies.list()) {
    if (policy->spec.backend_ref.key(policy->metadata.namespace_name) == backend) {
      policy_controller.queue().add_after(policy->metadata.key(), kGather);
    }
  }
  const std::set<std::string> ids(changes.instances.begin(), changes.instances.end());
  for (const auto& instance : caches.instances.list()) {
    if (ids.contains(instance->status.server.id)) {
      instance_controller.queue().add(instance->metadata.key());
    }
  }
  std::set<std::string> services(changes.services.begin(), changes.services.end());
  if (changes.known) {
    for (const auto& binding : reconcilers::plan_bindings(context.monitoring_input(true))) {
      if (binding.backend == backend) services.insert(binding.service->metadata.uid);
    }
  }
  for (const auto& service : caches.services.list()) {
    if (services.contains(service->metadata.uid)) {
      service_controller.queue().add_after(service->metadata.key(), gather_of_service());
    }
  }
}

}  // namespace clickdeploy::app
