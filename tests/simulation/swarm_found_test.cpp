// Scenarios of what the swarm has found, and seeds of what can't be told as a scenario.

#include "tests/simulation/sim_fleet.h"
#include "tests/simulation/swarm.h"

#include <gtest/gtest.h>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;
using Kind = NetworkFault::Kind;

bool is_request(const http::Request& request, const char* method, const char* path) {
  return request.method == method && request.url.starts_with(std::string(kCloudOrigin) + path);
}

void drop_network_service(http::Response& response) {
  Json body = parse_json(response.body).value_or(Json());
  Json& token = body.member("token");
  Json kept = Json::array();
  for (const Json& entry : token["catalog"].as_array()) {
    if (entry["type"].as_string() != "network") kept.push_back(entry);
  }
  token.set("catalog", std::move(kept));
  response.body = to_json(body);
}

// It came with a token, which lasts for an hour.
TEST(SwarmFound, ACatalogThatLacksAServiceForAWhileIsReadAgain) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 1);
    world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
      if (!is_request(request, "POST", "/identity/v3/auth/tokens")) return std::nullopt;
      return NetworkFault{.kind = Kind::Altered, .alter = drop_network_service};
    };
    world.cloud.expire_all_tokens();
    ASSERT_TRUE(world.run_until([&] { return !is_converged(world, 1); }, 3min));
    world.network.faults = nullptr;
    EXPECT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 4min)) << describe(world);
  });
}

// Neither the list nor a look by id shows a server in its first seconds. Its Instance goes then.
TEST(SwarmFound, AServerThatNobodyHasSeenYetDoesNotOutliveItsInstance) {
  replay({1, 2}, [](SimWorld& world) {
    world.network.route(kCloudOrigin, [&world](http::Request request) -> Task<http::Reply> {
      const bool look = request.method == "GET" && request.url.contains("/compute/v2.1/servers/");
      http::Reply reply = co_await world.checker.handle(std::move(request));
      for (const localcloud::Server* server : world.checker.our_servers()) {
        if (!look || world.cloud.now() - server->created >= 20s) continue;
        const bool one = !reply.response.body.contains("\"servers\"");
        if (one) reply.response.status = 404;
        reply.response.body =
            one ? "{\"itemNotFound\": {\"code\": 404, \"message\": \"no\"}}" : "{\"servers\": []}";
      }
      co_return reply;
    });
    apply_fleet(world, 1);
    ASSERT_TRUE(world.run_until([&] { return !world.checker.our_servers().empty(); }, 1min));
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return world.objects(kInstances).empty(); }, 5min))
        << describe(world);
    EXPECT_TRUE(world.checker.our_servers().empty());
    EXPECT_TRUE(world.checker.our_ports().empty());
  });
}

// The network delivers a create of a port a second time, when the server has its port already.
TEST(SwarmFound, APortThatWasMadeTwiceDoesNotStay) {
  replay({1, 2}, [](SimWorld& world) {
    world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
      if (!is_request(request, "POST", "/network/v2.0/ports")) return std::nullopt;
      return NetworkFault{.kind = Kind::Duplicate, .delay = 20s};
    };
    apply_fleet(world, 2);
    ASSERT_TRUE(world.run_until([&] { return world.checker.our_ports().size() == 4; }, 2min));
    EXPECT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 6min)) << describe(world);
  });
}

// Or when its Instance is long gone.
TEST(SwarmFound, APortThatIsMadeAfterItsInstanceWentDoesNotStay) {
  replay({1, 2}, [](SimWorld& world) {
    world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
      if (!is_request(request, "POST", "/network/v2.0/ports")) return std::nullopt;
      return NetworkFault{.kind = Kind::Duplicate, .delay = 3min};
    };
    apply_fleet(world, 1);
    ASSERT_TRUE(world.run_until([&] { return world.checker.our_servers().size() == 1; }, 1min));
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return world.checker.our_ports().empty(); }, 2min));
    ASSERT_TRUE(world.run_until([&] { return world.checker.our_ports().size() == 1; }, 4min));
    EXPECT_TRUE(world.run_until([&] { return world.checker.our_ports().empty(); }, 6min));
  });
}

}  // namespace
}  // namespace clickdeploy::simulation
