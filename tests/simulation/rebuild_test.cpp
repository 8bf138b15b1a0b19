// A fleet whose database is lost, servers of others that are taken over, and servers that are let
// go.

#include "controller/base/json.h"
#include "tests/simulation/sim_fleet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

constexpr const char* kServerPath = "/compute/v2.1/servers";
constexpr const char* kPortPath = "/network/v2.0/ports";

std::string make_foreign(SimWorld& world, const std::string& name,
                         std::map<std::string, std::string> metadata) {
  const auto token = world.cloud.log_in("controller", kCloudPassword, "demo");
  EXPECT_TRUE(token);
  const localcloud::State& state = world.cloud.state();
  localcloud::NewServer server;
  server.name = name;
  server.image_id = state.images.begin()->first;
  server.flavor_id = "2";
  server.metadata = std::move(metadata);
  server.nics.push_back({state.networks.begin()->first, "", ""});
  const auto made = world.cloud.create_servers(*token, std::move(server));
  EXPECT_TRUE(made);
  return made->front();
}

// All that the process wrote is gone for good; everything else stays. It starts with nothing.
void lose_database(SimWorld& world) {
  world.crash();
  world.storage.start_process();
  std::vector<std::string> paths;
  for (const auto& [path, node] : world.storage.files()) {
    if (path.starts_with(kDatabase)) paths.push_back(path);
  }
  for (const std::string& path : paths) world.storage.remove(path);
  world.storage.kill_process();
  world.boot();
}

std::set<std::string> instance_names(const SimWorld& world) {
  std::set<std::string> names;
  for (const Json& instance : world.objects(kInstances)) {
    names.insert(instance["metadata"]["name"].as_string());
  }
  return names;
}

TEST(Simulation, ALostDatabaseIsRebuiltFromTheWorld) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 3);
    const std::vector<std::string> before = our_server_ids(world);
    const std::set<std::string> names = instance_names(world);
    // Of another cluster with the same Service, and of another Service of ours.
    const std::vector<std::string> others = {
        make_foreign(world, "web-aaaa",
                     {{"clickdeploy_cluster", "another"},
                      {"clickdeploy_service", "shop/web"},
                      {"clickdeploy_claim", "t1"}}),
        make_foreign(world, "web-bbbb", {{"clickdeploy_service", "shop/web"}}),
        make_foreign(world, "web", {})};
    world.run_for(1min);
    const std::size_t mutations = world.checker.mutations().size();
    lose_database(world);
    EXPECT_TRUE(world.objects(kInstances).empty());
    apply_fleet(world, 3);
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 3); }, 5min)) << describe(world);
    EXPECT_EQ(our_server_ids(world), before);
    EXPECT_EQ(instance_names(world), names);
    world.run_for(30min);
    EXPECT_TRUE(is_converged(world, 3)) << describe(world);
    EXPECT_EQ(world.checker.mutations().size(), mutations) << "the cloud is not changed at all";
    for (const std::string& id : others) {
      ASSERT_NE(world.cloud.find_server(id), nullptr);
    }
    // It is a fleet like any other from then on.
    world.patch(kServices, kWeb, Json::object({{"spec", Json::object({{"replicas", 1}})}}));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 5min)) << describe(world);
  });
}

std::string manifest_with_volumes(int replicas) {
  std::string service = service_manifest(replicas);
  service.insert(service.find("      flavors:"),
                 "      rootVolume: {sizeGiB: 10}\n"
                 "      volumes: [{name: data, sizeGiB: 20}]\n");
  return service;
}

// Volumes come back with their servers, and go with the Instances that have them now.
TEST(Simulation, ALostDatabaseLosesNoVolume) {
  replay({1, 2}, [](SimWorld& world) {
    const std::string service = manifest_with_volumes(2);
    world.apply(platform_manifests());
    world.apply(service);
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 5min)) << describe(world);
    std::set<std::string> ids;
    for (const localcloud::Volume* volume : world.checker.our_volumes()) ids.insert(volume->id);
    ASSERT_EQ(ids.size(), 4U);
    lose_database(world);
    world.run_for(10min);
    world.apply(platform_manifests());
    world.apply(service);
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 5min)) << describe(world);
    world.run_for(10min);
    EXPECT_TRUE(is_converged(world, 2)) << describe(world);
    for (const localcloud::Volume* volume : world.checker.our_volumes()) {
      EXPECT_TRUE(ids.contains(volume->id));
      EXPECT_EQ(volume->status, "in-use");
    }
    EXPECT_EQ(world.checker.our_volumes().size(), 4U);
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return world.cloud.state().volumes.empty(); }, 10min))
        << describe(world);
  });
}

// A server that replaces one that was taken over carries the mark that the volumes carry.
TEST(Simulation, AVolumeOutlivesItsServersAndTwoDatabases) {
  replay({1, 2}, [](SimWorld& world) {
    const std::string service = manifest_with_volumes(1);
    std::string data;
    for (int life = 0; life < 3; ++life) {
      if (life > 0) lose_database(world);
      world.apply(platform_manifests());
      world.apply(service);
      ASSERT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 10min))
          << describe(world);
      const std::string server = our_server_ids(world).front();
      for (const localcloud::Volume* volume : world.checker.our_volumes()) {
        if (volume->size_gib != 20) continue;
        EXPECT_TRUE(data.empty() || data == volume->id) << "life " << life;
        data = volume->id;
      }
      ASSERT_TRUE(world.cloud.delete_server(*world.cloud.find_server(server)));
      const auto is_replaced = [&] {
        return is_converged(world, 1) && our_server_ids(world).front() != server;
      };
      ASSERT_TRUE(world.run_until(is_replaced, 10min)) << describe(world);
      EXPECT_EQ(world.checker.our_volumes().size(), 2U) << describe(world);
    }
  });
}

// Fewer are asked for than there are: the others are left alone, for a person to decide.
TEST(Simulation, ARebuiltServiceDeletesNoServerThatItDoesNotNeed) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 3);
    const std::vector<std::string> before = our_server_ids(world);
    lose_database(world);
    apply_fleet(world, 2);
    ASSERT_TRUE(world.run_until([&] { return ready_instances(world) == 2; }, 5min))
        << describe(world);
    world.run_for(30min);
    EXPECT_EQ(our_server_ids(world), before);
    world.patch(kServices, kWeb, Json::object({{"spec", Json::object({{"replicas", 3}})}}));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 3); }, 5min)) << describe(world);
    EXPECT_EQ(our_server_ids(world), before);
  });
}

TEST(Simulation, ADatabaseThatIsLostWhileServersAreMadeLosesNoServer) {
  for (const auto after : {1500ms, 3000ms, 6000ms, 20000ms}) {
    replay({1, 2}, [after](SimWorld& world) {
      apply_fleet(world, 3);
      world.run_for(after);
      lose_database(world);
      apply_fleet(world, 3);
      ASSERT_TRUE(world.run_until([&] { return ready_instances(world) == 3; }, 15min))
          << describe(world);
      world.run_for(10min);
      EXPECT_EQ(ready_instances(world), 3) << describe(world);
      EXPECT_EQ(world.checker.count("DELETE", kServerPath), 0U);
    });
  }
}

TEST(Simulation, ALostDatabaseInTheMiddleOfARolloutIsNoOutage) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 3);
    const std::string next = service_manifest(3, "ubuntu-22.04");
    world.apply(next);
    world.run_for(20s);
    world.always = [&world] { EXPECT_GE(world.checker.our_servers().size(), 3U); };
    lose_database(world);
    world.apply(platform_manifests());
    world.apply(next);
    const auto is_done = [&] {
      const Json& status = world.object(kServices, kWeb)["status"];
      return status["rollout"]["state"].as_string() == "Complete" && ready_instances(world) == 3;
    };
    ASSERT_TRUE(world.run_until(is_done, 30min)) << describe(world);
  });
}

std::string adopting_manifest() {
  std::string text = service_manifest(2);
  const std::string at = "  replicas: 2\n";
  text.insert(text.find(at),
              "  managementPolicy: Adopt\n"
              "  adopt: {filter: {namePrefix: legacy-, metadata: {app: shop}}}\n");
  return text;
}

// Scenario of a team that comes with a fleet: it is taken over as it is.
TEST(Simulation, AFleetOfSomebodyElseIsTakenOverWithoutBeingMadeAnew) {
  replay({1, 2}, [](SimWorld& world) {
    const std::string first = make_foreign(world, "legacy-1", {{"app", "shop"}});
    const std::string second = make_foreign(world, "legacy-2", {{"app", "shop"}, {"x", "y"}});
    const std::string other = make_foreign(world, "legacy-3", {{"app", "billing"}});
    const std::string stray = make_foreign(world, "web-1", {{"app", "shop"}});
    world.run_for(1min);  // what is still being built is not taken over
    world.apply(platform_manifests());
    world.apply(adopting_manifest());
    const auto is_taken = [&] {
      const auto instances = world.objects(kInstances);
      return instances.size() == 2 && std::ranges::all_of(instances, [](const Json& instance) {
               return is_condition(instance, "InfrastructureReady", "True");
             });
    };
    ASSERT_TRUE(world.run_until(is_taken, 5min)) << describe(world);
    // No agent runs on them, and none can be installed at their first boot: that repairs nothing.
    world.run_for(2h);
    EXPECT_TRUE(is_taken()) << describe(world);
    EXPECT_EQ(world.checker.count("POST", kServerPath) -
                  world.checker.count("POST", std::string(kServerPath) + "/"),
              0U);
    EXPECT_EQ(world.checker.count("DELETE", "/"), 0U);
    EXPECT_EQ(our_server_ids(world).size(), 2U);
    EXPECT_EQ(CloudChecker::metadata_of(*world.cloud.find_server(second), "x"), "y");
    for (const std::string& id : {other, stray}) {
      EXPECT_EQ(CloudChecker::metadata_of(*world.cloud.find_server(id), "clickdeploy_claim"), "");
    }
  });
}

TEST(Simulation, WhatIsStillBuiltIsTakenOverAndNotMadeBesides) {
  replay({1, 2}, [](SimWorld& world) {
    world.cloud.faults().build_hangs = true;
    make_foreign(world, "legacy-1", {{"app", "shop"}});
    make_foreign(world, "legacy-2", {{"app", "shop"}});
    world.apply(platform_manifests());
    world.apply(adopting_manifest());
    const auto waits = [&] {
      const Json why = condition(world.object(kServices, kWeb), "Progressing");
      return why["reason"].as_string() == "Waiting" &&
             why["message"].as_string().contains("still being built");
    };
    ASSERT_TRUE(world.run_until(waits, 5min)) << describe(world);
    world.run_for(10min);
    EXPECT_TRUE(world.objects(kInstances).empty());
    world.cloud.faults().build_hangs = false;
    const auto are_taken = [&] {
      return world.objects(kInstances).size() == 2 && our_server_ids(world).size() == 2;
    };
    ASSERT_TRUE(world.run_until(are_taken, 5min)) << describe(world);
    EXPECT_EQ(world.checker.count("POST", kServerPath) -
                  world.checker.count("POST", std::string(kServerPath) + "/"),
              0U);
  });
}

TEST(Simulation, ADetachedFleetGoesOnRunningAndIsNobodysAnyMore) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 2);
    const std::vector<std::string> before = our_server_ids(world);
    world.patch(
        kServices, kWeb,
        Json::object(
            {{"spec", Json::object({{"deletion", Json::object({{"policy", "Detach"}})}})}}));
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return world.object(kServices, kWeb).is_null(); }, 5min))
        << describe(world);
    EXPECT_EQ(world.prometheus.targets(), 0U);
    EXPECT_TRUE(our_server_ids(world).empty());
    EXPECT_TRUE(world.checker.our_ports().empty());
    world.run_for(10min);
    for (const std::string& id : before) {
      const localcloud::Server* server = world.cloud.find_server(id);
      ASSERT_NE(server, nullptr);
      EXPECT_TRUE(server->tags.empty());
      EXPECT_EQ(server->metadata, (std::map<std::string, std::string>{{"owner", "shop"}}));
      EXPECT_EQ(world.cloud.ports_of(id).size(), 1U);
    }
    EXPECT_EQ(world.checker.count("DELETE", kPortPath), 0U);
  });
}

TEST(Simulation, WhatIsOnlyDetachedFromMonitoringIsTakenBack) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 2);
    const std::vector<std::string> before = our_server_ids(world);
    world.patch(
        kServices, kWeb,
        Json::object({{"spec", Json::object({{"deletion",
                                              Json::object({{"policy", "DetachMonitoring"}})}})}}));
    const std::size_t mutations = world.checker.mutations().size();
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return world.object(kServices, kWeb).is_null(); }, 5min))
        << describe(world);
    world.run_for(10min);
    EXPECT_EQ(world.prometheus.targets(), 0U);
    EXPECT_EQ(world.checker.mutations().size(), mutations);
    world.apply(service_manifest(2));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 5min)) << describe(world);
    EXPECT_EQ(our_server_ids(world), before);
    EXPECT_EQ(world.checker.mutations().size(), mutations);
  });
}

TEST(Simulation, AnObservedServiceSaysWhatItWouldDoAndDoesNothing) {
  replay({1}, [](SimWorld& world) {
    world.apply(platform_manifests());
    std::string manifest = service_manifest(2);
    manifest.insert(manifest.find("  replicas: 2\n"), "  managementPolicy: Observe\n");
    world.apply(manifest);
    world.run_for(10min);
    EXPECT_TRUE(world.checker.mutations().empty());
    EXPECT_TRUE(world.objects(kInstances).empty());
    const Json& steps = world.object(kServices, kWeb)["status"]["plannedSteps"];
    ASSERT_EQ(steps.as_array().size(), 1U) << describe(world);
    EXPECT_TRUE(steps[0].as_string().starts_with("create 2 of revision ")) << to_json(steps);
    world.apply(service_manifest(2));
    world.patch(kServices, kWeb,
                Json::object({{"spec", Json::object({{"managementPolicy", "Managed"}})}}));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 5min)) << describe(world);
    EXPECT_TRUE(world.object(kServices, kWeb)["status"]["plannedSteps"].is_null());
    // A fleet that is only watched survives the deletion of its Service.
    const std::size_t mutations = world.checker.mutations().size();
    world.patch(kServices, kWeb,
                Json::object({{"spec", Json::object({{"managementPolicy", "Observe"}})}}));
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return world.object(kServices, kWeb).is_null(); }, 5min))
        << describe(world);
    EXPECT_EQ(world.checker.mutations().size(), mutations);
    EXPECT_EQ(our_server_ids(world).size(), 2U);
  });
}

// What a person has taken out of our hands is shown, and deleted at their word alone.
TEST(Simulation, OrphansAreShownAndDeletedOnlyWhenAskedFor) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 2);
    const std::string stray = make_foreign(
        world, "web-1", {{"clickdeploy_cluster", "another"}, {"clickdeploy_claim", "t"}});
    world.patch(kServices, kWeb, Json::object({{"spec", Json::object({{"paused", true}})}}));
    const Json instance = world.objects(kInstances)[0].get();
    const std::string server = instance["status"]["server"]["id"].as_string();
    const api::ObjectKey key{"shop", instance["metadata"]["name"].as_string()};
    world.forsaken.insert(instance["metadata"]["uid"].as_string());
    world.forsaken.insert(instance["status"]["claim"]["token"].as_string());
    world.patch(kInstances, key,
                Json::object({{"metadata", Json::object({{"finalizers", Json::array()}})}}));
    world.remove(kInstances, key);
    const auto orphans = [&] {
      return world.object(kClouds, kCloud)["status"]["orphans"].as_array().size();
    };
    ASSERT_TRUE(world.run_until([&] { return orphans() == 2; }, 10min)) << describe(world);
    world.run_for(30min);
    EXPECT_EQ(our_server_ids(world).size(), 2U);
    EXPECT_EQ(world.object(kClouds, kCloud)["status"]["orphans"][1]["id"].as_string(), server);
    std::string ids = stray;
    for (const Json& each : world.object(kClouds, kCloud)["status"]["orphans"].as_array()) {
      ids += "," + each["id"].as_string();
    }
    world.patch(
        kClouds, kCloud,
        Json::object({{"metadata",
                       Json::object({{"annotations",
                                      Json::object({{"clickdeploy.io/delete-orphans", ids}})}})}}));
    ASSERT_TRUE(world.run_until([&] { return orphans() == 0; }, 10min)) << describe(world);
    ASSERT_TRUE(world.run_until(
        [&] { return world.object(kClouds, kCloud)["metadata"]["annotations"].empty(); }, 5min));
    EXPECT_EQ(our_server_ids(world).size(), 1U);
    EXPECT_EQ(world.checker.our_ports().size(), 1U);
    EXPECT_NE(world.cloud.find_server(stray), nullptr) << "its mark is another cluster's";
  });
}

}  // namespace
}  // namespace clickdeploy::simulation
