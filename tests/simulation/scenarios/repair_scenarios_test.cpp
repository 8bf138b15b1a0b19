// Hard scenarios about servers and agents that fail, or only seem to.

#include "controller/base/text.h"
#include "tests/simulation/checks/watched_world.h"
#include "tests/simulation/scenarios/scenario_world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;
using Kind = NetworkFault::Kind;

const std::string kServersPath = "/compute/v2.1/servers";

std::size_t changes_of(const SimWorld& world, const std::string& server_id) {
  return static_cast<std::size_t>(std::ranges::count_if(
      world.checker.mutations(),
      [&](const Mutation& each) { return each.path.starts_with(kServersPath + "/" + server_id); }));
}

void set_agent(SimWorld& world, const std::string& server_id, AgentState state) {
  SimAgent* agent = world.guests.find_agent_of(server_id);
  ASSERT_NE(agent, nullptr);
  agent->state = state;
}

// A live migration that fails leaves a server in ERROR that runs, and is ACTIVE again later.
TEST(Scenario, AServerInErrorThatComesBackInTimeIsLeftAloneAndAnotherIsRepaired) {
  replay({1}, [](SimWorld& world) {
    make_fleet(world, 4);
    remediate(world, Json::object({{"unhealthyAfterSeconds", 25 * 60}, {"maxUnhealthy", "100%"}}));
    world.run_for(1min);
    const std::vector<std::string> ids = our_server_ids(world);
    localcloud::State& state = world.cloud.mutable_state();
    for (int i = 0; i < 2; ++i) {
      localcloud::Server& server = state.servers.at(ids[static_cast<std::size_t>(i)]);
      server.vm_state = localcloud::VmState::Error;
      server.fault = localcloud::ServerFault{
          .code = 500, .message = "Live migration failed", .created = world.cloud.now()};
    }
    world.run_for(20min);
    EXPECT_TRUE(condition(instance_of(world, ids[0]), "Ready")["message"].as_string().contains(
        "Live migration failed"))
        << describe(world);
    state.servers.at(ids[0]).vm_state = localcloud::VmState::Active;
    state.servers.at(ids[0]).fault.reset();
    ASSERT_TRUE(world.run_until([&] { return changes_of(world, ids[1]) > 0; }, 10min))
        << describe(world);
    EXPECT_TRUE(world.checker.mutations().back().body.contains("HARD"));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 4); }, 10min)) << describe(world);
    EXPECT_EQ(changes_of(world, ids[0]), 0U);
    EXPECT_EQ(our_server_ids(world), ids);
  });
}

// Somebody stops, moves or rescues a server, or the cloud says what we have never heard of: it is
// left as it is, and followed back.
TEST(Scenario, AServerInAStateThatIsNotOursToMendIsFollowed) {
  for (const char* status : {"SHUTOFF", "MIGRATING", "RESCUE", "VERIFY_RESIZE", "HOVERING"}) {
    replay({1}, [status](SimWorld& world) {
      SCOPED_TRACE(status);
      make_fleet(world, 3);
      const std::string id = our_server_ids(world).front();
      const std::size_t before = world.checker.mutations().size();
      const bool off =
          std::string_view(status) == "SHUTOFF" || std::string_view(status) == "RESCUE";
      set_agent(world, id, AgentState::Killed);
      show_servers_as(world, [&](Json& server) {
        if (server["id"].as_string() == id) server.set("status", status);
        return true;
      });
      world.run_for(15min);
      EXPECT_EQ(world.checker.mutations().size(), before) << describe(world);
      EXPECT_EQ(instance_of(world, id)["status"]["server"]["state"].as_string(), status);
      // One that is off for a reason wakes nobody.
      EXPECT_EQ(world.prometheus.targets(), off ? 2U : 3U);
      show_servers_as_they_are(world);
      set_agent(world, id, AgentState::Running);
      ASSERT_TRUE(world.run_until([&] { return is_converged(world, 3); }, 5min)) << describe(world);
      EXPECT_EQ(world.checker.mutations().size(), before);
    });
  }
}

// Prometheus and we cannot reach a subnet, and the cloud says that its servers are fine.
TEST(Scenario, APartOfTheNetworkThatCannotBeReachedIsNoReasonToReboot) {
  WatchedWorld watched(1);
  SimWorld& world = watched.world;
  make_fleet(world, 10);
  const std::vector<std::string> ids = our_server_ids(world);
  const std::size_t before = world.checker.mutations().size();
  for (std::size_t i = 0; i < 6; ++i) set_agent(world, ids[i], AgentState::Hung);
  world.run_for(20min);
  EXPECT_EQ(world.checker.mutations().size(), before) << describe(world);
  for (std::size_t i = 0; i < 6; ++i) {
    const Json progressing = condition(instance_of(world, ids[i]), "Progressing");
    EXPECT_EQ(progressing["reason"].as_string(), "Blocked");
    EXPECT_TRUE(progressing["message"].as_string().contains("6 Instances of the"))
        << to_json(progressing);
  }
  for (std::size_t i = 0; i < 6; ++i) set_agent(world, ids[i], AgentState::Running);
  ASSERT_TRUE(world.run_until([&] { return is_converged(world, 10); }, 5min)) << describe(world);
  EXPECT_EQ(world.checker.mutations().size(), before);
}

// Of ten, two may be unhealthy. One that is being repaired is one of them.
TEST(Scenario, RepairsThatRunCountAgainstTheLimit) {
  WatchedWorld watched(1);
  SimWorld& world = watched.world;
  make_fleet(world, 10);
  remediate(world, Json::object({{"maxInFlight", 5}}));
  world.run_for(30s);
  const std::vector<std::string> ids = our_server_ids(world);
  const std::size_t before = world.checker.mutations().size();
  // A reboot that does not end: the repair goes on.
  world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
    if (!request.url.contains("/action")) return std::nullopt;
    return NetworkFault{.kind = Kind::Status, .status = 202, .body = ""};
  };
  set_agent(world, ids[0], AgentState::Killed);
  const auto begun = [&] {
    return !instance_of(world, ids[0])["status"]["remediation"]["step"].as_string().empty();
  };
  ASSERT_TRUE(world.run_until(begun, 5min)) << describe(world);
  for (std::size_t i = 1; i < 3; ++i) set_agent(world, ids[i], AgentState::Killed);
  world.run_for(4min);  // the invariants would tell of a second repair
  for (std::size_t i = 1; i < 3; ++i) {
    EXPECT_EQ(condition(instance_of(world, ids[i]), "Progressing")["reason"].as_string(), "Blocked")
        << describe(world);
  }
  EXPECT_EQ(world.checker.mutations().size(), before);
  world.network.faults = nullptr;
  set_agent(world, ids[0], AgentState::Running);
  ASSERT_TRUE(world.run_until([&] { return is_converged(world, 10); }, 30min)) << describe(world);
}

// The old server is gone and the new one refused; the process is killed; then Nova takes a minute
// for each answer.
TEST(Scenario, ARepairThatFailsHalfWayGoesOnWhereItWas) {
  WatchedWorld watched(1);
  SimWorld& world = watched.world;
  make_fleet(world, 3);
  remediate(world, Json::object({{"steps", Json::array({"Replace"})}, {"maxUnhealthy", "100%"}}));
  world.run_for(30s);
  const std::string sick = our_server_ids(world).front();
  const std::string name = instance_of(world, sick)["metadata"]["name"].as_string();
  const std::size_t creates = world.checker.count("POST", kServersPath);
  bool refuses = true;
  world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
    if (refuses && request.method == "POST" && request.url.ends_with(kServersPath)) {
      return NetworkFault{.kind = Kind::Status, .status = 500};
    }
    return std::nullopt;
  };
  set_agent(world, sick, AgentState::Killed);
  ASSERT_TRUE(world.run_until([&] { return world.checker.our_servers().size() == 2; }, 5min))
      << describe(world);
  world.run_for(20s);
  world.crash();
  world.boot();
  refuses = false;
  const SteadyTime slow_until = world.context().now() + 10min;
  world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
    const bool slow = world.context().now() < slow_until && request.url.contains("/compute/");
    if (!slow) return std::nullopt;
    return NetworkFault{.kind = Kind::LateAnswer, .delay = 60s};
  };
  world.run_for(10min);
  world.network.faults = nullptr;
  ASSERT_TRUE(world.run_until([&] { return is_converged(world, 3); }, 20min)) << describe(world);
  const Json repaired = world.object(kInstances, {"shop", name});
  EXPECT_EQ(repaired["status"]["remediation"]["retries"].as_int(), 1) << to_json(repaired);
  EXPECT_EQ(world.checker.count("DELETE", kServersPath), 1U);
  // Refused ones reached nobody: one was made.
  EXPECT_LE(world.checker.count("POST", kServersPath) - creates, 1U) << describe(world);
}

Json active_targets(SimWorld& world) {
  http::Request request;
  request.method = "GET";
  request.url = "/api/v1/targets?state=active";
  const http::Reply reply = world.prometheus.handle(request);
  return parse_json(reply.response.body).value_or(Json())["data"]["activeTargets"];
}

// A sample that was taken after the server that now has the address booted, with the labels of
// another one; "" if there is none.
std::string mixed_up_sample(SimWorld& world, const std::string& address) {
  const SimAgent* agent = world.guests.find_agent(address);
  if (agent == nullptr) return "";
  const localcloud::Server* server = world.cloud.find_server(agent->server_id);
  if (server == nullptr || !server->launched) return "";
  for (const Json& target : active_targets(world).as_array()) {
    const auto scraped = parse_time(target["lastScrape"].as_string());
    if (!target["scrapeUrl"].as_string().contains(address) || !scraped) continue;
    const bool its_own = target["labels"]["instance_id"].as_string() == server->id;
    if (!its_own && *scraped > *server->launched) return to_json(target);
  }
  return "";
}

// The address of a server that was deleted goes to one of another Service within seconds: samples
// of that one never carry the labels of the first.
TEST(Scenario, AnAddressThatGoesToAnotherServiceLeavesItsLabelsBehind) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    WatchedWorld watched(seed);
    SimWorld& world = watched.world;
    make_fleet(world, 1);
    const std::string ip = world.checker.our_ports().front()->fixed_ips.front().address;
    Json other = service_object(1);
    other.member("metadata").set("name", "other");
    std::string mixed_up;
    world.always = [&] {
      watched.invariants.look();
      if (mixed_up.empty()) mixed_up = mixed_up_sample(world, ip + ":9100");
    };
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return world.checker.our_ports().empty(); }, 2min));
    apply_object(world, other);
    ASSERT_TRUE(world.run_until([&] { return !world.checker.our_ports().empty(); }, 30s));
    // The cloud gives addresses by chance; this time it is that one.
    const std::string port = world.checker.our_ports().front()->id;
    world.cloud.mutable_state().ports.at(port).fixed_ips.front().address = ip;
    const auto ready = [&] {
      return is_condition(world.object(kServices, {"shop", "other"}), "Ready", "True");
    };
    ASSERT_TRUE(world.run_until(ready, 5min)) << describe(world);
    EXPECT_EQ(mixed_up, "");
    world.always = nullptr;
  }
}

}  // namespace
}  // namespace clickdeploy::simulation
