#include "tests/simulation/scenarios/scenario_world.h"

#include "controller/base/yaml.h"

#include <gtest/gtest.h>

namespace clickdeploy::simulation {

namespace {

constexpr std::string_view kServersPath = "/compute/v2.1/servers/";

Task<http::Reply> shown_as(SimWorld& world, ServerView change, http::Request request) {
  const bool list = request.method == "GET" && request.url.contains("/servers/detail");
  const bool one = request.method == "GET" && !list && request.url.starts_with(kServersPath);
  http::Reply reply = co_await world.checker.handle(std::move(request));
  if ((!list && !one) || reply.response.status != 200) co_return reply;
  Json body = parse_json(reply.response.body).value_or(Json());
  if (one) {
    change(body.member("server"));
  } else {
    std::erase_if(body.member("servers").array_ref(),
                  [&](Json& server) { return !change(server); });
  }
  reply.response.body = to_json(body);
  co_return reply;
}

}  // namespace

bool is_call(const http::Request& request, std::string_view method, std::string_view path) {
  return request.method == method && request.url.starts_with(std::string(kCloudOrigin)) &&
         std::string_view(request.url)
             .substr(std::string_view(kCloudOrigin).size())
             .starts_with(path);
}

Json service_object(int replicas) {
  return parse_single_yaml(service_manifest(replicas)).value_or(Json());
}

Json with_spec(Json spec) {
  return Json::object({{"spec", std::move(spec)}});
}

void remediate(SimWorld& world, Json remediation) {
  world.patch(kServices, kWeb, with_spec(Json::object({{"remediation", std::move(remediation)}})));
}

void show_servers_as(SimWorld& world, ServerView change) {
  world.network.route(kCloudOrigin, [&world, change = std::move(change)](http::Request request) {
    return shown_as(world, change, std::move(request));
  });
}

void show_servers_as_they_are(SimWorld& world) {
  world.network.route(kCloudOrigin, [&world](http::Request request) {
    return world.checker.handle(std::move(request));
  });
}

bool is_all_gone(const SimWorld& world) {
  return world.objects(kServices).empty() && world.objects(kInstances).empty() &&
         world.checker.our_servers().empty() && world.checker.our_ports().empty() &&
         world.prometheus.targets() == 0;
}

Json only_instance(const SimWorld& world) {
  const auto instances = world.objects(kInstances);
  EXPECT_EQ(instances.size(), 1U);
  return instances.size() == 1 ? instances.front().get() : Json();
}

}  // namespace clickdeploy::simulation
