#include "tests/bench/fleet.h"

#include <fmt/format.h>

namespace clickdeploy::bench {

using api::Condition;
using api::ConditionStatus;
using api::v1alpha1::Instance;
using api::v1alpha1::InstanceStatus;

namespace {

constexpr const char* kProject = "3f0c6d1f2f5a4c0f9b7d1e2a3b4c5d6e";

std::string id_of(const char* kind, std::size_t index) {
  return fmt::format("{}-4b6d-4c9e-8a2f-{:012d}", kind, index);
}

std::string address_of(std::size_t index) {
  return fmt::format("10.20.{}.{}", index / 250, index % 250 + 1);
}

api::v1alpha1::ServerTemplate sample_template() {
  return {.image = {.name = "ubuntu-22.04"},
          .flavors = {{.name = "m1.medium"}},
          .networks = {{.name = "app",
                        .network = {.name = "app-net"},
                        .security_groups = {{.name = "web"}, {.name = "monitoring"}},
                        .scrape = true}},
          .key_name = "ops",
          .user_data = {.inline_text = "#cloud-config\npackages: [nginx]\n"},
          .metadata = {{"owner", "shop"}}};
}

Condition true_condition(const char* type, std::string message) {
  return {.type = type,
          .status = ConditionStatus::True,
          .reason = std::string(api::kSucceeded),
          .message = std::move(message),
          .observed_generation = 1,
          .last_transition_time = kScrapedAt};
}

}  // namespace

Instance sample_instance(std::size_t index) {
  Instance instance;
  instance.metadata.name = fmt::format("instance-{:05d}", index);
  instance.metadata.namespace_name = "default";
  instance.metadata.labels = {{"app", "web"},
                              {std::string(api::v1alpha1::kServiceLabel), "web"},
                              {std::string(api::v1alpha1::kRevisionLabel), "9f86d081"}};
  instance.metadata.finalizers = {std::string(api::v1alpha1::kCloudFinalizer)};
  instance.spec.cloud_ref.name = "prod";
  instance.spec.service_name = "web";
  instance.spec.project_id = kProject;
  instance.spec.server = sample_template();
  instance.spec.agents = {{.name = "node-exporter", .port = 9100}};
  make_healthy(instance, index);
  return instance;
}

void make_healthy(Instance& instance, std::size_t index) {
  const std::string& name = instance.metadata.name;
  const std::string address = address_of(index);
  InstanceStatus& status = instance.status;
  status.observed_generation = 1;
  status.phase = "Running";
  status.claim = {.token = fmt::format("{:032x}", index),
                  .state = "Confirmed",
                  .since = kScrapedAt,
                  .attempts = 0};
  status.server = {.id = id_of("5e6f0001", index), .state = "ACTIVE"};
  status.resources = {{"Port", id_of("5e6f0002", index), name + "-app", "ACTIVE"},
                      {"Server", status.server.id, name, "ACTIVE"}};
  status.addresses = {{"InternalIP", address, "app-net"}};
  status.address = address;
  status.resolved = {
      .image_id = id_of("5e6f0003", 1), .flavor_id = id_of("5e6f0004", 1), .at = kScrapedAt};
  status.bootstrap = {"Succeeded", 41};
  status.booted_at = kScrapedAt;
  status.agents = {{.name = "node-exporter",
                    .state = "Up",
                    .version = "1.5.0",
                    .address = address + ":9100",
                    .last_scrape = kScrapedAt,
                    .reported_id = instance.metadata.uid.empty() ? id_of("5e6f0005", index)
                                                                 : instance.metadata.uid}};
  status.agents_summary = "1/1";
  status.scraped = kScrapedAt;
  status.last_sync_time = kScrapedAt;
  status.conditions = {
      true_condition("InfrastructureReady", "server " + status.server.id + " is ACTIVE"),
      true_condition("AgentsHealthy", "1/1 agents answer as this Instance"),
      true_condition("TargetScraped", std::string("the last sample is from ") + kScrapedAt),
      true_condition("Ready", "the server is up and its agents are scraped")};
}

api::v1alpha1::Cloud sample_cloud() {
  api::v1alpha1::Cloud cloud;
  cloud.metadata.name = "prod";
  cloud.metadata.namespace_name = "default";
  cloud.spec.credentials = {.secret_ref = {"prod", "clouds.yaml"}, .cloud_name = "prod"};
  return cloud;
}

api::v1alpha1::MetricsBackend sample_backend() {
  api::v1alpha1::MetricsBackend backend;
  backend.metadata.name = "main";
  backend.metadata.namespace_name = "default";
  backend.spec.url = "http://prometheus:9090";
  backend.spec.targets_directory = "/etc/prometheus/targets";
  backend.spec.rules_directory = "/etc/prometheus/rules";
  return backend;
}

api::v1alpha1::MonitoringPolicy sample_policy() {
  api::v1alpha1::MonitoringPolicy policy;
  policy.metadata.name = "base";
  policy.metadata.namespace_name = "default";
  policy.spec.service_selector = *api::LabelSelector::parse("tier=front");
  policy.spec.backend_ref.name = "main";
  policy.spec.agents = {{.name = "node-exporter", .port = 9100}};
  return policy;
}

api::v1alpha1::Service sample_service(std::size_t index, std::size_t replicas) {
  api::v1alpha1::Service service;
  service.metadata.name = fmt::format("web-{:03d}", index);
  service.metadata.namespace_name = "default";
  service.metadata.labels = {{"tier", "front"}};
  service.spec.cloud_ref.name = "prod";
  service.spec.project_id = kProject;
  service.spec.replicas = static_cast<std::int64_t>(replicas);
  service.spec.template_labels = {{"app", "web"}};
  service.spec.template_spec = sample_template();
  return service;
}

Json nova_servers(const std::vector<Instance>& instances) {
  Json servers = Json::array();
  for (const Instance& instance : instances) {
    const Json address = Json::object(
        {{"addr", instance.status.address}, {"version", 4}, {"OS-EXT-IPS:type", "fixed"}});
    servers.push_back(Json::object(
        {{"id", instance.status.server.id},
         {"name", instance.metadata.name},
         {"status", "ACTIVE"},
         {"OS-EXT-STS:vm_state", "active"},
         {"created", kScrapedAt},
         {"addresses", Json::object({{"app-net", Json::array({address})}})},
         {"tags", Json::array({Json("clickdeploy-claim-" + instance.status.claim.token),
                               Json("clickdeploy-cluster-00000000")})}}));
  }
  return Json::object({{"servers", std::move(servers)}});
}

Json neutron_ports(const std::vector<Instance>& instances) {
  Json ports = Json::array();
  for (const Instance& instance : instances) {
    const Json ip = Json::object({{"ip_address", instance.status.address}});
    ports.push_back(Json::object({{"id", instance.status.resources.front().id},
                                  {"name", instance.status.resources.front().name},
                                  {"status", "ACTIVE"},
                                  {"device_id", instance.status.server.id},
                                  {"fixed_ips", Json::array({ip})}}));
  }
  return Json::object({{"ports", std::move(ports)}});
}

Json prometheus_targets(const std::vector<Instance>& instances) {
  Json targets = Json::array();
  for (const Instance& instance : instances) {
    const Json labels = Json::object({{"managed_by", "click-deploy"},
                                      {"instance_id", instance.status.server.id},
                                      {"agent", "node-exporter"}});
    targets.push_back(
        Json::object({{"labels", labels}, {"health", "up"}, {"lastScrape", kScrapedAt}}));
  }
  return Json::object({{"activeTargets", std::move(targets)}});
}

}  // namespace clickdeploy::bench
