// Two namespaces with a Cloud and credentials each, through faults: neither ever uses the other's.

#include "controller/base/yaml.h"
#include "tests/simulation/checks/watched_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

std::string bank_manifests() {
  return fmt::format(R"(
apiVersion: v1
kind: Namespace
metadata: {{name: bank}}
---
apiVersion: v1
kind: Secret
metadata: {{name: sim, namespace: bank}}
type: Opaque
stringData:
  clouds.yaml: |
    clouds:
      sim:
        auth:
          auth_url: http://cloud.sim/identity/v3
          username: admin
          password: {}
          project_name: admin
          user_domain_id: default
          project_domain_id: default
        region_name: RegionOne
---
apiVersion: clickdeploy.io/v1alpha1
kind: Cloud
metadata: {{name: sim, namespace: bank}}
spec:
  type: OpenStack
  credentials: {{secretRef: {{name: sim, key: clouds.yaml}}, cloudName: sim}}
  region: RegionOne
)",
                     kCloudPassword);
}

// The Service of service_manifest() under another name, in `home`, on the Cloud of `cloud`.
Json service_in(const std::string& home, const std::string& name, const std::string& cloud) {
  Json service = parse_single_yaml(service_manifest(2)).value_or(Json());
  service.member("metadata").set("namespace", home);
  service.member("metadata").set("name", name);
  service.member("spec").set("cloudRef", Json::object({{"name", "sim"}, {"namespace", cloud}}));
  return service;
}

std::map<std::string, int> servers_by_user(SimWorld& world) {
  std::map<std::string, int> count;
  for (const localcloud::Server* server : world.checker.our_servers()) {
    for (const localcloud::User& user : world.cloud.state().users) {
      if (user.id == server->user_id) ++count[user.name];
    }
  }
  return count;
}

TEST(SimulatedTenants, UseTheirOwnCredentialsThroughFaults) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    WatchedWorld watched(seed);
    SimWorld& world = watched.world;
    SeededRandom random(seed);
    world.network.faults = [&](const http::Request&) -> std::optional<NetworkFault> {
      const std::uint64_t drawn = random.next() % 100;
      if (drawn < 5) return NetworkFault{.kind = NetworkFault::Kind::Reset};
      if (drawn < 10) return NetworkFault{.kind = NetworkFault::Kind::TimeOutAfter};
      if (drawn < 15) return NetworkFault{.kind = NetworkFault::Kind::Status, .status = 401};
      return std::nullopt;
    };
    world.apply(platform_manifests());
    world.apply(bank_manifests());
    apply_object(world, service_in("shop", "web", "platform"));
    apply_object(world, service_in("bank", "vault", "bank"));
    apply_object(world, service_in("shop", "thief", "bank"));
    world.run_for(1min);
    world.cloud.expire_all_tokens();
    world.crash();
    world.boot();
    world.run_for(2min);
    world.network.faults = nullptr;
    const std::map<std::string, int> wanted{{"admin", 2}, {"controller", 2}};
    EXPECT_TRUE(world.run_until([&] { return servers_by_user(world) == wanted; }, 30min))
        << describe(world);
    world.run_for(5min);
    EXPECT_EQ(servers_by_user(world), wanted) << "nothing is made in a Cloud that is not allowed";
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace clickdeploy::simulation
