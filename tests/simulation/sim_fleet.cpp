#include "tests/simulation/sim_fleet.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace clickdeploy::simulation {

using namespace std::chrono_literals;

std::string secret_manifest(const std::string& user, const std::string& project) {
  return fmt::format(R"(
apiVersion: v1
kind: Secret
metadata: {{name: sim, namespace: platform}}
type: Opaque
stringData:
  clouds.yaml: |
    clouds:
      sim:
        auth:
          auth_url: http://cloud.sim/identity/v3
          username: {}
          password: {}
          project_name: {}
          user_domain_id: default
          project_domain_id: default
        region_name: RegionOne
)",
                     user, kCloudPassword, project);
}

std::string policy_manifest(const std::string& alert_expression) {
  return fmt::format(R"(
apiVersion: clickdeploy.io/v1alpha1
kind: MonitoringPolicy
metadata: {{name: base, namespace: platform}}
spec:
  serviceSelector: {{matchLabels: {{tier: front}}}}
  namespaceSelector: {{matchLabels: {{team: web}}}}
  backendRef: {{name: main}}
  agents:
  - name: node-exporter
    install: {{method: Package}}
    version: "1.5.0"
    port: 9100
  repair: {{onDrift: Replace}}
  scrape: {{interval: 5s, timeout: 5s}}
  metrics: {{mapping: Enabled}}
  rules:
    scopeToServices: false
    groups:
    - name: node
      rules:
      - alert: HighCPU
        expr: "{}"
        for: 5m
        labels: {{severity: page}}
)",
                     alert_expression);
}

std::string platform_manifests() {
  return R"(
apiVersion: v1
kind: Namespace
metadata: {name: platform}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: web}}
---)" + secret_manifest("controller", "demo") +
         R"(---
apiVersion: clickdeploy.io/v1alpha1
kind: Cloud
metadata: {name: sim, namespace: platform}
spec:
  type: OpenStack
  credentials: {secretRef: {name: sim, key: clouds.yaml}, cloudName: sim}
  region: RegionOne
  allowedNamespaces: {matchLabels: {team: web}}
---
apiVersion: clickdeploy.io/v1alpha1
kind: MetricsBackend
metadata: {name: main, namespace: platform}
spec:
  type: Prometheus
  url: http://prometheus.sim:9090
  allowedNamespaces: {}
  targets: {type: FileSD, directory: /prometheus/targets}
  rules: {directory: /prometheus/rules, reload: HTTP}
---)" + policy_manifest("click_deploy_service_cpu_usage_percent > 90");
}

std::string service_manifest(int replicas, const std::string& image) {
  return fmt::format(R"(
apiVersion: clickdeploy.io/v1alpha1
kind: Service
metadata: {{name: web, namespace: shop, labels: {{tier: front}}}}
spec:
  cloudRef: {{name: sim, namespace: platform}}
  replicas: {}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      image: {{name: {}}}
      flavors: [{{name: m1.small}}]
      networks:
      - {{name: app, network: {{name: app-net}}, scrape: true}}
      metadata: {{owner: shop}}
  rollout: {{maxSurge: 1, maxUnavailable: 0}}
  remediation:
    enabled: true
    unhealthyAfterSeconds: 60
    startupTimeoutSeconds: 300
    steps: [SoftReboot, HardReboot, Replace]
    maxUnhealthy: "20%"
    maxInFlight: 1
    maxRetries: 3
)",
                     replicas, image);
}

void apply_fleet(SimWorld& world, int replicas) {
  world.apply(platform_manifests());
  world.apply(service_manifest(replicas));
}

void make_fleet(SimWorld& world, int replicas) {
  apply_fleet(world, replicas);
  ASSERT_TRUE(world.run_until([&] { return is_converged(world, replicas); }, 5min))
      << describe(world);
}

const Json& condition(const Json& object, const std::string& type) {
  static const Json kNone;
  for (const Json& each : object["status"]["conditions"].as_array()) {
    if (each["type"].as_string() == type) return each;
  }
  return kNone;
}

bool is_condition(const Json& object, const std::string& type, const std::string& status) {
  return condition(object, type)["status"].as_string() == status;
}

bool is_converged(const SimWorld& world, int replicas) {
  const auto wanted = static_cast<std::size_t>(replicas);
  if (world.checker.our_servers().size() != wanted || world.checker.our_ports().size() != wanted ||
      world.prometheus.targets() != wanted) {
    return false;
  }
  const Json& service = world.object(kServices, kWeb);
  if (!is_condition(service, "Ready", "True") || !is_condition(service, "UpToDate", "True") ||
      !is_condition(service, "RulesLoaded", "True")) {
    return false;
  }
  const Json& status = service["status"];
  return status["replicas"].as_int() == replicas &&
         status["monitoredReplicas"].as_int() == replicas &&
         status["observedGeneration"] == service["metadata"]["generation"] &&
         is_condition(world.object(kBackends, kBackend), "Ready", "True");
}

std::string describe(const SimWorld& world) {
  std::string text = fmt::format("{} servers, {} ports, {} targets in Prometheus\n",
                                 world.checker.our_servers().size(),
                                 world.checker.our_ports().size(), world.prometheus.targets());
  for (const std::string& resource : {kClouds, kBackends, kPolicies, kServices, kInstances}) {
    for (const Json& object : world.objects(resource)) {
      text += resource + " " + object["metadata"]["name"].as_string() + " " +
              to_json(object["status"]) + "\n";
    }
  }
  return text;
}

std::vector<std::string> our_server_ids(const SimWorld& world) {
  std::vector<std::string> ids;
  for (const localcloud::Server* server : world.checker.our_servers()) ids.push_back(server->id);
  return ids;
}

Json instance_of(const SimWorld& world, const std::string& server_id) {
  for (const Json& instance : world.objects(kInstances)) {
    if (instance["status"]["server"]["id"].as_string() == server_id) return instance;
  }
  return {};
}

std::int64_t ready_instances(const SimWorld& world) {
  return std::ranges::count_if(world.objects(kInstances), [](const Json& instance) {
    return is_condition(instance, "Ready", "True") &&
           instance["metadata"]["deletionTimestamp"].is_null();
  });
}

}  // namespace clickdeploy::simulation
