// Agents on machines that exist already: when somebody has exchanged them, and when they could not
// be installed at once.

#include "tests/simulation/sim_fleet.h"

#include <gtest/gtest.h>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

constexpr const char* kFleet = R"(  - {name: m1, address: 10.77.0.1}
  - {name: m2, address: 10.77.0.2}
---
apiVersion: clickdeploy.io/v1alpha1
kind: MetricsBackend
metadata: {name: main, namespace: lab}
spec:
  type: Prometheus
  url: http://prometheus.sim:9090
  targets: {type: FileSD, directory: /prometheus/targets}
  rules: {directory: /prometheus/rules, reload: HTTP}
---
apiVersion: clickdeploy.io/v1alpha1
kind: MonitoringPolicy
metadata: {name: base, namespace: lab}
spec:
  serviceSelector: {}
  backendRef: {name: main}
  agents: [{name: node-exporter, install: {method: Package}, version: "1.5.0", port: 9100}]
  repair: {onDrift: Replace}
  scrape: {interval: 5s, timeout: 5s}
---
apiVersion: clickdeploy.io/v1alpha1
kind: Service
metadata: {name: web, namespace: lab}
spec:
  cloudRef: {name: lab}
  replicas: 1
  rollout: {minReadySeconds: 0}
  template: {spec: {}}
)";

std::string server_of(const SimWorld& world) {
  return world.objects(kInstances).front().get()["status"]["server"]["id"].as_string();
}

// Nothing replaces a machine for that, and the Instance says so.
TEST(SimulatedMachines, AnAgentThatSomebodyExchangedIsInstalledAnew) {
  replay({7}, [](SimWorld& world) {
    for (const char* name : {"m1", "m2"}) world.machines.machines[machine_address(name)];
    world.apply(std::string(kLabManifest) + kFleet);
    const auto monitored = [&] {
      const Json& status = world.object(kServices, {"lab", "web"})["status"];
      return status["monitoredReplicas"].as_int() == 1;
    };
    ASSERT_TRUE(world.run_until(monitored, 15min)) << describe(world);
    const std::string server = server_of(world);
    SimAgent* agent = world.on_machines.find_agent_of(machine_address(machine_name_of(server)));
    ASSERT_NE(agent, nullptr);
    agent->version = "1.4.0";
    const auto right = [&] {
      const std::string address = machine_address(machine_name_of(server));
      return world.on_machines.find_agent_of(address)->version == "1.5.0" && monitored();
    };
    EXPECT_TRUE(world.run_until(right, 15min)) << describe(world);
    EXPECT_EQ(server_of(world), server);
  });
}

TEST(SimulatedMachines, WhatCouldNotBeInstalledAtOnceIsInstalledLater) {
  replay({7, 97}, [](SimWorld& world) {
    fakes::FakeMachine& machine = world.machines.machines[machine_address("m1")];
    world.apply(std::string(kLabManifest) + kFleet);
    ASSERT_TRUE(world.run_until([&] { return !machine.mark.empty(); }, 15min)) << describe(world);
    machine.reachable = false;
    ASSERT_TRUE(machine.installed.empty());
    const auto asked_in_vain = [&] {
      const std::vector<std::reference_wrapper<const Json>> all = world.objects(kInstances);
      return !all.empty() && is_condition(all.front(), "TargetPublished", "True") &&
             is_condition(all.front(), "TargetScraped", "False");
    };
    ASSERT_TRUE(world.run_until(asked_in_vain, 15min)) << describe(world);
    machine.reachable = true;
    const auto monitored = [&] {
      const Json& status = world.object(kServices, {"lab", "web"})["status"];
      return status["monitoredReplicas"].as_int() == 1;
    };
    EXPECT_TRUE(world.run_until(monitored, 15min)) << describe(world);
  });
}

}  // namespace
}  // namespace clickdeploy::simulation
