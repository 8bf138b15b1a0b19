// The fleet that the scenarios work with: manifests, and questions about what became of them.

#pragma once

#include "tests/simulation/sim_world.h"

#include <string>
#include <vector>

namespace clickdeploy::simulation {

inline const std::string kServices = "services.clickdeploy.io";
inline const std::string kInstances = "instances.clickdeploy.io";
inline const std::string kClouds = "clouds.clickdeploy.io";
inline const std::string kBackends = "metricsbackends.clickdeploy.io";
inline const std::string kPolicies = "monitoringpolicies.clickdeploy.io";
inline const api::ObjectKey kWeb{"shop", "web"};
inline const api::ObjectKey kCloud{"platform", "sim"};
inline const api::ObjectKey kBackend{"platform", "main"};
inline const api::ObjectKey kPolicy{"platform", "base"};

// Namespaces, Secret, Cloud, MetricsBackend and MonitoringPolicy; then the Service web.
std::string platform_manifests();
std::string secret_manifest(const std::string& user, const std::string& project);
std::string policy_manifest(const std::string& alert_expression);
std::string service_manifest(int replicas, const std::string& image = "debian-12");

// A Cloud of machines that exist already, lab in the namespace lab, up to the list of its hosts,
// which follows.
inline constexpr const char* kLabManifest = R"(
apiVersion: v1
kind: Namespace
metadata: {name: lab}
---
apiVersion: v1
kind: Secret
metadata: {name: lab-key, namespace: lab}
stringData: {ssh-privatekey: pem}
---
apiVersion: clickdeploy.io/v1alpha1
kind: Cloud
metadata: {name: lab, namespace: lab}
spec:
  type: Hosts
  ssh: {user: root, keySecretRef: {name: lab-key}}
  hosts:
)";

// Applies all of them.
void apply_fleet(SimWorld& world, int replicas);
// The same, and waits until the whole chain is proven; fails the test if that takes too long.
void make_fleet(SimWorld& world, int replicas);

const Json& condition(const Json& object, const std::string& type);
bool is_condition(const Json& object, const std::string& type, const std::string& status);
// Ready, with every replica monitored, and nothing more or less in the cloud or in Prometheus.
bool is_converged(const SimWorld& world, int replicas);
// Why not: for messages.
std::string describe(const SimWorld& world);

std::vector<std::string> our_server_ids(const SimWorld& world);
Json instance_of(const SimWorld& world, const std::string& server_id);
std::int64_t ready_instances(const SimWorld& world);

}  // namespace clickdeploy::simulation
