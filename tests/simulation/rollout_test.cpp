#include "controller/base/json.h"
#include "tests/simulation/sim_fleet.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

const std::string kConfigMaps = "configmaps";

Json rollout_patch(Json rollout) {
  return Json::object({{"spec", Json::object({{"rollout", std::move(rollout)}})}});
}

Json image_patch(const std::string& image) {
  const Json server = Json::object({{"image", Json::object({{"name", image}})}});
  const Json made_from = Json::object({{"spec", server}});
  return Json::object({{"spec", Json::object({{"template", made_from}})}});
}

std::string state(const SimWorld& world) {
  return world.object(kServices, kWeb)["status"]["rollout"]["state"].as_string();
}

bool has_all(const SimWorld& world, const std::vector<std::string>& servers) {
  const std::vector<std::string> ours = our_server_ids(world);
  return std::ranges::all_of(
      servers, [&](const std::string& id) { return std::ranges::count(ours, id) == 1; });
}

// Its servers can never be made; the fleet that serves is never touched.
TEST(Simulation, ARolloutThatGetsNowhereIsTakenBack) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 3);
    const std::vector<std::string> before = our_server_ids(world);
    world.patch(
        kServices, kWeb,
        rollout_patch(Json::object({{"onFailure", "Rollback"}, {"progressDeadlineSeconds", 120}})));
    world.patch(kServices, kWeb, image_patch("no-such-image"));
    world.always = [&] { EXPECT_TRUE(has_all(world, before)); };
    ASSERT_TRUE(world.run_until([&] { return state(world) == "RolledBack"; }, 5min))
        << describe(world);
    ASSERT_TRUE(world.run_until([&] { return world.objects(kInstances).size() == 3; }, 2min))
        << describe(world);
    world.run_for(20min);
    EXPECT_EQ(our_server_ids(world), before);
    const Json& service = world.object(kServices, kWeb);
    EXPECT_EQ(service["spec"]["template"]["spec"]["image"]["name"].as_string(), "no-such-image")
        << "the spec is its owner's";
    EXPECT_TRUE(is_condition(service, "UpToDate", "False"));
    EXPECT_TRUE(is_condition(service, "Progressing", "False"));
    EXPECT_TRUE(is_condition(service, "Ready", "True")) << describe(world);
    // Another template is another try.
    world.always = nullptr;
    world.patch(kServices, kWeb, image_patch("ubuntu-22.04"));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 3); }, 20min)) << describe(world);
    EXPECT_EQ(state(world), "Complete");
  });
}

TEST(Simulation, ARolloutThatHasFailedStandsStillUntilItsServersAreReady) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 2);
    const std::vector<std::string> before = our_server_ids(world);
    world.patch(
        kServices, kWeb,
        rollout_patch(Json::object(
            {{"maxUnavailable", 1}, {"minReadySeconds", 30}, {"progressDeadlineSeconds", 60}})));
    world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
      if (request.method != "POST" || !request.url.ends_with("/compute/v2.1/servers"))
        return std::nullopt;
      return NetworkFault{.kind = NetworkFault::Kind::Status,
                          .status = 403,
                          .body = R"({"forbidden": {"code": 403, "message": "Quota exceeded"}})"};
    };
    world.patch(kServices, kWeb, image_patch("ubuntu-22.04"));
    ASSERT_TRUE(world.run_until([&] { return state(world) == "Failed"; }, 5min)) << describe(world);
    const std::size_t left = our_server_ids(world).size();
    EXPECT_GE(left, 1U) << "maxUnavailable is 1";
    world.run_for(30min);
    EXPECT_EQ(our_server_ids(world).size(), left);
    world.network.faults = nullptr;
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 40min)) << describe(world);
    // The last one has been ready for minReadySeconds a little later.
    EXPECT_TRUE(world.run_until([&] { return state(world) == "Complete"; }, 1min))
        << describe(world);
    EXPECT_TRUE(is_converged(world, 2)) << describe(world);
    for (const std::string& id : our_server_ids(world)) {
      EXPECT_EQ(std::ranges::count(before, id), 0);
    }
  });
}

TEST(Simulation, APausedRolloutReplacesNothingAndStillScalesWhatServes) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 2);
    const std::vector<std::string> before = our_server_ids(world);
    world.patch(kServices, kWeb, rollout_patch(Json::object({{"paused", true}})));
    world.patch(kServices, kWeb, image_patch("ubuntu-22.04"));
    world.run_for(10min);
    EXPECT_EQ(our_server_ids(world), before);
    EXPECT_EQ(state(world), "Paused");
    // It grows by servers like those that serve.
    const std::string revision =
        instance_of(world, before[0])["metadata"]["labels"]["clickdeploy.io/revision"].as_string();
    world.patch(kServices, kWeb, Json::object({{"spec", Json::object({{"replicas", 3}})}}));
    ASSERT_TRUE(world.run_until([&] { return ready_instances(world) == 3; }, 10min))
        << describe(world);
    for (const Json& instance : world.objects(kInstances)) {
      EXPECT_EQ(instance["metadata"]["labels"]["clickdeploy.io/revision"].as_string(), revision);
      EXPECT_EQ(instance["spec"]["server"]["image"]["name"].as_string(), "debian-12");
    }
    world.patch(kServices, kWeb, rollout_patch(Json::object({{"paused", false}})));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 3); }, 20min)) << describe(world);
    EXPECT_EQ(state(world), "Complete");
  });
}

TEST(Simulation, TheHistoryOfTemplatesIsBoundedAndGoesWithItsService) {
  replay({1}, [](SimWorld& world) {
    make_fleet(world, 1);
    world.patch(kServices, kWeb, rollout_patch(Json::object({{"revisionHistoryLimit", 2}})));
    for (const char* label : {"a", "b", "c", "d", "e"}) {
      const Json labels = Json::object({{"labels", Json::object({{"step", label}})}});
      const Json made_from = Json::object({{"metadata", labels}});
      world.patch(kServices, kWeb,
                  Json::object({{"spec", Json::object({{"template", made_from}})}}));
      ASSERT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 5min)) << describe(world);
    }
    EXPECT_EQ(world.checker.count("POST", "/compute/v2.1/servers"), 1U) << "labels need no server";
    EXPECT_EQ(world.objects(kInstances)[0].get()["metadata"]["labels"]["step"].as_string(), "e");
    EXPECT_EQ(world.objects(kConfigMaps).size(), 3U);
    EXPECT_EQ(world.object(kServices, kWeb)["status"]["rollout"]["number"].as_int(), 6);
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return world.objects(kConfigMaps).empty(); }, 5min));
  });
}

}  // namespace
}  // namespace clickdeploy::simulation
