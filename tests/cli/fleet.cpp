#include "tests/cli/fleet.h"

#include "controller/base/yaml.h"

#include <gtest/gtest.h>

namespace clickdeploy::cli {
namespace {

constexpr const char* kNamespaces = "/api/v1/namespaces";
constexpr const char* kOurs = "/apis/clickdeploy.io/v1alpha1/namespaces/";

constexpr const char* kFleet = R"(
apiVersion: v1
kind: Namespace
metadata: {name: platform}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: web}}
---
apiVersion: clickdeploy.io/v1alpha1
kind: Cloud
metadata: {name: prod-eu, namespace: platform}
spec:
  credentials: {secretRef: {name: prod-eu}, cloudName: prod-eu}
  region: eu-1
status:
  observedGeneration: 1
  identity: {projectID: p1}
  instancesSummary: 2/10
  lastSyncTime: "2026-11-22T11:59:50Z"
  conditions:
  - {type: AuthenticationSucceeded, status: "True", reason: Succeeded, message: logged in, observedGeneration: 1, lastTransitionTime: "2026-11-22T09:00:00Z"}
  - {type: Ready, status: "True", reason: Succeeded, message: project p1 is observed, observedGeneration: 1, lastTransitionTime: "2026-11-22T09:00:00Z"}
---
apiVersion: clickdeploy.io/v1alpha1
kind: MetricsBackend
metadata: {name: main, namespace: platform}
spec:
  url: http://prometheus.example:9090
  targets: {directory: /etc/prometheus/targets}
  rules: {directory: /etc/prometheus/rules}
status:
  observedGeneration: 1
  version: 2.42.0
  targetsSummary: 1/2
  rulesSummary: 16/16
  conditions:
  - {type: TargetsDelivered, status: "True", reason: Succeeded, message: 2/2 targets are known to Prometheus, observedGeneration: 1, lastTransitionTime: "2026-11-22T10:00:00Z"}
  - {type: Ready, status: "True", reason: Succeeded, message: "targets 1/2 up, rules 16/16 loaded", observedGeneration: 1, lastTransitionTime: "2026-11-22T10:00:00Z"}
---
apiVersion: clickdeploy.io/v1alpha1
kind: MonitoringPolicy
metadata: {name: base, namespace: platform}
spec:
  serviceSelector: {matchLabels: {tier: front}}
  backendRef: {name: main}
  agents: [{name: node-exporter}]
status:
  observedGeneration: 1
  services: {matched: 1, applied: 1}
  servicesSummary: 1/1
  rules:
  - {ref: node/0, name: HighCPU, state: Loaded, health: ok, lastEvaluation: "2026-11-22T11:59:30Z", lastEvaluationSeconds: 0.0021, firing: 1, backTest: {hash: 1f, time: "2026-11-22T11:00:00Z", result: Fired, fired: 14, firingSeconds: 10800, message: "would have fired 14 times, for 3h in all, in the last 7d"}}
  - {ref: node/1, name: Typo, state: Loaded, health: ok, backTest: {hash: 2f, time: "2026-11-22T11:00:00Z", result: NoSeries, message: "could not have fired: laod matched no series in the last 7d"}}
  conditions:
  - {type: Accepted, status: "True", reason: Succeeded, message: the policy can be applied, observedGeneration: 1, lastTransitionTime: "2026-11-22T10:00:00Z"}
  - {type: RulesLoaded, status: "True", reason: Succeeded, message: 2/2 rules are loaded, observedGeneration: 1, lastTransitionTime: "2026-11-22T10:00:00Z"}
---
apiVersion: clickdeploy.io/v1alpha1
kind: Service
metadata: {name: web, namespace: shop, labels: {tier: front}}
spec:
  cloudRef: {name: prod-eu, namespace: platform}
  replicas: 2
  template:
    spec:
      image: {name: ubuntu-22.04}
      flavors: [{name: m1.medium}]
      networks: [{name: app, network: {name: app-net}, scrape: true}]
status:
  observedGeneration: 1
  revision: 6f9c
  replicas: 2
  updatedReplicas: 2
  readyReplicas: 1
  monitoredReplicas: 1
  policies: [{name: platform/base, generation: 1}]
  conditions:
  - {type: Ready, status: "False", reason: Progressing, message: "1/2 ready, 1 monitored", observedGeneration: 1, lastTransitionTime: "2026-11-22T11:55:00Z"}
  - {type: Progressing, status: "True", reason: Progressing, message: "Instance web-b: agent node-exporter is Down", observedGeneration: 1, lastTransitionTime: "2026-11-22T11:55:00Z"}
  - {type: InstancesReady, status: "False", reason: Progressing, message: 1/2 ready, observedGeneration: 1, lastTransitionTime: "2026-11-22T11:55:00Z"}
  - {type: AgentsHealthy, status: "False", reason: Progressing, message: 1/2 have healthy agents, observedGeneration: 1, lastTransitionTime: "2026-11-22T11:55:00Z"}
  - {type: TargetsScraped, status: "False", reason: Progressing, message: 1/2 are scraped, observedGeneration: 1, lastTransitionTime: "2026-11-22T11:55:00Z"}
  - {type: RulesLoaded, status: "True", reason: Succeeded, message: 2/2 rules are loaded, observedGeneration: 1, lastTransitionTime: "2026-11-22T10:00:00Z"}
)";

Json instance(const std::string& name, const std::string& status) {
  const Result<Json> spec = parse_single_yaml(R"(
cloudRef: {name: prod-eu, namespace: platform}
serviceName: web
server:
  image: {name: ubuntu-22.04}
  flavors: [{name: m1.medium}]
  networks: [{name: app, network: {name: app-net}, scrape: true}]
agents: [{name: node-exporter}]
)");
  const Result<Json> reported = parse_single_yaml(status);
  EXPECT_TRUE(spec.has_value() && reported.has_value());
  return Json::object(
      {{"apiVersion", "clickdeploy.io/v1alpha1"},
       {"kind", "Instance"},
       {"metadata",
        Json::object({{"name", name},
                      {"namespace", "shop"},
                      {"labels", Json::object({{"clickdeploy.io/service", "web"},
                                               {"clickdeploy.io/revision", "6f9c"}})}})},
       {"spec", *spec},
       {"status", *reported}});
}

constexpr const char* kScraped = R"(
observedGeneration: 1
phase: Running
claim: {token: t1, state: Confirmed, since: "2026-11-22T10:30:00Z"}
server: {id: s1, state: ACTIVE}
resolved: {flavor: m1.medium}
address: 10.0.0.4
agentsSummary: 1/1
scraped: "2026-11-22T11:59:48Z"
conditions:
- {type: Ready, status: "True", reason: Succeeded, message: the server is up and its agents are scraped, observedGeneration: 1, lastTransitionTime: "2026-11-22T10:32:00Z"}
- {type: InfrastructureReady, status: "True", reason: Succeeded, message: server s1 is ACTIVE at 10.0.0.4, observedGeneration: 1, lastTransitionTime: "2026-11-22T10:31:00Z"}
- {type: BootstrapSucceeded, status: "True", reason: Succeeded, message: every agent answered 40 s after the first boot, observedGeneration: 1, lastTransitionTime: "2026-11-22T10:32:00Z"}
- {type: AgentsHealthy, status: "True", reason: Succeeded, message: 1/1 agents answer as this Instance, observedGeneration: 1, lastTransitionTime: "2026-11-22T10:32:00Z"}
- {type: TargetPublished, status: "True", reason: Succeeded, message: Prometheus lists every target of this Instance, observedGeneration: 1, lastTransitionTime: "2026-11-22T10:32:00Z"}
- {type: TargetScraped, status: "True", reason: Succeeded, message: "the last sample is from 2026-11-22T11:59:48Z", observedGeneration: 1, lastTransitionTime: "2026-11-22T10:32:00Z"}
)";

constexpr const char* kSilent = R"(
observedGeneration: 1
phase: Unhealthy
claim: {token: t2, state: Confirmed, since: "2026-11-22T10:30:00Z"}
server: {id: s2, state: ACTIVE}
resolved: {flavor: m1.medium}
address: 10.0.0.5
agentsSummary: 0/1
scraped: "2026-11-22T11:54:00Z"
agents: [{name: node-exporter, state: Down, address: "10.0.0.5:9100"}]
conditions:
- {type: Ready, status: "False", reason: Progressing, message: agent node-exporter at 10.0.0.5:9100 is Down, observedGeneration: 1, lastTransitionTime: "2026-11-22T11:55:00Z"}
- {type: InfrastructureReady, status: "True", reason: Succeeded, message: server s2 is ACTIVE at 10.0.0.5, observedGeneration: 1, lastTransitionTime: "2026-11-22T10:31:00Z"}
- {type: BootstrapSucceeded, status: "True", reason: Succeeded, message: every agent answered 40 s after the first boot, observedGeneration: 1, lastTransitionTime: "2026-11-22T10:32:00Z"}
- {type: AgentsHealthy, status: "False", reason: Progressing, message: "agent node-exporter at 10.0.0.5:9100 is Down: connection refused", observedGeneration: 1, lastTransitionTime: "2026-11-22T11:55:00Z"}
- {type: TargetPublished, status: "True", reason: Succeeded, message: Prometheus lists every target of this Instance, observedGeneration: 1, lastTransitionTime: "2026-11-22T10:32:00Z"}
- {type: TargetScraped, status: "False", reason: Progressing, message: "Prometheus has no successful scrape: connection refused", observedGeneration: 1, lastTransitionTime: "2026-11-22T11:55:00Z"}
)";

}  // namespace

std::vector<FleetObject> make_fleet() {
  std::vector<FleetObject> fleet;
  const Result<std::vector<YamlDocument>> documents = parse_yaml(kFleet);
  EXPECT_TRUE(documents.has_value()) << documents.error().message();
  for (const YamlDocument& document : *documents) {
    const Json& object = document.value;
    const std::string& kind = object["kind"].as_string();
    std::string plural = kind == "MonitoringPolicy" ? "monitoringpolicies" : "";
    if (kind == "Cloud") plural = "clouds";
    if (kind == "MetricsBackend") plural = "metricsbackends";
    if (kind == "Service") plural = "services";
    fleet.push_back({plural.empty()
                         ? kNamespaces
                         : kOurs + object["metadata"]["namespace"].as_string() + "/" + plural,
                     object});
  }
  const std::string instances = std::string(kOurs) + "shop/instances";
  fleet.push_back({instances, instance("web-a", kScraped)});
  fleet.push_back({instances, instance("web-b", kSilent)});
  return fleet;
}

}  // namespace clickdeploy::cli
