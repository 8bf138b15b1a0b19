#include "tests/bench/fleet_world.h"

#include "tests/bench/fleet.h"
#include "tests/bench/stack.h"

namespace clickdeploy::bench {

using api::ObjectKey;
using api::v1alpha1::Instance;

namespace {

constexpr const char* kApi = "http://clickdeploy.local";
const ObjectKey kCloud{"default", "prod"};
const ObjectKey kBackend{"default", "main"};

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error().message());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

Json service_entry(const char* type, const char* url) {
  const Json endpoint = Json::object({{"interface", "public"}, {"region", "One"}, {"url", url}});
  return Json::object({{"type", type}, {"endpoints", Json::array({endpoint})}});
}

Task<bool> stop_all(TaskGroup& tasks, reconcilers::CloudConnections& clouds,
                    reconcilers::BackendConnections& backends, store::ObjectStore& store) {
  tasks.cancel();
  co_await tasks.join();
  co_await clouds.stop();
  co_await backends.stop();
  co_await store.stop();
  co_return true;
}

}  // namespace

FleetWorld::FleetWorld(const std::string& database, std::size_t service_count, std::size_t replicas)
    : store_(open_store(database, context_.get_executor())),
      api_(std::make_unique<apiserver::ApiServer>(*store_, api::builtin_scheme(), clock_, random_,
                                                  apiserver::ApiServerOptions{})),
      client_(http_, {.server = kApi, .field_manager = "bench", .omit_managed_fields = true}),
      caches_(client_, clock_, random_),
      clouds_(http_, clock_, context_.get_executor()),
      backends_(http_, clock_, context_.get_executor(), std::chrono::seconds(5)),
      events_(client_, clock_, "bench"),
      parts_{client_,
             http_,
             clock_,
             random_,
             caches_,
             clouds_,
             backends_,
             events_,
             store_->cluster_id(),
             {disk_, context_.get_executor(), ""},
             context_.get_executor()},
      tasks_(context_.get_executor()),
      instances_(parts_),
      services_(parts_) {
  http_.route(kApi, [this](http::Request request) { return api_->handle(std::move(request)); });
  for (const char* origin : {"http://keystone:5000", "http://nova:8774", "http://neutron:9696",
                             "http://glance:9292", "http://prometheus:9090"}) {
    http_.route(origin, [this](http::Request request) { return answer(std::move(request)); });
  }
  must(run(api_->bootstrap()));
  tasks_.start("clouds", caches_.clouds.run());
  tasks_.start("backends", caches_.backends.run());
  tasks_.start("services", caches_.services.run());
  tasks_.start("instances", caches_.instances.run());
  tasks_.start("policies", caches_.policies.run());
  tasks_.start("namespaces", caches_.namespaces.run());
  connect();
  make_objects(service_count, replicas);
  make_servers();
  clouds_.find(kCloud)->observer.poke();
  settle();
  reconcile_until_quiet();
}

FleetWorld::~FleetWorld() {
  run(stop_all(tasks_, clouds_, backends_, *store_));
}

void FleetWorld::make_objects(std::size_t service_count, std::size_t replicas) {
  using api::v1alpha1::Cloud;
  using api::v1alpha1::MetricsBackend;
  using api::v1alpha1::MonitoringPolicy;
  using api::v1alpha1::Service;
  must(run(client::TypedClient<Cloud>(client_).create(sample_cloud())));
  must(run(client::TypedClient<MetricsBackend>(client_).create(sample_backend())));
  must(run(client::TypedClient<MonitoringPolicy>(client_).create(sample_policy())));
  for (std::size_t i = 0; i < service_count; ++i) {
    must(run(client::TypedClient<Service>(client_).create(sample_service(i, replicas))));
  }
  settle();
  const std::size_t wanted = service_count * replicas;
  for (int pass = 0; caches_.instances.size() < wanted; ++pass) {
    if (pass == 100) give_up("the Services do not come to their Instances");
    for (const auto& service : caches_.services.list()) {
      must(run(services_.reconcile(service->metadata.key())));
    }
    settle();
  }
}

void FleetWorld::make_servers() {
  client::TypedClient<Instance> writer(client_);
  for (const auto& cached : caches_.instances.list()) {
    Instance instance = *cached;
    make_healthy(instance, fleet_.size());
    must(run(writer.update_status(instance)));
    fleet_.push_back(std::move(instance));
  }
  settle();
}

void FleetWorld::connect() {
  openstack::Credentials credentials;
  credentials.auth_url = "http://keystone:5000/v3";
  credentials.username = "bench";
  credentials.password = SecretString("bench");
  credentials.project_name = "bench";
  const auto cloud = clouds_.ensure(kCloud, credentials, sample_cloud().spec);
  const auto backend =
      backends_.ensure(kBackend, {.prometheus = {.url = sample_backend().spec.url}});
  cloud->frozen.clear();
  cloud->verified = true;
  settle();
  if (!cloud->distrust().empty()) give_up(cloud->distrust());
  std::string why;
  if (backend->fresh_snapshot(&why) == nullptr) give_up(why);
}

// What the reconcilers derive is written, until they have nothing new to say.
void FleetWorld::reconcile_until_quiet() {
  for (int pass = 0; pass < 10; ++pass) {
    const store::Revision before = revision();
    for (const auto& instance : caches_.instances.list()) {
      must(run(instances_.reconcile(instance->metadata.key())));
    }
    settle();
    for (const auto& service : caches_.services.list()) {
      must(run(services_.reconcile(service->metadata.key())));
    }
    settle();
    if (revision() == before) return;
  }
  give_up("the fleet does not come to rest");
}

// Keystone, Nova, Neutron and Prometheus, told apart by their paths.
Task<http::Reply> FleetWorld::answer(http::Request request) {
  http::Reply reply;
  reply.response.headers = {{"Content-Type", "application/json"}};
  const auto asks = [&request](std::string_view path) {
    return request.url.find(path) != std::string::npos;
  };
  Json body = Json::object();
  if (asks("/auth/tokens")) {
    reply.response.status = 201;
    reply.response.headers.push_back({"X-Subject-Token", "token"});
    Json catalog = Json::array({service_entry("compute", "http://nova:8774/v2.1"),
                                service_entry("network", "http://neutron:9696"),
                                service_entry("image", "http://glance:9292")});
    body = Json::object(
        {{"token", Json::object({{"issued_at", format_micro_time(now())},
                                 {"expires_at", format_micro_time(now() + std::chrono::hours(9))},
                                 {"project", Json::object({{"id", "p"}})},
                                 {"user", Json::object({{"id", "u"}})},
                                 {"catalog", std::move(catalog)}})}});
  } else if (asks("/servers/detail")) {
    body = nova_servers(fleet_);
  } else if (asks("/ports")) {
    body = neutron_ports(fleet_);
  } else if (asks("/limits")) {
    body = Json::object(
        {{"limits", Json::object({{"absolute", Json::object({{"maxTotalInstances", -1}})}})}});
  } else if (asks("/v2.1")) {
    body = Json::object(
        {{"version", Json::object({{"id", "v2.1"}, {"min_version", "2.1"}, {"version", "2.93"}})}});
  } else if (asks("/api/v1/")) {
    Json data = Json::object({{"version", "2.42.0"}, {"reloadConfigSuccess", true}});
    if (asks("/targets")) data = prometheus_targets(fleet_);
    if (asks("/rules")) data = Json::object({{"groups", Json::array()}});
    body = Json::object({{"status", "success"}, {"data", std::move(data)}});
  }
  reply.response.body = to_json(body);
  co_return reply;
}

}  // namespace clickdeploy::bench
