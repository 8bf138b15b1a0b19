// Sixty servers, of which the cloud suddenly says something else: nobody loses their monitoring.

#include "tests/simulation/checks/watched_world.h"

#include <gtest/gtest.h>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

constexpr int kFleet = 60;

bool is_list_of_servers(const http::Request& request) {
  return request.method == "GET" && request.url.contains("/compute/v2.1/servers/detail");
}

class BigFleet : public ::testing::Test {
 protected:
  BigFleet() {
    for (const localcloud::Project& project : world.cloud.state().projects) {
      world.cloud.mutable_state().quotas[project.id].instances = 200;
    }
    world.apply(platform_manifests());
    world.apply(service_manifest(kFleet));
    EXPECT_TRUE(world.run_until([this] { return is_converged(world, kFleet); }, 30min))
        << describe(world);
  }

  // Every answer to a list of all servers is changed so from here on.
  void lie(std::function<void(http::Reply&)> change) {
    world.network.route(kCloudOrigin, [this, change = std::move(change)](http::Request request) {
      return answer(std::move(request), change);
    });
  }
  Task<http::Reply> answer(http::Request request, const std::function<void(http::Reply&)>& change) {
    const bool list = is_list_of_servers(request);
    http::Reply reply = co_await world.checker.handle(std::move(request));
    if (list) change(reply);
    co_return reply;
  }

  WatchedWorld watched{1};
  SimWorld& world = watched.world;
};

void keep_of_list(http::Reply& reply, std::size_t count) {
  Json body = parse_json(reply.response.body).value_or(Json());
  Json kept = Json::array();
  for (const Json& server : body["servers"].as_array()) {
    if (kept.size() < count) kept.push_back(server);
  }
  body.set("servers", std::move(kept));
  reply.response.body = to_json(body);
}

void set_status_in_list(http::Reply& reply, const std::string& status) {
  Json body = parse_json(reply.response.body).value_or(Json());
  for (Json& server : body.member("servers").array_ref()) server.set("status", status);
  reply.response.body = to_json(body);
}

TEST_F(BigFleet, KeepsItsTargetsWhateverTheListOfServersSays) {
  const std::size_t mutations = world.checker.mutations().size();
  const std::function<void(http::Reply&)> lies[] = {
      [](http::Reply& reply) { reply.response = {.status = 500, .headers = {}, .body = "{}"}; },
      [](http::Reply& reply) { keep_of_list(reply, 0); },
      [](http::Reply& reply) { keep_of_list(reply, 40); },
  };
  for (const auto& change : lies) {
    lie(change);
    world.run_for(3min);
    EXPECT_EQ(world.prometheus.targets(), static_cast<std::size_t>(kFleet));
    EXPECT_EQ(world.checker.mutations().size(), mutations);
    lie([](http::Reply&) {});
    ASSERT_TRUE(world.run_until([this] { return is_converged(world, kFleet); }, 10min))
        << describe(world);
  }
}

// A cloud that lost power says SHUTOFF of all: that is when monitoring matters.
TEST_F(BigFleet, IsNotSilencedWhenTheCloudSaysThatAllAreStopped) {
  lie([](http::Reply& reply) { set_status_in_list(reply, "SHUTOFF"); });
  world.run_for(5min);
  EXPECT_GE(world.prometheus.targets(), static_cast<std::size_t>(kFleet - 6));
  lie([](http::Reply&) {});
  ASSERT_TRUE(world.run_until([this] { return is_converged(world, kFleet); }, 10min))
      << describe(world);
}

TEST_F(BigFleet, IsScaledDownAtOnce) {
  world.patch(kServices, kWeb, Json::object({{"spec", Json::object({{"replicas", 20}})}}));
  ASSERT_TRUE(world.run_until([this] { return is_converged(world, 20); }, 10min))
      << describe(world);
}

}  // namespace
}  // namespace clickdeploy::simulation
