#include "controller/base/json.h"
#include "tests/simulation/sim_fleet.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

Json spec_patch(Json spec) {
  return Json::object({{"spec", std::move(spec)}});
}

void scale(SimWorld& world, int replicas) {
  world.patch(kServices, kWeb, spec_patch(Json::object({{"replicas", replicas}})));
  ASSERT_TRUE(world.run_until([&] { return is_converged(world, replicas); }, 10min))
      << describe(world);
}

bool is_all_gone(const SimWorld& world) {
  return world.object(kServices, kWeb).is_null() && world.objects(kInstances).empty() &&
         world.checker.our_servers().empty() && world.checker.our_ports().empty() &&
         world.prometheus.targets() == 0 && world.prometheus.rule_names().empty();
}

TEST(Simulation, ADeletedServiceLeavesNothing) {
  replay({1, 2, 3}, [](SimWorld& world) {
    make_fleet(world, 3);
    world.remove(kServices, kWeb);
    // The Service is the last to go: its finalizers wait for the cloud and for Prometheus.
    world.always = [&world] {
      if (!world.object(kServices, kWeb).is_null()) return;
      EXPECT_TRUE(world.checker.our_servers().empty());
      EXPECT_TRUE(world.checker.our_ports().empty());
      EXPECT_EQ(world.prometheus.targets(), 0U);
    };
    ASSERT_TRUE(world.run_until([&] { return is_all_gone(world); }, 5min)) << describe(world);
    const std::size_t mutations = world.checker.mutations().size();
    world.run_for(11min);  // an empty file of targets stays for a while
    for (const char* folder : {kTargetsFolder, kRulesFolder}) {
      const auto files = world.disk.list(folder);
      ASSERT_TRUE(files);
      for (const FileInfo& file : *files) EXPECT_EQ(file.name, ".clickdeploy-owner");
    }
    EXPECT_EQ(world.checker.mutations().size(), mutations);
  });
}

TEST(Simulation, AServiceThatIsDeletedWhileItIsCreatedLeavesNothing) {
  for (const auto after : {200ms, 1500ms, 3000ms, 6000ms}) {
    replay({1, 2}, [after](SimWorld& world) {
      apply_fleet(world, 3);
      world.run_for(after);
      world.remove(kServices, kWeb);
      ASSERT_TRUE(world.run_until([&] { return is_all_gone(world); }, 5min)) << describe(world);
      world.run_for(3min);
      EXPECT_TRUE(is_all_gone(world)) << describe(world);
    });
  }
}

TEST(Simulation, AServerThatTheListDoesNotShowYetIsDeletedAllTheSame) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 3);
    world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
      // The look-ups by tag; the sweeps over all servers see them.
      if (!request.url.contains("/servers/detail") ||
          !request.url.contains("tags=clickdeploy-claim"))
        return std::nullopt;
      return NetworkFault{
          .kind = NetworkFault::Kind::Status, .status = 200, .body = R"({"servers": []})"};
    };
    world.remove(kServices, kWeb);
    world.always = [&world] {
      if (!world.objects(kInstances).empty()) return;
      EXPECT_TRUE(world.checker.our_servers().empty());
    };
    ASSERT_TRUE(world.run_until([&] { return is_all_gone(world); }, 5min)) << describe(world);
  });
}

TEST(Simulation, ScalesUpAndDownTouchingNoMoreThanNeeded) {
  replay({1, 2, 3}, [](SimWorld& world) {
    make_fleet(world, 1);
    const std::string first = our_server_ids(world).front();
    scale(world, 5);
    EXPECT_TRUE(std::ranges::count(our_server_ids(world), first) == 1);
    EXPECT_EQ(world.checker.count("POST", "/compute/v2.1/servers"), 5U);
    EXPECT_EQ(world.checker.count("DELETE", "/compute/v2.1/servers"), 0U);
    scale(world, 2);
    EXPECT_EQ(world.checker.count("POST", "/compute/v2.1/servers"), 5U);
    EXPECT_EQ(world.checker.count("DELETE", "/compute/v2.1/servers"), 3U);
  });
}

TEST(Simulation, AChangedTemplateRollsWithoutEverBeingShortOfOne) {
  replay({1, 2, 3}, [](SimWorld& world) {
    make_fleet(world, 3);
    const std::vector<std::string> old = our_server_ids(world);
    world.always = [&world] {
      EXPECT_GE(ready_instances(world), 3) << describe(world);
      std::int64_t live = 0;
      for (const Json& instance : world.objects(kInstances)) {
        live += instance["metadata"]["deletionTimestamp"].is_null() ? 1 : 0;
      }
      EXPECT_LE(live, 4) << describe(world);
      if (::testing::Test::HasFailure()) world.always = nullptr;
    };
    const Json image = Json::object({{"image", Json::object({{"name", "ubuntu-22.04"}})}});
    const Json made_from = Json::object({{"spec", image}});
    world.patch(kServices, kWeb, spec_patch(Json::object({{"template", made_from}})));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 3); }, 20min)) << describe(world);
    for (const std::string& id : our_server_ids(world)) {
      EXPECT_EQ(std::ranges::count(old, id), 0) << "not replaced";
    }
    EXPECT_EQ(world.checker.count("POST", "/compute/v2.1/servers"), 6U);
  });
}

// What somebody else made in our project.
struct Foreign {
  std::vector<std::string> servers;
  std::vector<std::string> ports;

  void make(SimWorld& world, const std::string& name) {
    const auto token = world.cloud.log_in("controller", kCloudPassword, "demo");
    ASSERT_TRUE(token);
    const localcloud::State& state = world.cloud.state();
    localcloud::NewServer server;
    server.name = name;
    server.image_id = state.images.begin()->first;
    server.flavor_id = "2";
    server.nics.push_back({state.networks.begin()->first, "", ""});
    const auto made = world.cloud.create_servers(*token, std::move(server));
    ASSERT_TRUE(made);
    servers.push_back(made->front());
    localcloud::NewPort port;
    port.network_id = state.networks.begin()->first;
    port.name = name + "-app";
    port.description = "somebody's";
    const auto made_port = world.cloud.create_port(token->project_id, std::move(port));
    ASSERT_TRUE(made_port);
    ports.push_back(*made_port);
  }

  void expect_untouched(SimWorld& world) const {
    for (const std::string& id : servers) {
      const localcloud::Server* server = world.cloud.find_server(id);
      ASSERT_NE(server, nullptr);
      EXPECT_EQ(localcloud::status_of(*server), "ACTIVE");
      EXPECT_TRUE(server->metadata.empty());
    }
    for (const std::string& id : ports) {
      ASSERT_TRUE(world.cloud.state().ports.contains(id));
      EXPECT_EQ(world.cloud.state().ports.at(id).device_id, "");
    }
  }
};

TEST(Simulation, ForeignServersAndPortsWithOurNamesAreNeverTouched) {
  replay({1, 2}, [](SimWorld& world) {
    Foreign foreign;
    foreign.make(world, "web-0000-aaaa");
    make_fleet(world, 2);
    // Names are not unique: these are named as our own are.
    for (const Json& instance : world.objects(kInstances)) {
      foreign.make(world, instance["metadata"]["name"].as_string());
    }
    world.run_for(2min);
    scale(world, 4);
    scale(world, 1);
    foreign.expect_untouched(world);
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return is_all_gone(world); }, 5min)) << describe(world);
    foreign.expect_untouched(world);
  });
}

}  // namespace
}  // namespace clickdeploy::simulation
