#include "controller/reconcilers/service/service_reconciler.h"

#include "controller/base/planted.h"
#include "controller/reconcilers/instance/resolve_internal.h"
#include "controller/reconcilers/service/rollout.h"
#include "controller/reconcilers/service/service_status.h"
#include "controller/reconcilers/service/zones.h"
#include "controller/reconcilers/trouble.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::Instance;
using api::v1alpha1::MonitoringPolicy;
using api::v1alpha1::Service;
using runtime::EventKind;
using runtime::ReconcileResult;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kResync{120'000};
constexpr milliseconds kBusy{2'000};
constexpr milliseconds kSoon{200};
constexpr milliseconds kQuotaPoll{15'000};
constexpr milliseconds kRolling{5'000};
// No look at the cloud is older.
constexpr milliseconds kTokensOutlive{3'600'000};

// Without what moves by itself.
api::v1alpha1::ServiceStatus still_parts(api::v1alpha1::ServiceStatus status) {
  status.last_sync_time.clear();
  return status;
}

const std::vector<std::string_view> kFinalizers{api::v1alpha1::kCloudFinalizer,
                                                api::v1alpha1::kTargetsFinalizer};

}  // namespace

ServiceReconciler::ServiceReconciler(Context& context)
    : context_(context),
      services_(context.client),
      instances_(context.client),
      shared_parts_(context) {}

Task<Result<ReconcileResult>> ServiceReconciler::reconcile(api::ObjectKey key) {
  const auto cached = context_.caches.services.get(key);
  if (cached == nullptr || !cached->metadata.is_deleting()) alone_since_.erase(key);
  if (cached == nullptr) {
    shared_parts_.forget(key);
    ages_.erase(key);
    forget_tokens(key);
    co_return ReconcileResult{};
  }
  Service service = *cached;
  if (!service.metadata.is_deleting()) {
    Result<void> added = co_await services_.add_finalizers(service.metadata, kFinalizers);
    if (!added) co_return std::unexpected(std::move(added).error());
  }
  Result<ServiceObserved> observed = co_await observe(service);
  if (!observed)
    co_return std::unexpected(std::move(observed).error().with_context("observe Service"));
  Result<bool> recorded = co_await settle_shared_parts(service, &*observed);
  if (!recorded) co_return std::unexpected(std::move(recorded).error());
  if (*recorded) co_return ReconcileResult{.requeue_after = kSoon};
  if (!service.metadata.is_deleting()) {
    Result<void> advanced = co_await advance(service, *observed);
    if (!advanced)
      co_return std::unexpected(std::move(advanced).error().with_context("history of Service"));
  }

  std::vector<ServiceStep> plan = plan_service(service, *observed);
  const bool observes =
      service.spec.management_policy == "Observe" && !service.metadata.is_deleting();
  std::optional<QuotaRoom> quota;
  if (count_creates(plan) > 0) {
    quota = observe_quota(service, count_creates(plan));
    if (quota) plan = within_quota(std::move(plan), *quota);
  }
  std::optional<Error> failure;
  bool finished = false;
  for (const ServiceStep& step : plan) {
    if (observes) break;
    finished = finished || std::holds_alternative<DropServiceFinalizers>(step);
    Result<void> done = co_await perform(service, *observed, step);
    if (!done) {
      failure = std::move(done).error().with_context("apply Service");
      break;
    }
  }
  if (finished && !failure) co_return ReconcileResult{};

  const Context::Monitoring monitoring = context_.monitoring_of(service);
  const auto backend = context_.caches.backends.get(monitoring.backend);
  std::string unseen;
  std::shared_ptr<const prometheus::PrometheusSnapshot> snapshot;
  std::shared_ptr<const prometheus::AlertmanagerView> alertmanager;
  if (const BackendConnection* connection = monitoring.connection.get()) {
    snapshot = connection->fresh_snapshot(&unseen);
    if (connection->alertmanager) alertmanager = connection->alertmanager->observer.view();
  } else {
    unseen = "MetricsBackend " + monitoring.backend.text() + " has no connection yet";
  }
  ServiceView view{.service = service,
                   .observed = *observed,
                   .plan = plan,
                   .policy = monitoring.policy.get(),
                   .backend = backend.get(),
                   .failure = failure,
                   .quota = quota,
                   .alerts = {snapshot.get(), unseen, alertmanager.get()},
                   .now = format_time(context_.clock.wall_now())};
  Service reported = *cached;
  reported.metadata = service.metadata;
  reported.status = report_service(view);
  if (still_parts(reported.status) != still_parts(cached->status)) {
    Result<Service> written = co_await services_.update_status(std::move(reported));
    if (!written)
      co_return std::unexpected(std::move(written).error().with_context("report Service"));
    record_trouble(context_.events, Service::kGvk, service.metadata, cached->status.conditions,
                   written->status.conditions);
  }
  if (failure) co_return std::unexpected(*failure);
  const bool busy = (!plan.empty() && !observes) || service.metadata.is_deleting() ||
                    !observed->waiting_for.empty();
  const bool short_of_quota = quota && quota->servers < quota->wanted;
  const bool rolling = service.status.rollout.state == kRolloutProgressing;
  co_return ReconcileResult{.requeue_after = short_of_quota ? kQuotaPoll
                                             : busy         ? kBusy
                                             : rolling      ? kRolling
                                                            : kResync};
}

// They come before the first Instance and go after the last.
Task<Result<bool>> ServiceReconciler::settle_shared_parts(Service service,
                                                          ServiceObserved* observed) {
  if (service.spec.template_spec.is_machine()) co_return false;
  const bool deleting = service.metadata.is_deleting();
  const bool observes = service.spec.management_policy == "Observe";
  const bool idle = service.spec.paused || observes || !observed->waiting_for.empty();
  if (deleting ? !observed->instances.empty() : idle) co_return false;
  const std::string revision = service_revision(service, *observed);
  std::vector<api::v1alpha1::AgentSpec> agents = observed->agents;
  bool old_instances = false;
  for (const Instance& instance : observed->instances) {
    agents.insert(agents.end(), instance.spec.agents.begin(), instance.spec.agents.end());
    old_instances = old_instances || !is_up_to_date(instance, *observed, revision);
  }
  SharedWanted wanted = shared_parts_.wanted(service, agents, old_instances);
  const bool needed = !wanted.empty();
  Result<std::vector<api::v1alpha1::OwnedResource>> settled =
      co_await shared_parts_.settle(service, std::move(wanted));
  if (!settled) {
    std::string& why = deleting ? observed->parts_left : observed->waiting_for;
    if (deleting || needed) why = "groups in the cloud: " + settled.error().message();
    co_return false;
  }
  if (*settled == service.status.resources || deleting) co_return false;
  service.status.resources = *std::move(settled);
  Result<Service> written = co_await services_.update_status(std::move(service));
  if (!written)
    co_return std::unexpected(std::move(written).error().with_context("report Service"));
  co_return true;
}

// The Instances are listed from the API, not from the cache: a stale cache would create twice.
Task<Result<ServiceObserved>> ServiceReconciler::observe(Service service) {
  ServiceObserved observed;
  client::ResourcePath path = client::ResourcePath::of(Instance::kGvk);
  client::Query query{
      {"labelSelector", std::string(api::v1alpha1::kServiceLabel) + "=" + service.metadata.name}};
  Result<client::ObjectList> list =
      co_await context_.client.list(path, service.metadata.namespace_name, std::move(query));
  if (!list) co_return std::unexpected(std::move(list).error());
  for (const Json& item : list->items) {
    Result<Instance> instance = read_instance(item);
    if (!instance) co_return std::unexpected(std::move(instance).error());
    const bool ours =
        std::ranges::any_of(instance->metadata.owner_references,
                            [&](const auto& owner) { return owner.uid == service.metadata.uid; });
    if (ours) observed.instances.push_back(*std::move(instance));
  }
  if (planted(Bug::StaleInstanceList)) {
    observed.instances.clear();
    for (const auto& cached : context_.caches.instances.list(service.metadata.namespace_name)) {
      if (cached->spec.service_name == service.metadata.name) observed.instances.push_back(*cached);
    }
  }
  const Context::Monitoring monitoring = context_.monitoring_of(service);
  if (monitoring.policy != nullptr) {
    observed.agents = wanted_agents(*monitoring.policy);
    observed.replace_drifted = monitoring.policy->spec.on_drift == "Replace";
  }

  const api::ObjectKey cloud_key = service.spec.cloud_ref.key(service.metadata.namespace_name);
  const auto cloud = context_.caches.clouds.get(cloud_key);
  observed.project_id = service.spec.project_id;
  if (cloud == nullptr) {
    observed.waiting_for =
        "Cloud " + cloud_key.text() + " does not exist; create it, or correct spec.cloudRef";
  } else if (!context_.caches.reference_allowed(service.metadata.namespace_name,
                                                cloud_key.namespace_name,
                                                cloud->spec.allowed_namespaces)) {
    observed.waiting_for = "Cloud " + cloud_key.text() + " does not allow namespace " +
                           service.metadata.namespace_name + "; see its spec.allowedNamespaces";
  } else if (observed.project_id.empty()) {
    observed.project_id = cloud->status.identity.project_id;
    if (observed.project_id.empty()) {
      observed.waiting_for =
          "Cloud " + cloud_key.text() + " is not verified yet; see its conditions";
    }
  }
  observe_cloud(service, observed);
  observe_machines(service, observed);
  const bool first = observed.instances.empty() && !service.metadata.is_deleting();
  const auto connection = context_.clouds.find(cloud_key);
  const bool unseen = connection == nullptr || connection->observer.snapshot() == nullptr;
  if (first && observed.waiting_for.empty() && unseen) {
    observed.waiting_for =
        "Cloud " + cloud_key.text() + " has not been observed yet; its quota is not known";
  }
  if (first && observed.waiting_for.empty()) {
    Result<std::string> waiting = co_await unobserved_policy(service);
    if (!waiting) co_return std::unexpected(std::move(waiting).error());
    observed.waiting_for = *std::move(waiting);
  }
  if (service.metadata.is_deleting() && observed.instances.empty()) {
    alone_since_.try_emplace(service.metadata.key(), context_.clock.steady_now());
    std::string unobserved;
    const std::vector<std::string> left = targets_known(service, &unobserved);
    observed.targets_left = unobserved;
    if (!left.empty()) {
      observed.targets_left = "Prometheus still knows " + join(left, ", ");
    }
  }
  co_return observed;
}

void ServiceReconciler::forget_tokens(const api::ObjectKey& gone) {
  const SteadyTime now = context_.clock.steady_now();
  auto known = known_tokens_.find(gone);
  if (known != known_tokens_.end() && !known->second.gone_since) known->second.gone_since = now;
  std::erase_if(known_tokens_, [now](const auto& entry) {
    return entry.second.gone_since && now - *entry.second.gone_since > kTokensOutlive;
  });
}

void ServiceReconciler::observe_cloud(const Service& service, ServiceObserved& observed) {
  const api::ObjectKey key = service.spec.cloud_ref.key(service.metadata.namespace_name);
  const auto connection = context_.clouds.find(key);
  KnownTokens& known = known_tokens_[service.metadata.key()];
  const auto snapshot = connection == nullptr ? nullptr : connection->observer.snapshot();
  if (known.gone_since && snapshot != nullptr && snapshot->started_at > *known.gone_since) {
    known = {};
  }
  for (const Instance& instance : observed.instances) {
    if (!instance.status.claim.token.empty()) known.tokens.insert(instance.status.claim.token);
  }
  const auto wanted = static_cast<std::size_t>(service.spec.replicas);
  if (!observed.waiting_for.empty() || observed.instances.size() >= wanted) return;
  const std::string distrust =
      connection == nullptr ? "it has no connection yet" : connection->distrust();
  if (!distrust.empty()) {
    // What is there already is not known, so nothing is made.
    observed.waiting_for = "Cloud " + key.text() + ": " + distrust;
    return;
  }
  // Made is what is not there: only a whole list shows that.
  connection->observer.want_whole();
  if (!connection->observer.whole()) {
    connection->observer.poke();
    observed.waiting_for = "waiting for a look at all servers of Cloud " + key.text();
    return;
  }
  if (known.gone_since) {
    observed.waiting_for = "waiting for a look at Cloud " + key.text() +
                           " that shows what an earlier Service of this name has left";
    return;
  }
  AccountedFor accounted;
  accounted.tokens = known.tokens;
  auto account_for = [&accounted](const Instance& instance) {
    accounted.tokens.insert(instance.status.claim.token);
    accounted.tokens.insert(instance.spec.adopt.token);
    accounted.servers.insert(instance.status.server.id);
    accounted.servers.insert(instance.spec.adopt.server_id);
  };
  for (const auto& instance : context_.caches.instances.list()) account_for(*instance);
  for (const Instance& instance : observed.instances) account_for(instance);
  observed.adoptable = adoptable_servers(service, snapshot->servers, context_.cluster_id, accounted,
                                         service_revision(service, observed));
  const std::vector<std::string> awaited = servers_awaited(service, snapshot->servers, accounted);
  if (observed.adoptable.empty() && !awaited.empty()) {
    const std::size_t others = awaited.size() - 1;
    observed.waiting_for = "waiting for servers of spec.adopt.filter that are still being built, " +
                           awaited.front() +
                           (others == 0 ? "" : " and " + std::to_string(others) + " more") +
                           "; none is made beside them. Delete what hangs, or narrow the filter";
  }
}

Task<Result<void>> ServiceReconciler::adopt(const Service& service, const ServiceObserved& observed,
                                            const AdoptableServer& server) {
  const std::string revision =
      server.revision.empty() ? service_revision(service, observed) : server.revision;
  Instance instance = make_instance(service, observed, revision, context_.random.name_suffix(4));
  const bool taken = std::ranges::any_of(observed.instances, [&](const Instance& each) {
    return each.metadata.name == server.instance_name;
  });
  if (!server.instance_name.empty() && !taken) instance.metadata.name = server.instance_name;
  instance.spec.adopt = {.server_id = server.token.empty() ? server.server_id : "",
                         .token = server.token,
                         .identity = server.identity};
  Result<void> created = co_await create(std::move(instance));
  if (!created) co_return created;
  context_.events.record(Service::kGvk, service.metadata, EventKind::Normal, "ServerAdopted",
                         "server " + server.server_id + " (" + server.server_name + ")" +
                             (server.token.empty() ? " matches spec.adopt.filter"
                                                   : " carries the mark of this Service"));
  co_return Result<void>{};
}

// The cache has most of them decoded: an object of the same version is the same.
Result<Instance> ServiceReconciler::read_instance(const Json& item) const {
  const Json& metadata = item["metadata"];
  const auto cached = context_.caches.instances.get(
      {metadata["namespace"].as_string(), metadata["name"].as_string()});
  if (cached != nullptr && cached->metadata.uid == metadata["uid"].as_string() &&
      cached->metadata.resource_version == metadata["resourceVersion"].as_string()) {
    return *cached;
  }
  return api::decode<Instance>(item);
}

// Agents are installed at the first boot: a server that was made without those of a policy that the
// cache does not have yet would be replaced at once.
Task<Result<std::string>> ServiceReconciler::unobserved_policy(Service service) {
  client::ResourcePath path = client::ResourcePath::of(MonitoringPolicy::kGvk);
  Result<client::ObjectList> list = co_await context_.client.list(path, "");
  if (!list) co_return std::unexpected(std::move(list).error());
  MonitoringInput input = context_.monitoring_input(false);
  input.policies.clear();
  for (const Json& item : list->items) {
    Result<MonitoringPolicy> policy = api::decode<MonitoringPolicy>(item);
    if (!policy) co_return std::unexpected(std::move(policy).error());
    input.policies.push_back(std::make_shared<const MonitoringPolicy>(*std::move(policy)));
  }
  const auto applied = applied_policy(service, input);
  if (applied == nullptr) co_return std::string();
  const auto known = context_.monitoring_of(service).policy;
  if (known != nullptr && wanted_agents(*known) == wanted_agents(*applied)) co_return std::string();
  co_return "MonitoringPolicy " + applied->metadata.key().text() +
      " is not observed yet; its agents are installed when a server is made";
}

std::vector<std::string> ServiceReconciler::targets_known(const Service& service,
                                                          std::string* unobserved) const {
  std::vector<std::string> left;
  const api::ObjectKey bound = context_.monitoring_of(service).backend;
  // After a start nobody has looked yet.
  if (context_.caches.backends.get(bound) != nullptr && context_.backends.find(bound) == nullptr) {
    *unobserved = "MetricsBackend " + bound.text() + " has not been looked at yet";
  }
  for (const auto& [key, connection] : context_.backends.all()) {
    std::string why;
    const auto snapshot = connection->fresh_snapshot(&why);
    // A backend that cannot be seen holds up only the Services that are bound to it.
    if (snapshot == nullptr && key == bound) *unobserved = why;
    if (snapshot == nullptr) continue;
    // What was seen earlier proves nothing: Prometheus may have found the last targets since.
    const bool old = snapshot->started_at <= alone_since_.at(service.metadata.key());
    if (old && key == bound && !planted(Bug::OldProofOfTargets)) {
      *unobserved = "Prometheus at " + connection->access.url +
                    " was not observed since the last target went";
    }
    for (const prometheus::ActiveTarget& target : snapshot->targets) {
      auto label = target.labels.find("service_id");
      if (label != target.labels.end() && label->second == service.metadata.uid) {
        left.push_back(target.scrape_url);
      }
    }
  }
  return left;
}

Task<Result<void>> ServiceReconciler::perform(const Service& service,
                                              const ServiceObserved& observed, ServiceStep step) {
  if (auto* more = std::get_if<CreateInstances>(&step)) {
    const bool spread = !service.spec.template_spec.availability_zones.empty();
    std::vector<Instance> there = spread ? observed.instances : std::vector<Instance>();
    for (std::int64_t i = 0; i < more->count; ++i) {
      const std::string suffix = context_.random.name_suffix(4);
      Instance instance = make_instance(more->of_completed ? *observed.completed : service,
                                        observed, more->revision, suffix);
      instance.spec.availability_zone = choose_zone(service, there, more->revision);
      if (spread) there.push_back(instance);
      Result<void> created = co_await create(std::move(instance));
      if (!created) co_return std::unexpected(std::move(created).error());
    }
    context_.events.record(Service::kGvk, service.metadata, EventKind::Normal, "InstancesCreated",
                           std::to_string(more->count) + " of revision " + more->revision);
  } else if (auto* existing = std::get_if<AdoptInstance>(&step)) {
    Result<void> adopted = co_await adopt(service, observed, existing->server);
    if (!adopted) co_return adopted;
  } else if (auto* detach = std::get_if<DetachInstance>(&step)) {
    api::ObjectKey key{service.metadata.namespace_name, detach->name};
    Json patch = Json::object({{"spec", Json::object({{"deletionPolicy", detach->policy}})}});
    Result<Instance> patched = co_await instances_.merge_patch(key, std::move(patch));
    if (!patched) co_return std::unexpected(std::move(patched).error());
  } else if (auto* gone = std::get_if<DeleteInstance>(&step)) {
    api::ObjectKey key{service.metadata.namespace_name, gone->name};
    Result<void> removed = co_await instances_.remove(key, gone->uid);
    if (!removed) co_return std::unexpected(std::move(removed).error());
    context_.events.record(Service::kGvk, service.metadata, EventKind::Normal, "InstanceDeleted",
                           gone->name + ": " + gone->why);
  } else if (auto* update = std::get_if<UpdateInstance>(&step)) {
    api::ObjectKey key{service.metadata.namespace_name, update->name};
    const auto before = std::ranges::find(observed.instances, update->name,
                                          [](const Instance& each) { return each.metadata.name; });
    const std::string revision = service_revision(service, observed);
    const Json now = api::encode(updated_in_place(*before, service, observed, revision));
    const Json& spec = now["spec"];
    Json metadata = Json::object();
    for (const auto& [name, value] : before->spec.server.metadata) metadata.set(name, nullptr);
    for (const auto& [name, value] : spec["server"]["metadata"].as_object()) {
      metadata.set(name, value);
    }
    Json wanted = Json::object({{"remediation", spec["remediation"]}, {"agents", spec["agents"]}});
    // Of a machine only the agents change in place.
    if (!before->spec.server.is_machine()) {
      Json server = Json::object(
          {{"networks", spec["server"]["networks"]}, {"metadata", std::move(metadata)}});
      for (const char* field : {"rootVolume", "volumes"}) {
        if (spec["server"].contains(field)) server.set(field, spec["server"][field]);
      }
      wanted.set("server", std::move(server));
    }
    Json patch = Json::object(
        {{"metadata", Json::object({{"labels", now["metadata"]["labels"]}})}, {"spec", wanted}});
    Result<Instance> patched = co_await instances_.merge_patch(key, std::move(patch));
    if (!patched) co_return std::unexpected(std::move(patched).error());
  } else {
    api::ObjectMeta metadata = service.metadata;
    Result<void> dropped = co_await services_.drop_finalizers(metadata, kFinalizers);
    if (!dropped) co_return std::unexpected(std::move(dropped).error());
  }
  co_return Result<void>{};
}

Task<Result<void>> ServiceReconciler::create(Instance instance) {
  Result<Instance> created = co_await instances_.create(std::move(instance));
  if (!created)
    co_return std::unexpected(std::move(created).error().with_context("create Instance"));
  co_return Result<void>{};
}

}  // namespace clickdeploy::reconcilers
