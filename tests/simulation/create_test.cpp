#include "controller/base/json.h"
#include "tests/simulation/sim_fleet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

// What the target file of the Service says: server id → address.
std::map<std::string, std::string> published(SimWorld& world) {
  std::map<std::string, std::string> found;
  const auto text = world.disk.read(std::string(kTargetsFolder) + "/clickdeploy-shop_web.json");
  if (!text) return found;
  const Json groups = parse_json(*text).value_or(Json());
  for (const Json& group : groups.as_array()) {
    EXPECT_EQ(group["labels"]["service"].as_string(), "web");
    EXPECT_EQ(group["labels"]["namespace"].as_string(), "shop");
    EXPECT_EQ(group["labels"]["service_id"], world.object(kServices, kWeb)["metadata"]["uid"]);
    EXPECT_FALSE(group["labels"]["project_id"].as_string().empty());
    found[group["labels"]["instance_id"].as_string()] = group["targets"][0].as_string();
  }
  return found;
}

TEST(Simulation, AServiceBecomesThreeMonitoredServersAndThenNothingHappens) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 3);
    EXPECT_EQ(world.checker.count("POST", "/compute/v2.1/servers"), 3U);
    EXPECT_EQ(world.checker.count("POST", "/network/v2.0/ports"), 3U);
    EXPECT_EQ(world.checker.count("DELETE", "/"), 0U);

    const std::map<std::string, std::string> targets = published(world);
    for (const localcloud::Server* server : world.checker.our_servers()) {
      const auto target = targets.find(server->id);
      ASSERT_NE(target, targets.end());
      SimAgent* agent = world.guests.find_agent(target->second);
      ASSERT_NE(agent, nullptr) << target->second;
      EXPECT_EQ(agent->server_id, server->id);
      EXPECT_EQ(instance_of(world, server->id)["metadata"]["uid"].as_string(), agent->instance_uid);
    }
    EXPECT_EQ(targets.size(), 3U);
    const std::vector<std::string> rules = world.prometheus.rule_names();
    EXPECT_TRUE(std::ranges::count(rules, "HighCPU") == 1);
    EXPECT_TRUE(std::ranges::count(rules, "click_deploy_service_cpu_usage_percent") == 1);

    // Quiet: nothing is done to the cloud or to Prometheus, and of the seven objects each says at
    // most once a minute that it was looked at.
    world.run_for(2min);
    const std::size_t mutations = world.checker.mutations().size();
    const std::size_t reloads = world.prometheus.reloads();
    const store::Revision before = world.revision();
    world.run_for(30min);
    EXPECT_EQ(world.checker.mutations().size(), mutations);
    EXPECT_EQ(world.prometheus.reloads(), reloads);
    EXPECT_LE(world.revision() - before, 7U * 31U);
    EXPECT_TRUE(is_converged(world, 3)) << describe(world);
  });
}

// Lists and looks by id do not know a server in its first seconds.
Task<http::Reply> answer_without_fresh_servers(SimWorld& world, http::Request request) {
  const bool look = request.method == "GET" && request.url.contains("/compute/v2.1/servers/");
  const bool list = request.url.contains("/servers/detail");
  http::Reply reply = co_await world.checker.handle(std::move(request));
  for (const localcloud::Server* server : world.checker.our_servers()) {
    if (!look || world.cloud.now() - server->created >= 20s) continue;
    reply.response.status = list ? 200 : 404;
    reply.response.body = list ? R"({"servers": []})" : R"({"itemNotFound": {"code": 404}})";
  }
  co_return reply;
}

TEST(Simulation, AServerThatWasMadeAndDoesNotShowYetGoesWithItsInstance) {
  replay({1, 2}, [](SimWorld& world) {
    world.network.route(kCloudOrigin, [&world](http::Request request) {
      return answer_without_fresh_servers(world, std::move(request));
    });
    apply_fleet(world, 1);
    auto is_made = [&] {
      const auto instances = world.objects(kInstances);
      return !instances.empty() &&
             instances[0].get()["status"]["claim"]["state"].as_string() == "Confirmed";
    };
    ASSERT_TRUE(world.run_until(is_made, 1min));
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return world.objects(kInstances).empty(); }, 5min))
        << describe(world);
    EXPECT_TRUE(world.checker.our_servers().empty());
    EXPECT_TRUE(world.checker.our_ports().empty());
  });
}

}  // namespace
}  // namespace clickdeploy::simulation
