// What a server is made from beyond image, flavor and port: fallback flavors, zones, floating IPs,
// volumes.

#include "tests/simulation/sim_fleet.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kFloatingIps = "/network/v2.0/floatingips";

// web, with more in its template.
std::string service_with(int replicas, const std::string& flavors, const std::string& more) {
  std::string text = service_manifest(replicas);
  const std::string plain = "      flavors: [{name: m1.small}]\n";
  const std::size_t at = text.find(plain);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, plain.size(), "      flavors: " + flavors + "\n" + more);
}

std::string service_with_floating_ip(int replicas) {
  return service_with(replicas, "[{name: m1.small}]",
                      "      floatingIP: {network: {name: public}}\n");
}

void converge(SimWorld& world, int replicas, const std::string& service) {
  world.apply(platform_manifests());
  world.apply(service);
  ASSERT_TRUE(world.run_until([&] { return is_converged(world, replicas); }, 30min))
      << describe(world);
}

// Each of the Instances has one floating IP, at its own port.
void expect_floating_ips(const SimWorld& world, std::size_t count) {
  std::set<std::string> ports;
  for (const localcloud::Port* port : world.checker.our_ports()) ports.insert(port->id);
  std::set<std::string> used;
  for (const localcloud::FloatingIp* ip : world.checker.our_floating_ips()) {
    EXPECT_TRUE(ports.contains(ip->port_id)) << describe(world);
    used.insert(ip->port_id);
  }
  EXPECT_EQ(used.size(), count) << describe(world);
  EXPECT_EQ(world.checker.our_floating_ips().size(), count);
  for (const Json& instance : world.objects(kInstances)) {
    std::set<std::string> types;
    for (const Json& address : instance["status"]["addresses"].as_array()) {
      types.insert(address["type"].as_string());
    }
    EXPECT_EQ(types, (std::set<std::string>{"ExternalIP", "InternalIP"}));
  }
}

void expect_nothing_left(SimWorld& world) {
  world.remove(kServices, kWeb);
  ASSERT_TRUE(world.run_until(
      [&] {
        return world.object(kServices, kWeb).is_null() && world.checker.our_servers().empty() &&
               world.checker.our_ports().empty() && world.checker.our_floating_ips().empty();
      },
      10min))
      << describe(world);
}

TEST(Resources, TheNextFlavorIsTriedWhereNoHostIsFoundForTheFirst) {
  replay({1, 2}, [](SimWorld& world) {
    converge(world, 2, service_with(2, "[{name: m1.huge}, {name: m1.small}]", ""));
    EXPECT_EQ(world.checker.count("POST", "/compute/v2.1/servers"), 4U);
    for (const Json& instance : world.objects(kInstances)) {
      const Json& resolved = instance["status"]["resolved"];
      EXPECT_EQ(resolved["flavor"].as_string(), "m1.small");
      ASSERT_EQ(resolved["failedPlacements"].size(), 1U);
      EXPECT_EQ(resolved["failedPlacements"][0]["flavorID"].as_string(), "9");
      EXPECT_TRUE(resolved["failedPlacements"][0]["reason"].as_string().contains("No valid host"));
    }
    expect_nothing_left(world);
  });
}

// Scenario 4: the ports of failed tries are removed, and tries grow rare.
TEST(Resources, WithoutAnyHostPortsStayFewAndTriesGrowRare) {
  replay({1}, [](SimWorld& world) {
    world.apply(platform_manifests());
    world.apply(service_with(1, "[{name: m1.huge}]", ""));
    world.always = [&world] { EXPECT_LE(world.checker.our_ports().size(), 1U); };
    world.run_for(60min);
    EXPECT_LE(world.checker.count("POST", "/compute/v2.1/servers"), 20U);
    ASSERT_EQ(world.objects(kInstances).size(), 1U);
    const Json& instance = world.objects(kInstances).front();
    EXPECT_TRUE(to_json(instance["status"]).contains("No valid host")) << describe(world);
    expect_nothing_left(world);
  });
}

TEST(Resources, ServersAreSpreadOverZones) {
  replay({1, 2}, [](SimWorld& world) {
    converge(world, 4,
             service_with(4, "[{name: m1.small}]", "      availabilityZones: [az1, az2]\n"));
    std::map<std::string, int> zones;
    for (const localcloud::Server* server : world.checker.our_servers()) {
      ++zones[server->availability_zone];
    }
    EXPECT_EQ(zones, (std::map<std::string, int>{{"az1", 2}, {"az2", 2}}));
  });
}

TEST(Resources, EachInstanceHasOneFloatingIPForItsLife) {
  replay({1, 2}, [](SimWorld& world) {
    converge(world, 2, service_with_floating_ip(2));
    expect_floating_ips(world, 2);
    EXPECT_EQ(world.checker.count("POST", std::string(kFloatingIps)), 2U);

    // Somebody deletes a server: the new one has the old address.
    const std::string gone = our_server_ids(world).front();
    const std::string name = instance_of(world, gone)["metadata"]["name"].as_string();
    const auto public_address = [&](const SimWorld& w) {
      for (const Json& instance : w.objects(kInstances)) {
        if (instance["metadata"]["name"].as_string() != name) continue;
        for (const Json& address : instance["status"]["addresses"].as_array()) {
          if (address["type"].as_string() == "ExternalIP") return address["address"].as_string();
        }
      }
      return std::string();
    };
    const std::string address = public_address(world);
    ASSERT_TRUE(world.cloud.delete_server(*world.cloud.find_server(gone)));
    ASSERT_TRUE(world.run_until(
        [&] { return world.cloud.find_server(gone) == nullptr && is_converged(world, 2); }, 10min))
        << describe(world);
    EXPECT_EQ(public_address(world), address);
    expect_floating_ips(world, 2);
    EXPECT_EQ(world.checker.count("POST", std::string(kFloatingIps)), 2U);
    expect_nothing_left(world);
  });
}

TEST(Resources, AFloatingIPThatSomebodyTookAwayComesBack) {
  replay({1}, [](SimWorld& world) {
    converge(world, 2, service_with_floating_ip(2));
    auto& ips = world.cloud.mutable_state().floating_ips;
    ips.begin()->second.port_id.clear();
    const std::string deleted = std::next(ips.begin())->first;
    ips.erase(deleted);
    ASSERT_TRUE(world.run_until(
        [&] {
          std::size_t attached = 0;
          for (const auto* ip : world.checker.our_floating_ips()) attached += !ip->port_id.empty();
          return attached == 2;
        },
        5min))
        << describe(world);
    world.run_for(1min);
    expect_floating_ips(world, 2);
    expect_nothing_left(world);
  });
}

TEST(Resources, AnUnansweredFloatingIPIsNotMadeTwice) {
  replay({1, 2}, [](SimWorld& world) {
    auto left = std::make_shared<int>(2);
    world.network.faults = [left](const http::Request& request) -> std::optional<NetworkFault> {
      const bool create = request.method == "POST" && request.url.ends_with(kFloatingIps);
      if (!create || *left == 0) return std::nullopt;
      --*left;
      return NetworkFault{.kind = NetworkFault::Kind::TimeOutAfter};
    };
    converge(world, 2, service_with_floating_ip(2));
    expect_floating_ips(world, 2);
    EXPECT_EQ(world.checker.count("POST", std::string(kFloatingIps)), 2U);
    expect_nothing_left(world);
  });
}

// Scenario 6.
TEST(Resources, WithoutARouterTheReasonIsClearAndNothingLeaks) {
  replay({1}, [](SimWorld& world) {
    world.cloud.faults().no_router = true;
    world.apply(platform_manifests());
    world.apply(service_with_floating_ip(1));
    world.always = [&world] {
      EXPECT_LE(world.checker.our_floating_ips().size(), 1U);
      EXPECT_LE(world.checker.our_ports().size(), 1U);
    };
    world.run_for(20min);
    ASSERT_EQ(world.objects(kInstances).size(), 1U);
    const Json why = condition(world.objects(kInstances).front(), "InfrastructureReady");
    EXPECT_TRUE(why["message"].as_string().contains("is not reachable from subnet"))
        << to_json(why);
    EXPECT_TRUE(why["message"].as_string().contains("router")) << to_json(why);
    EXPECT_LE(world.checker.count("POST", std::string(kFloatingIps)), 60U);
    world.cloud.faults().no_router = false;
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 15min)) << describe(world);
    expect_floating_ips(world, 1);
    expect_nothing_left(world);
  });
}

TEST(Resources, AKilledProcessLeavesNoFloatingIPBehind) {
  std::uint64_t steps = 0;
  {
    SimWorld world(1);
    converge(world, 2, service_with_floating_ip(2));
    steps = world.context().steps();
  }
  for (std::uint64_t part = 1; part < 10; ++part) {
    SCOPED_TRACE(fmt::format("killed after {} of {} steps", steps * part / 10, steps));
    SimWorld world(1);
    world.crash_at(steps * part / 10);
    converge(world, 2, service_with_floating_ip(2));
    expect_floating_ips(world, 2);
    expect_nothing_left(world);
  }
}

std::vector<std::string> our_server_groups(const SimWorld& world) {
  std::vector<std::string> ids;
  for (const auto& [id, group] : world.cloud.state().server_groups) {
    if (group.name.starts_with("clickdeploy ")) ids.push_back(id);
  }
  return ids;
}

std::vector<const localcloud::SecurityGroup*> our_security_groups(const SimWorld& world) {
  std::vector<const localcloud::SecurityGroup*> groups;
  for (const auto& [id, group] : world.cloud.state().security_groups) {
    if (group.description.starts_with("clickdeploy ")) groups.push_back(&group);
  }
  return groups;
}

std::string service_in_group(int replicas, const std::string& policy) {
  return service_with(replicas, "[{name: m1.small}]",
                      "      serverGroup: {policy: " + policy + "}\n");
}

TEST(Resources, AServiceHasOneServerGroupForItsLife) {
  replay({1, 2}, [](SimWorld& world) {
    converge(world, 3, service_in_group(3, "soft-anti-affinity"));
    ASSERT_EQ(our_server_groups(world).size(), 1U);
    const std::string first = our_server_groups(world).front();
    for (const localcloud::Server* server : world.checker.our_servers()) {
      EXPECT_EQ(server->group_id, first);
    }
    // Another policy is another group; the old one goes when its servers have gone.
    world.apply(service_in_group(3, "anti-affinity"));
    ASSERT_TRUE(world.run_until(
        [&] {
          return our_server_groups(world).size() == 1 &&
                 our_server_groups(world).front() != first && is_converged(world, 3);
        },
        30min))
        << describe(world);
    for (const localcloud::Server* server : world.checker.our_servers()) {
      EXPECT_EQ(server->group_id, our_server_groups(world).front());
    }
    expect_nothing_left(world);
    EXPECT_TRUE(our_server_groups(world).empty());
  });
}

TEST(Resources, AnUnansweredGroupIsNotMadeTwice) {
  replay({1, 2}, [](SimWorld& world) {
    auto left = std::make_shared<int>(1);
    world.network.faults = [left](const http::Request& request) -> std::optional<NetworkFault> {
      const bool create = request.method == "POST" && request.url.ends_with("/os-server-groups");
      if (!create || *left == 0) return std::nullopt;
      --*left;
      return NetworkFault{.kind = NetworkFault::Kind::TimeOutAfter};
    };
    converge(world, 2, service_in_group(2, "affinity"));
    EXPECT_EQ(our_server_groups(world).size(), 1U);
    EXPECT_EQ(world.checker.count("POST", "/compute/v2.1/os-server-groups"), 1U);
    expect_nothing_left(world);
    EXPECT_TRUE(our_server_groups(world).empty());
  });
}

Json scrapes_from(Json networks) {
  return Json::object({{"spec", Json::object({{"scrapesFrom", std::move(networks)}})}});
}

TEST(Resources, OnlyPrometheusIsLetInToTheAgents) {
  replay({1, 2}, [](SimWorld& world) {
    world.apply(platform_manifests());
    world.patch(kBackends, kBackend, scrapes_from(Json::array({"10.1.0.0/24"})));
    world.apply(service_manifest(2));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 10min)) << describe(world);
    ASSERT_EQ(our_security_groups(world).size(), 1U);
    const localcloud::SecurityGroup& group = *our_security_groups(world).front();
    std::vector<localcloud::SecurityGroupRule> ingress = group.rules;
    std::erase_if(ingress, [](const auto& rule) { return rule.direction != "ingress"; });
    ASSERT_EQ(ingress.size(), 1U);
    EXPECT_EQ(ingress.front().remote_cidr, "10.1.0.0/24");
    EXPECT_EQ(ingress.front().port_min, 9100);
    EXPECT_EQ(ingress.front().port_max, 9100);
    EXPECT_EQ(ingress.front().protocol, "tcp");
    const std::string group_id = group.id;
    const auto ports_with_group = [&world, group_id] {
      std::size_t count = 0;
      for (const localcloud::Port* port : world.checker.our_ports()) {
        count += std::ranges::count(port->security_groups, group_id) > 0 ? 1U : 0U;
        EXPECT_EQ(std::ranges::count(port->security_groups, group_id) > 1, false);
      }
      return count;
    };
    EXPECT_EQ(ports_with_group(), 2U);
    for (const localcloud::Port* port : world.checker.our_ports()) {
      EXPECT_EQ(port->security_groups.size(), 2U) << "the project's default stays";
    }

    // Prometheus moves: the rules follow, and no server is replaced.
    const std::vector<std::string> servers = our_server_ids(world);
    world.patch(kBackends, kBackend, scrapes_from(Json::array({"10.2.0.7"})));
    ASSERT_TRUE(world.run_until(
        [&] {
          const auto& rules = our_security_groups(world).front()->rules;
          return std::ranges::any_of(
                     rules, [](const auto& rule) { return rule.remote_cidr == "10.2.0.7/32"; }) &&
                 std::ranges::none_of(
                     rules, [](const auto& rule) { return rule.remote_cidr == "10.1.0.0/24"; });
        },
        15min))
        << describe(world);

    // No longer wanted: off the ports, then gone.
    world.patch(kBackends, kBackend, scrapes_from(Json::array()));
    ASSERT_TRUE(world.run_until([&] { return our_security_groups(world).empty(); }, 15min))
        << describe(world);
    EXPECT_EQ(ports_with_group(), 0U);

    // Wanted again while servers run: onto their ports.
    world.patch(kBackends, kBackend, scrapes_from(Json::array({"10.3.0.0/16"})));
    ASSERT_TRUE(world.run_until(
        [&] {
          return our_security_groups(world).size() == 1 &&
                 std::ranges::all_of(world.checker.our_ports(), [&](const auto* port) {
                   return std::ranges::count(port->security_groups,
                                             our_security_groups(world).front()->id) == 1;
                 });
        },
        15min))
        << describe(world);
    EXPECT_EQ(our_server_ids(world), servers);
    expect_nothing_left(world);
    EXPECT_TRUE(our_security_groups(world).empty());
  });
}

TEST(Resources, NoMoreIsAskedForThanTheQuotaHolds) {
  replay({1, 2}, [](SimWorld& world) {
    const std::string project = world.cloud.state().projects.front().id;
    localcloud::Quota quota = world.cloud.quota_of(project);
    quota.instances = 2;
    world.cloud.mutable_state().quotas[project] = quota;
    world.apply(platform_manifests());
    world.apply(service_manifest(5));
    ASSERT_TRUE(world.run_until([&] { return ready_instances(world) == 2; }, 10min))
        << describe(world);
    world.run_for(10min);
    EXPECT_EQ(world.objects(kInstances).size(), 2U) << describe(world);
    EXPECT_EQ(world.checker.count("POST", "/compute/v2.1/servers"), 2U);
    EXPECT_EQ(world.checker.count("POST", "/network/v2.0/ports"), 2U);
    const Json enough = condition(world.object(kServices, kWeb), "QuotaSufficient");
    EXPECT_EQ(enough["status"].as_string(), "False");
    EXPECT_EQ(enough["reason"].as_string(), "QuotaExceeded");
    EXPECT_TRUE(enough["message"].as_string().contains("2 of 2 used")) << to_json(enough);
    EXPECT_EQ(condition(world.object(kServices, kWeb), "Progressing")["reason"].as_string(),
              "QuotaExceeded");
    const Json& known = world.object(kClouds, kCloud)["status"]["quota"];
    EXPECT_EQ(known["instances"]["limit"].as_int(), 2);
    EXPECT_EQ(known["ports"]["used"].as_int(), 2);

    quota.instances = 10;
    world.cloud.mutable_state().quotas[project] = quota;
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 5); }, 10min)) << describe(world);
    EXPECT_TRUE(is_condition(world.object(kServices, kWeb), "QuotaSufficient", "True"));
  });
}

TEST(Resources, APublicAddressIsNotPublishedUnderPrivateOnly) {
  replay({1}, [](SimWorld& world) {
    make_fleet(world, 1);
    world.patch(
        kPolicies, kPolicy,
        Json::object(
            {{"spec",
              Json::object({{"scrape", Json::object({{"addressPolicy", "PrivateOnly"}})}})}}));
    world.run_for(5min);
    EXPECT_TRUE(is_converged(world, 1)) << "loopback is private";
    // Its port gets a public address.
    for (auto& [id, port] : world.cloud.mutable_state().ports) {
      if (!port.device_id.empty()) port.fixed_ips.front().address = "8.8.4.4";
    }
    ASSERT_TRUE(world.run_until([&] { return world.prometheus.targets() == 0; }, 10min))
        << describe(world);
    const Json why = condition(world.objects(kInstances).front(), "TargetPublished");
    EXPECT_EQ(why["reason"].as_string(), "Blocked");
    EXPECT_TRUE(why["message"].as_string().contains("8.8.4.4")) << to_json(why);
  });
}

constexpr std::string_view kVolumes = "/volumes";
const std::string kTwoVolumes =
    "      rootVolume: {sizeGiB: 10}\n"
    "      volumes: [{name: data, sizeGiB: 20, type: ssd}]\n";

std::string service_with_volumes(int replicas, const std::string& more = kTwoVolumes) {
  return service_with(replicas, "[{name: m1.small}]", more);
}

std::size_t volumes_made(const SimWorld& world) {
  std::size_t made = 0;
  for (const Mutation& mutation : world.checker.mutations()) {
    made += mutation.method == "POST" && mutation.path.ends_with(kVolumes) ? 1U : 0U;
  }
  return made;
}

// Each server boots from a volume of its own and has a data volume; nothing else is there.
void expect_volumes(const SimWorld& world, std::size_t servers) {
  EXPECT_EQ(world.checker.our_volumes().size(), servers * 2) << describe(world);
  for (const localcloud::Server* server : world.checker.our_servers()) {
    const auto attached = world.cloud.volumes_of(server->id);
    ASSERT_EQ(attached.size(), 2U) << describe(world);
    EXPECT_TRUE(server->image_id.empty());
    EXPECT_TRUE(attached[0]->name.ends_with("-root"));
    EXPECT_TRUE(attached[1]->name.ends_with("-volume-data"));
    EXPECT_EQ(attached[1]->type, "ssd");
    for (const localcloud::Volume* volume : attached) {
      EXPECT_EQ(volume->status, "in-use");
      EXPECT_FALSE(volume->metadata.contains("clickdeploy_unused"));
    }
  }
}

void expect_no_volumes(SimWorld& world) {
  expect_nothing_left(world);
  EXPECT_TRUE(world.cloud.state().volumes.empty()) << describe(world);
}

TEST(Resources, EachServerHasItsVolumesAndTheyGoWithIt) {
  replay({1, 2}, [](SimWorld& world) {
    converge(world, 3, service_with_volumes(3));
    expect_volumes(world, 3);
    EXPECT_EQ(volumes_made(world), 6U);
    world.apply(service_with_volumes(1));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 30min)) << describe(world);
    expect_volumes(world, 1);
    expect_no_volumes(world);
  });
}

TEST(Resources, AReplacementGetsTheDataVolumeOfTheServerBefore) {
  replay({1, 2}, [](SimWorld& world) {
    converge(world, 1, service_with_volumes(1));
    world.cloud.faults().detach_delay = 20s;
    const std::string server = world.checker.our_servers().front()->id;
    const auto before = world.cloud.volumes_of(server);
    const std::string root = before.at(0)->id;
    const std::string data = before.at(1)->id;
    ASSERT_TRUE(world.cloud.delete_server(*world.cloud.find_server(server)));
    ASSERT_TRUE(world.run_until(
        [&] { return is_converged(world, 1) && world.checker.our_servers().front()->id != server; },
        30min))
        << describe(world);
    expect_volumes(world, 1);
    const auto after = world.cloud.volumes_of(world.checker.our_servers().front()->id);
    EXPECT_EQ(after.at(1)->id, data);
    EXPECT_NE(after.at(0)->id, root);
    EXPECT_FALSE(world.cloud.state().volumes.contains(root));
    expect_no_volumes(world);
  });
}

TEST(Resources, ADetachedVolumeIsAttachedAgain) {
  replay({1}, [](SimWorld& world) {
    converge(world, 1, service_with_volumes(1));
    const std::string server = world.checker.our_servers().front()->id;
    const std::string data = world.cloud.volumes_of(server).at(1)->id;
    ASSERT_TRUE(world.cloud.detach_volume(world.cloud.mutable_state().volumes.at(data)));
    ASSERT_TRUE(world.run_until([&] { return world.cloud.volumes_of(server).size() == 1; }, 5min));
    ASSERT_TRUE(world.run_until(
        [&] {
          const localcloud::Volume& volume = world.cloud.state().volumes.at(data);
          return volume.status == "in-use" && volume.server_id == server;
        },
        5min))
        << describe(world);
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 5min)) << describe(world);
    expect_no_volumes(world);
  });
}

TEST(Resources, AnUnansweredVolumeIsNotMadeTwice) {
  replay({1, 2}, [](SimWorld& world) {
    auto left = std::make_shared<int>(2);
    world.network.faults = [left](const http::Request& request) -> std::optional<NetworkFault> {
      const bool create = request.method == "POST" && request.url.ends_with(kVolumes);
      if (!create || *left == 0) return std::nullopt;
      --*left;
      return NetworkFault{.kind = NetworkFault::Kind::TimeOutAfter};
    };
    converge(world, 1, service_with_volumes(1));
    EXPECT_EQ(*left, 0);
    expect_volumes(world, 1);
    EXPECT_EQ(volumes_made(world), 2U);
    expect_no_volumes(world);
  });
}

// What could not be made is removed and made again; tries grow rare.
TEST(Resources, VolumesInErrorAreMadeAgainAndNoneIsLeft) {
  replay({1, 2}, [](SimWorld& world) {
    world.cloud.faults().volume_failures = 3;
    converge(world, 1, service_with_volumes(1));
    expect_volumes(world, 1);
    expect_no_volumes(world);
  });
}

TEST(Resources, WithoutBlockStorageTheInstanceSaysSo) {
  replay({1}, [](SimWorld& world) {
    world.cloud.faults().no_block_storage = true;
    world.apply(platform_manifests());
    world.apply(service_with_volumes(1));
    const auto why = [&world] {
      std::string text;
      for (const Json& instance : world.objects(kInstances)) text += to_json(instance["status"]);
      return text;
    };
    ASSERT_TRUE(
        world.run_until([&] { return why().contains("this cloud has no block storage"); }, 10min))
        << describe(world);
    EXPECT_TRUE(why().contains("InvalidConfiguration")) << describe(world);
    world.run_for(30min);
    EXPECT_TRUE(world.checker.our_servers().empty());
    expect_no_volumes(world);
  });
}

TEST(Resources, VolumesThatAreKeptStayWithoutOurMarks) {
  replay({1}, [](SimWorld& world) {
    converge(world, 1,
             service_with_volumes(
                 1, "      volumes: [{name: data, sizeGiB: 20, deletionPolicy: Keep}]\n"));
    expect_nothing_left(world);
    ASSERT_EQ(world.cloud.state().volumes.size(), 1U);
    const localcloud::Volume& kept = world.cloud.state().volumes.begin()->second;
    EXPECT_EQ(kept.status, "available");
    EXPECT_TRUE(kept.metadata.empty());
    world.run_for(10min);
    EXPECT_EQ(world.cloud.state().volumes.size(), 1U);
  });
}

TEST(Resources, WhatBecomesOfAVolumeIsChangedInPlace) {
  replay({1}, [](SimWorld& world) {
    converge(world, 1, service_with_volumes(1, "      volumes: [{name: data, sizeGiB: 20}]\n"));
    world.apply(service_with_volumes(
        1, "      volumes: [{name: data, sizeGiB: 20, deletionPolicy: Keep}]\n"));
    world.run_for(10s);
    const Json& instance = world.objects(kInstances).front();
    EXPECT_EQ(instance["spec"]["server"]["volumes"][0]["deletionPolicy"].as_string(), "Keep");
    const std::uint64_t writes = world.revision();
    world.run_for(20s);
    EXPECT_EQ(world.revision(), writes);
    EXPECT_EQ(world.checker.count("POST", "/compute/v2.1/servers"), 1U);
  });
}

}  // namespace
}  // namespace clickdeploy::simulation
