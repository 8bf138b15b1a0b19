// What somebody changes on our servers in the cloud: put back, told of, or respected.

#include "tests/simulation/sim_fleet.h"

#include <gtest/gtest.h>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

localcloud::Server& server_in(SimWorld& world, const std::string& id) {
  return world.cloud.mutable_state().servers.at(id);
}

localcloud::Port& port_in(SimWorld& world, const std::string& server_id) {
  return world.cloud.mutable_state().ports.at(world.cloud.ports_of(server_id).front()->id);
}

Json up_to_date(const SimWorld& world, const std::string& server_id) {
  return condition(instance_of(world, server_id), "UpToDate");
}

bool is_up_to_date(const SimWorld& world, const std::string& server_id) {
  return up_to_date(world, server_id)["status"].as_string() == "True";
}

TEST(Simulation, WhatSomebodyChangedOnAServerIsPutBack) {
  replay({1, 2, 3}, [](SimWorld& world) {
    make_fleet(world, 2);
    const std::string id = our_server_ids(world).front();
    ASSERT_TRUE(world.run_until([&] { return is_up_to_date(world, id); }, 2min));
    const localcloud::Server before = server_in(world, id);
    const localcloud::Port port = port_in(world, id);
    localcloud::Server& server = server_in(world, id);
    server.name = "somebody's";
    server.metadata["owner"] = "somebody";
    server.metadata.erase("clickdeploy_service");
    server.metadata["note"] = "of somebody";
    server.tags = {"of-somebody"};
    port_in(world, id).security_groups.clear();
    port_in(world, id).allowed_address_pairs = {{"10.9.9.9", ""}};
    const auto is_back = [&] {
      const localcloud::Server& now = server_in(world, id);
      return now.name == before.name && now.metadata.at("owner") == "shop" &&
             now.metadata.contains("clickdeploy_service") && now.tags.size() == 3 &&
             port_in(world, id).security_groups == port.security_groups &&
             port_in(world, id).allowed_address_pairs.empty() && is_up_to_date(world, id);
    };
    ASSERT_TRUE(world.run_until(is_back, 3min)) << to_json(up_to_date(world, id));
    // What is not ours stays.
    EXPECT_EQ(server_in(world, id).metadata.at("note"), "of somebody");
    EXPECT_TRUE(server_in(world, id).tags.contains("of-somebody"));
    world.run_for(1min);
    EXPECT_TRUE(is_back());
    const std::size_t mutations = world.checker.mutations().size();
    world.run_for(10min);
    EXPECT_EQ(world.checker.mutations().size(), mutations);
    EXPECT_TRUE(is_converged(world, 2)) << describe(world);
  });
}

TEST(Simulation, AServerOfAnotherImageOrFlavorIsToldOfAndLeft) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 2);
    const std::string id = our_server_ids(world).front();
    const auto& images = world.cloud.state().images;
    for (const auto& [image_id, image] : images) {
      if (image.name == "ubuntu-22.04") server_in(world, id).image_id = image_id;
    }
    const std::size_t mutations = world.checker.mutations().size();
    const auto is_told = [&] {
      const Json told = up_to_date(world, id);
      return told["reason"].as_string() == "Drifted" &&
             told["message"].as_string().starts_with("image is '");
    };
    ASSERT_TRUE(world.run_until(is_told, 2min)) << to_json(up_to_date(world, id));
    world.run_for(10min);
    EXPECT_EQ(world.checker.mutations().size(), mutations);
    EXPECT_TRUE(is_converged(world, 2)) << "it serves all the same";
  });
}

TEST(Simulation, AServerWithoutAnyMarkIsToldOfAndLeft) {
  replay({1}, [](SimWorld& world) {
    make_fleet(world, 1);
    const std::string id = our_server_ids(world).front();
    server_in(world, id).tags.clear();
    server_in(world, id).metadata = {{"owner", "somebody"}};
    server_in(world, id).name = "somebody's";
    const std::size_t mutations = world.checker.mutations().size();
    const auto is_told = [&] {
      return up_to_date(world, id)["message"].as_string().starts_with("marks is none");
    };
    ASSERT_TRUE(world.run_until(is_told, 2min)) << to_json(up_to_date(world, id));
    world.run_for(10min);
    EXPECT_EQ(world.checker.mutations().size(), mutations);
  });
}

// A second program that wants another name, and asks for it every time.
TEST(Simulation, SomebodyWhoChangesItAgainAndAgainIsNotFought) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 1);
    const std::string id = our_server_ids(world).front();
    const std::string path = "/compute/v2.1/servers/" + id;
    const std::size_t before = world.checker.count("PUT", path);
    const auto rename = [&] { server_in(world, id).name = "theirs"; };
    for (int minute = 0; minute < 180; ++minute) {
      rename();
      world.run_for(1min);
    }
    // At once, then after 1, 2, 4, 8, 16, 32 and 60 minutes.
    const std::size_t corrections = world.checker.count("PUT", path) - before;
    EXPECT_GE(corrections, 4U);
    EXPECT_LE(corrections, 9U);
    rename();
    world.run_for(2min);
    const Json told = up_to_date(world, id);
    EXPECT_EQ(told["reason"].as_string(), "Waiting");
    EXPECT_TRUE(told["message"].as_string().contains("changed it again")) << to_json(told);
    EXPECT_TRUE(is_converged(world, 1)) << describe(world);
  });
}

TEST(Simulation, ACorrectionThatTheCloudRefusesHoldsUpNothing) {
  replay({1}, [](SimWorld& world) {
    make_fleet(world, 1);
    const std::string id = our_server_ids(world).front();
    for (int i = 0; i < 50; ++i) server_in(world, id).tags.insert("t" + std::to_string(i));
    std::erase_if(server_in(world, id).tags,
                  [](const std::string& tag) { return tag.starts_with("clickdeploy-cluster-"); });
    const auto is_told = [&] {
      return up_to_date(world, id)["message"].as_string().contains("does not let it be put back");
    };
    ASSERT_TRUE(world.run_until(is_told, 3min)) << to_json(up_to_date(world, id));
    EXPECT_TRUE(is_converged(world, 1)) << describe(world);
    std::erase_if(server_in(world, id).tags,
                  [](const std::string& tag) { return tag.starts_with("t"); });
    ASSERT_TRUE(world.run_until([&] { return is_up_to_date(world, id); }, 10min))
        << to_json(up_to_date(world, id));
  });
}

TEST(Simulation, MetadataOfTheTemplateReachesTheServersInPlace) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 3);
    const std::vector<std::string> before = our_server_ids(world);
    for (const std::string owner : {"stock", "shop", "stock"}) {
      const Json metadata = Json::object({{"owner", owner}, {"tier", "front"}});
      const Json made = Json::object({{"spec", Json::object({{"metadata", metadata}})}});
      world.patch(kServices, kWeb, Json::object({{"spec", Json::object({{"template", made}})}}));
      const auto is_there = [&] {
        return std::ranges::all_of(before, [&](const std::string& id) {
          const auto& metadata_now = server_in(world, id).metadata;
          return metadata_now.contains("tier") && metadata_now.at("owner") == owner &&
                 is_up_to_date(world, id);
        });
      };
      ASSERT_TRUE(world.run_until(is_there, 3min)) << describe(world);
    }
    EXPECT_TRUE(is_converged(world, 3)) << describe(world);
    EXPECT_EQ(our_server_ids(world), before) << "no server was made anew";
  });
}

// About one list a minute, however many servers there are; without it nobody knows.
TEST(Simulation, SecurityGroupsAreListedOnceForAllServers) {
  for (const bool refused : {false, true}) {
    replay({1}, [refused](SimWorld& world) {
      SCOPED_TRACE(refused);
      make_fleet(world, 4);
      auto lists = std::make_shared<int>(0);
      world.network.faults =
          [lists, refused](const http::Request& request) -> std::optional<NetworkFault> {
        if (!request.url.contains("/v2.0/security-groups")) return std::nullopt;
        ++*lists;
        if (!refused) return std::nullopt;
        return NetworkFault{.kind = NetworkFault::Kind::Refuse};
      };
      world.run_for(10min);
      EXPECT_GE(*lists, 5);
      if (!refused) EXPECT_LE(*lists, 20) << "each of the four looks at least ten times";
      EXPECT_TRUE(is_converged(world, 4)) << describe(world);
      for (const std::string& id : our_server_ids(world)) {
        EXPECT_EQ(up_to_date(world, id)["status"].as_string(), refused ? "Unknown" : "True");
      }
    });
  }
}

}  // namespace
}  // namespace clickdeploy::simulation
