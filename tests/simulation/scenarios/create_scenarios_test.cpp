// Hard scenarios about making servers, and getting rid of them.

#include "tests/simulation/checks/watched_world.h"
#include "tests/simulation/scenarios/scenario_world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;
using Kind = NetworkFault::Kind;

const std::string kServersPath = "/compute/v2.1/servers";
const std::string kPortsPath = "/network/v2.0/ports";

Json template_of(const char* name, Json value) {
  const Json spec = Json::object({{name, std::move(value)}});
  return with_spec(Json::object({{"template", Json::object({{"spec", spec}})}}));
}

// Each name that a spec may have wrong: no port is made for it, the reason names it, and a
// corrected spec is all that it takes.
TEST(Scenario, ANameThatTheCloudDoesNotKnowMakesNoPortAndIsNamed) {
  const std::pair<const char*, Json> kWrong[] = {
      {"image", Json::object({{"name", "no-such-thing"}})},
      {"flavors", Json::array({Json::object({{"name", "no-such-thing"}})})},
      {"networks",
       Json::array({Json::object({{"name", "app"},
                                  {"network", Json::object({{"name", "no-such-thing"}})},
                                  {"scrape", true}})})},
  };
  for (const auto& [field, wrong] : kWrong) {
    replay({1}, [&](SimWorld& world) {
      SCOPED_TRACE(field);
      world.apply(platform_manifests());
      Json service = service_object(1);
      const Json right = service["spec"]["template"]["spec"][field];
      service.member("spec").member("template").member("spec").set(field, wrong);
      apply_object(world, service);
      world.run_for(10min);
      EXPECT_EQ(world.checker.count("POST", kServersPath), 0U);
      EXPECT_EQ(world.checker.count("POST", kPortsPath), 0U);
      const Json progressing = condition(only_instance(world), "Progressing");
      EXPECT_EQ(progressing["reason"].as_string(), "InvalidConfiguration");
      EXPECT_TRUE(progressing["message"].as_string().contains("no-such-thing"))
          << to_json(progressing);
      // People look at events first: one for the Instance and one for its Service.
      const auto is_told = [&](const Json& event, const char* kind) {
        return event["type"].as_string() == "Warning" &&
               event["involvedObject"]["kind"].as_string() == kind &&
               event["message"].as_string().contains("no-such-thing");
      };
      for (const char* kind : {"Instance", "Service"}) {
        const auto told = std::ranges::count_if(
            world.objects("events"), [&](const Json& event) { return is_told(event, kind); });
        EXPECT_EQ(told, 1) << kind;
      }
      world.patch(kServices, kWeb, template_of(field, right));
      ASSERT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 10min))
          << describe(world);
    });
  }
}

// The key pair is known to nobody but the create call itself.
TEST(Scenario, AKeyPairThatDoesNotExistLeavesNoPort) {
  replay({1}, [](SimWorld& world) {
    world.apply(platform_manifests());
    Json service = service_object(1);
    service.member("spec").member("template").member("spec").set("keyName", "no-such-key");
    apply_object(world, service);
    world.run_for(10min);
    EXPECT_TRUE(world.checker.our_ports().empty());
    EXPECT_TRUE(world.checker.our_servers().empty());
    EXPECT_TRUE(
        condition(only_instance(world), "Progressing")["message"].as_string().contains("key_name"))
        << describe(world);
    world.patch(kServices, kWeb, template_of("keyName", Json()));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 20min)) << describe(world);
  });
}

void set_quota(SimWorld& world, std::int64_t instances) {
  for (const localcloud::Project& project : world.cloud.state().projects) {
    localcloud::Quota quota = world.cloud.quota_of(project.id);
    quota.instances = instances;
    world.cloud.mutable_state().quotas[project.id] = quota;
  }
}

TEST(Scenario, AQuotaThatEndsAScaleUpIsToldInNumbersAndStormedByNobody) {
  replay({1}, [](SimWorld& world) {
    make_fleet(world, 2);
    set_quota(world, 3);
    world.patch(kServices, kWeb, with_spec(Json::object({{"replicas", 6}})));
    world.run_for(10min);
    const std::size_t early = world.checker.count("POST", kServersPath);
    world.run_for(30min);
    const std::size_t late = world.checker.count("POST", kServersPath) - early;
    EXPECT_LE(early, 2 + 1 + 3 * 10U);
    EXPECT_LE(late, 3 * 5U);
    EXPECT_EQ(world.checker.our_servers().size(), 3U);
    EXPECT_EQ(world.checker.our_ports().size(), 3U);
    bool told = false;
    for (const Json& instance : world.objects(kInstances)) {
      const Json& progressing = condition(instance, "Progressing");
      told = told || (progressing["reason"].as_string() == "QuotaExceeded" &&
                      progressing["message"].as_string().contains("3 of 3"));
    }
    EXPECT_TRUE(told) << describe(world);
    // One of them is in ERROR when all is deleted.
    world.cloud.mutable_state().servers.at(our_server_ids(world).front()).vm_state =
        localcloud::VmState::Error;
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return is_all_gone(world); }, 5min)) << describe(world);
  });
}

// Nova counts twice, and refuses all of those that come together.
TEST(Scenario, CreatesThatRaceForTheLastOfAQuotaLeaveNoServerInError) {
  replay({1, 2}, [](SimWorld& world) {
    world.cloud.faults().quota_races = 12;
    apply_fleet(world, 4);
    const auto is_told = [&] {
      return std::ranges::any_of(world.objects(kInstances), [](const Json& instance) {
        const Json& progressing = condition(instance, "Progressing");
        return progressing["reason"].as_string() == "QuotaExceeded" &&
               progressing["message"].as_string().contains("Requested 1, but already used");
      });
    };
    ASSERT_TRUE(world.run_until(is_told, 1min)) << describe(world);
    const auto in_error = [&] {
      return std::ranges::count_if(world.checker.our_servers(), [](const auto* server) {
        return server->vm_state == localcloud::VmState::Error;
      });
    };
    ASSERT_TRUE(world.run_until([&] { return in_error() == 0 && is_told(); }, 1min));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 4); }, 10min)) << describe(world);
    // Twelve that were refused and four that were made.
    EXPECT_EQ(
        world.checker.count("POST", kServersPath) - world.checker.count("POST", kServersPath + "/"),
        16U);
    EXPECT_EQ(in_error(), 0);
  });
}

// The agent of each server is silent for so long after its launch, whatever is done to it.
void boot_slowly(SimWorld& world, std::function<std::chrono::seconds(std::size_t)> time) {
  world.always = [&world, time = std::move(time)] {
    for (const auto& [id, server] : world.cloud.state().servers) {
      SimAgent* agent = world.guests.find_agent_of(id);
      if (agent == nullptr || !server.launched) continue;
      const bool boots = world.cloud.now() - *server.launched < time(server.sequence);
      agent->state = boots ? AgentState::Killed : AgentState::Running;
    }
  };
}

TEST(Scenario, ABootThatTakesLongerThanItsTimeOutIsNoReasonToReplace) {
  replay({1}, [](SimWorld& world) {
    boot_slowly(world, [](std::size_t) { return 142s; });
    world.apply(platform_manifests());
    Json service = service_object(3);
    service.member("spec").member("remediation").set("startupTimeoutSeconds", 120);
    apply_object(world, service);
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 3); }, 20min)) << describe(world);
    EXPECT_EQ(world.checker.count("POST", kServersPath),
              3U + world.checker.count("POST", kServersPath + "/"));
    EXPECT_EQ(world.checker.count("DELETE", kServersPath), 0U);
    world.run_for(10min);
    EXPECT_EQ(world.checker.count("DELETE", kServersPath), 0U);
    EXPECT_TRUE(is_converged(world, 3)) << describe(world);
  });
}

TEST(Scenario, BootsOfAnyLengthWithinTheirTimeOutAreWaitedFor) {
  replay({1}, [](SimWorld& world) {
    boot_slowly(world, [](std::size_t number) { return 60s + 60s * (number * 7 % 10); });
    world.apply(platform_manifests());
    Json service = service_object(5);
    service.member("spec").member("remediation").set("startupTimeoutSeconds", 660);
    apply_object(world, service);
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 5); }, 20min)) << describe(world);
    EXPECT_EQ(world.checker.mutations().size(), 10U) << "five ports and five servers";
  });
}

// Nova says 429 to creates alone, and when to come back; S17 watches over that.
TEST(Scenario, ALimitOnCreatesAloneHoldsUpNothingElse) {
  WatchedWorld watched(1);
  SimWorld& world = watched.world;
  make_fleet(world, 3);
  std::size_t refused = 0;
  std::size_t looks = 0;
  const SteadyTime end = world.context().now() + 10min;
  world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
    if (world.context().now() > end) return std::nullopt;
    if (is_call(request, "GET", "/compute/v2.1/servers/detail")) ++looks;
    if (!is_call(request, "POST", kServersPath) || request.url.contains("/action")) {
      return std::nullopt;
    }
    ++refused;
    NetworkFault limited{.kind = Kind::Status, .status = 429};
    limited.body = R"({"overLimit": {"code": 429, "message": "This request was rate-limited."}})";
    limited.headers = {{"Retry-After", "30"}};
    return limited;
  };
  world.patch(kServices, kWeb, with_spec(Json::object({{"replicas", 12}})));
  world.run_for(2min);
  EXPECT_GE(refused, 2U);
  // Deletes and looks go on meanwhile.
  const std::string gone = our_server_ids(world).front();
  world.remove(kInstances, {"shop", instance_of(world, gone)["metadata"]["name"].as_string()});
  EXPECT_TRUE(world.run_until([&] { return world.cloud.find_server(gone) == nullptr; }, 1min));
  world.run_for(7min);
  EXPECT_GE(looks, 20U);
  ASSERT_TRUE(world.run_until([&] { return is_converged(world, 12); }, 30min)) << describe(world);
}

// The cloud keeps what was deleted for a while, as SOFT_DELETED: for us it is gone.
TEST(Scenario, AServerThatIsSoftDeletedIsGone) {
  replay({1}, [](SimWorld& world) {
    make_fleet(world, 2);
    std::map<std::string, Json> last_seen;
    show_servers_as(world, [&](Json& server) {
      last_seen[server["id"].as_string()] = server;
      return true;
    });
    world.run_for(30s);
    EXPECT_EQ(last_seen.size(), 2U);
    world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
      const std::string id = request.url.substr(request.url.rfind('/') + 1);
      if (request.method != "GET" || !last_seen.contains(id) ||
          world.cloud.find_server(id) != nullptr) {
        return std::nullopt;
      }
      Json kept = last_seen[id];
      kept.set("status", "SOFT_DELETED");
      return NetworkFault{
          .kind = Kind::Status, .status = 200, .body = to_json(Json::object({{"server", kept}}))};
    };
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return is_all_gone(world); }, 5min)) << describe(world);
    world.network.faults = nullptr;
  });
}

// Nothing waits for a server to become well before it is deleted.
TEST(Scenario, ServersThatFailOrAreStillBuiltAreDeletedAsTheyAre) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 2);
    localcloud::State& state = world.cloud.mutable_state();
    state.servers.at(our_server_ids(world).front()).vm_state = localcloud::VmState::Error;
    world.cloud.faults().build_hangs = true;
    world.patch(kServices, kWeb, with_spec(Json::object({{"replicas", 4}})));
    ASSERT_TRUE(world.run_until([&] { return world.checker.our_servers().size() == 4; }, 1min));
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return is_all_gone(world); }, 5min)) << describe(world);
  });
}

// A port that may not be deleted is what its Instance waits for, and it says so.
TEST(Scenario, WhatMayNotBeDeletedIsNamedAndHoldsUpNothingElse) {
  replay({1}, [](SimWorld& world) {
    make_fleet(world, 2);
    const std::string port = world.checker.our_ports().front()->id;
    world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
      if (!is_call(request, "DELETE", kPortsPath + "/" + port)) return std::nullopt;
      return NetworkFault{.kind = Kind::Status,
                          .status = 403,
                          .body = R"({"NeutronError": {"type": "PolicyNotAuthorized",
                                      "message": "rule:delete_port is disallowed by policy"}})"};
    };
    world.remove(kServices, kWeb);
    world.run_for(5min);
    EXPECT_TRUE(world.checker.our_servers().empty());
    EXPECT_EQ(world.checker.our_ports().size(), 1U);
    const Json progressing = condition(only_instance(world), "Progressing");
    EXPECT_TRUE(progressing["message"].as_string().contains("disallowed by policy"))
        << to_json(progressing);
    world.network.faults = nullptr;
    ASSERT_TRUE(world.run_until([&] { return is_all_gone(world); }, 5min)) << describe(world);
  });
}

Json with_user_data(std::string text) {
  Json service = service_object(1);
  service.member("spec")
      .member("template")
      .member("spec")
      .set("userData", Json::object({{"inline", std::move(text)}}));
  return service;
}

std::string file_of(std::size_t bytes) {
  const std::string lead = "#cloud-config\nwrite_files:\n- path: /etc/big\n  content: ";
  return lead + std::string(bytes - lead.size(), 'x');
}

TEST(Scenario, UserDataThatIsTooLongIsRefusedInNumbersBeforeAPortIsMade) {
  replay({1}, [](SimWorld& world) {
    world.apply(platform_manifests());
    const Result<void> refused = world.try_apply(with_user_data(file_of(49'152)));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message().contains("65535")) << refused.error().message();
    // This one fits alone, and no longer when it also installs the agents.
    apply_object(world, with_user_data(file_of(49'100)));
    world.run_for(3min);
    EXPECT_EQ(world.checker.count("POST", kPortsPath), 0U) << describe(world);
    const Json progressing = condition(only_instance(world), "Progressing");
    EXPECT_EQ(progressing["reason"].as_string(), "InvalidConfiguration");
    EXPECT_TRUE(progressing["message"].as_string().contains("65535")) << to_json(progressing);
    apply_object(world, with_user_data("#cloud-config\npackage_update: true\n"));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 10min)) << describe(world);
  });
}

}  // namespace
}  // namespace clickdeploy::simulation
