#include "tests/localcloud/cloud_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::localcloud {
namespace {

using ::testing::HasSubstr;

constexpr const char* kPorts = "/network/v2.0/ports";

Answered make_port(CloudWorld& world, Json more = Json::object()) {
  if (!more.contains("network_id")) more.set("network_id", world.network());
  return world.call("POST", kPorts, Json::object({{"port", std::move(more)}}));
}

TEST(Ports, NewPortHasAnAddressAndTheDefaultGroup) {
  CloudWorld world;
  const Answered made = make_port(world, Json::object({{"description", "token-1"}}));
  ASSERT_EQ(made.status, 201) << made.text;
  const Json& port = made.body["port"];
  EXPECT_EQ(port["description"].as_string(), "token-1");
  EXPECT_EQ(port["status"].as_string(), "DOWN");
  EXPECT_EQ(port["device_id"].as_string(), "");
  EXPECT_THAT(port["fixed_ips"][0]["ip_address"].as_string(), ::testing::StartsWith("127.20."));
  EXPECT_EQ(port["security_groups"].size(), 1u);
}

TEST(Ports, AddressesAreNeverGivenTwice) {
  CloudOptions options;
  options.cidr = "127.20.0.0/28";  // two networks of 6 addresses each
  CloudWorld world(options);
  std::set<std::string> addresses;
  for (int i = 0; i < 6; ++i) {
    const Answered made = make_port(world);
    ASSERT_EQ(made.status, 201) << made.text;
    addresses.insert(made.body["port"]["fixed_ips"][0]["ip_address"].as_string());
  }
  EXPECT_EQ(addresses.size(), 6u);
  const Answered full = make_port(world);
  EXPECT_EQ(full.status, 409);
  EXPECT_EQ(full.body["NeutronError"]["type"].as_string(), "IpAddressGenerationFailure");
  EXPECT_EQ(make_port(world, Json::object({{"network_id", world.network("app-net")}})).status, 201);
}

TEST(Ports, RefusalsHaveNeutronsForm) {
  CloudWorld world;
  const Answered network = make_port(world, Json::object({{"network_id", "absent"}}));
  EXPECT_EQ(network.status, 404);
  EXPECT_EQ(network.body["NeutronError"]["type"].as_string(), "NetworkNotFound");
  const Answered tags = make_port(world, Json::object({{"tags", Json::array({"a"})}}));
  EXPECT_EQ(tags.status, 400);
  EXPECT_THAT(tags.text, HasSubstr("Unrecognized attribute(s) 'tags'"));
  const Answered filter = world.get("/network/v2.0/ports?nonsense=1");
  EXPECT_EQ(filter.status, 400);
  EXPECT_THAT(filter.text, HasSubstr("invalid attribute for filtering"));
  EXPECT_EQ(world.get("/network/v2.0/ports/absent").body["NeutronError"]["type"].as_string(),
            "PortNotFound");
  EXPECT_EQ(world.call("DELETE", "/network/v2.0/ports/absent").status, 404);
}

TEST(Ports, QuotaIs409OverQuota) {
  CloudOptions options;
  options.quota.ports = 1;
  CloudWorld world(options);
  EXPECT_EQ(make_port(world).status, 201);
  const Answered refused = make_port(world);
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.body["NeutronError"]["message"].as_string(),
            "Quota exceeded for resources: ['port'].");
  const std::string project = world.cloud.state().projects.front().id;
  const Json quota = world.get("/network/v2.0/quotas/" + project + "/details.json").body["quota"];
  EXPECT_EQ(quota["port"], Json::object({{"limit", 1}, {"used", 1}, {"reserved", 0}}));
}

TEST(Ports, TagsAreReplacedByPutAndFilterLists) {
  CloudWorld world;
  const std::string one = make_port(world).body["port"]["id"].as_string();
  const std::string two = make_port(world).body["port"]["id"].as_string();
  const auto put = [&world](const std::string& id, Json tags) {
    return world.call("PUT", "/network/v2.0/ports/" + id + "/tags",
                      Json::object({{"tags", std::move(tags)}}));
  };
  EXPECT_EQ(put(one, Json::array({"b", "a"})).body["tags"], Json::array({"a", "b"}));
  EXPECT_EQ(put(two, Json::array({"b"})).status, 200);
  const auto count = [&world](const std::string& query) {
    return world.get("/network/v2.0/ports?" + query).body["ports"].size();
  };
  EXPECT_EQ(count("tags=a"), 1u);
  EXPECT_EQ(count("tags=a,b"), 1u);
  EXPECT_EQ(count("tags-any=a,b"), 2u);
  EXPECT_EQ(count("not-tags=a"), 1u);
  EXPECT_EQ(put("absent", Json::array({"b"})).status, 404);
}

TEST(Ports, FiltersAndFields) {
  CloudWorld world;
  const Json one = make_port(world, Json::object({{"name", "one"}})).body["port"];
  make_port(world, Json::object({{"name", "two"}}));
  const Answered by_name = world.get("/network/v2.0/ports?name=one&name=three&fields=id");
  EXPECT_EQ(by_name.body["ports"], Json::array({Json::object({{"id", one["id"]}})}));
  const std::string ip = one["fixed_ips"][0]["ip_address"].as_string();
  EXPECT_EQ(world.get("/network/v2.0/ports?fixed_ips=ip_address%3D" + ip).body["ports"].size(), 1u);
  EXPECT_EQ(world.get("/network/v2.0/ports?network_id=absent").body["ports"].size(), 0u);
}

TEST(Ports, PagesFollowTheirLinksToTheEnd) {
  CloudWorld world;
  for (int i = 0; i < 4; ++i) make_port(world);
  std::set<std::string> ids;
  std::string url = "/network/v2.0/ports?limit=2";
  while (!url.empty()) {
    const Answered page = world.get(url);
    ASSERT_EQ(page.status, 200) << page.text;
    for (const Json& port : page.body["ports"].as_array()) ids.insert(port["id"].as_string());
    const std::string next = page.body["ports_links"][0]["href"].as_string();
    url = next.empty() ? "" : next.substr(std::string("http://cloud.test").size());
  }
  EXPECT_EQ(ids.size(), 4u);
}

TEST(Networks, EachHasASubnetOfThePool) {
  CloudWorld world;
  const Json networks = world.get("/network/v2.0/networks?name=app-net").body["networks"];
  ASSERT_EQ(networks.size(), 1u);
  const std::string subnet = networks[0]["subnets"][0].as_string();
  const Json view = world.get("/network/v2.0/subnets/" + subnet).body["subnet"];
  EXPECT_EQ(view["cidr"].as_string(), "127.20.128.0/17");
  EXPECT_FALSE(view["enable_dhcp"].as_bool(true));
  EXPECT_EQ(world.call("DELETE", "/network/v2.0/networks/" + world.network()).status, 403);
}

TEST(SecurityGroups, GroupsAndRulesCanBeMadeAndRemoved) {
  CloudWorld world;
  const Answered made =
      world.call("POST", "/network/v2.0/security-groups",
                 Json::object({{"security_group", Json::object({{"name", "web"}})}}));
  ASSERT_EQ(made.status, 201) << made.text;
  const std::string id = made.body["security_group"]["id"].as_string();
  EXPECT_EQ(made.body["security_group"]["security_group_rules"].size(), 2u);
  const Json rule =
      Json::object({{"security_group_rule", Json::object({{"security_group_id", id},
                                                          {"direction", "ingress"},
                                                          {"protocol", "tcp"},
                                                          {"port_range_min", 9100},
                                                          {"port_range_max", 9100}})}});
  EXPECT_EQ(world.call("POST", "/network/v2.0/security-group-rules", rule).status, 201);
  EXPECT_EQ(world.call("POST", "/network/v2.0/security-group-rules", rule).status, 409);
  EXPECT_EQ(make_port(world, Json::object({{"security_groups", Json::array({id})}})).status, 201);
  EXPECT_EQ(world.call("DELETE", "/network/v2.0/security-groups/" + id).status, 409);
  for (const Json& item : world.get(kPorts).body["ports"].as_array()) {
    EXPECT_EQ(world.call("DELETE", "/network/v2.0/ports/" + item["id"].as_string()).status, 204);
  }
  EXPECT_EQ(world.call("DELETE", "/network/v2.0/security-groups/" + id).status, 204);
  EXPECT_EQ(world.get("/network/v2.0/security-groups/" + id).status, 404);
}

TEST(SecurityGroups, AServerGetsTheNamedGroup) {
  CloudWorld world;
  const std::string id =
      world
          .call("POST", "/network/v2.0/security-groups",
                Json::object({{"security_group", Json::object({{"name", "web"}})}}))
          .body["security_group"]["id"]
          .as_string();
  Json body = world.server_body("web");
  body.member("server").set("security_groups", Json::array({Json::object({{"name", "web"}})}));
  world.call("POST", "/compute/v2.1/servers", body);
  world.pass(std::chrono::seconds(3));
  EXPECT_EQ(world.get(kPorts).body["ports"][0]["security_groups"], Json::array({id}));
}

Json floating_ip(const Json& network, const Json& port) {
  return Json::object({{"floatingip", Json::object({{"floating_network_id", network},
                                                    {"description", "d"},
                                                    {"port_id", port}})}});
}

TEST(FloatingIPs, NeedARouterAndAreKeptWithTheState) {
  CloudWorld world({.external_cidr = "203.0.113.0/28"});
  const Json external =
      world.get("/network/v2.0/networks?router:external=True").body["networks"][0]["id"];
  const Json port =
      world
          .call("POST", "/network/v2.0/ports",
                Json::object({{"port", Json::object({{"network_id", world.network()}})}}))
          .body["port"]["id"];
  world.cloud.faults().no_router = true;
  const Answered refused =
      world.call("POST", "/network/v2.0/floatingips", floating_ip(external, port));
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(refused.body["NeutronError"]["type"].as_string(),
            "ExternalGatewayForFloatingIPNotFound");
  EXPECT_TRUE(world.cloud.state().floating_ips.empty());

  world.cloud.faults().no_router = false;
  const Answered made =
      world.call("POST", "/network/v2.0/floatingips", floating_ip(external, port));
  ASSERT_EQ(made.status, 201) << made.text;
  const Json& ip = made.body["floatingip"];
  EXPECT_TRUE(ip["floating_ip_address"].as_string().starts_with("203.0.113."));
  EXPECT_EQ(ip["status"].as_string(), "ACTIVE");
  EXPECT_EQ(world.get("/network/v2.0/subnets").body["subnets"].size(), 2u)
      << "a member does not see the external one";

  CloudWorld other;
  ASSERT_TRUE(other.cloud.restore(encode_state(world.cloud.state())).has_value());
  ASSERT_EQ(other.cloud.state().floating_ips.size(), 1u);
  EXPECT_EQ(other.cloud.state().floating_ips.begin()->second.port_id, port.as_string());
  EXPECT_EQ(world.call("DELETE", "/network/v2.0/ports/" + port.as_string()).status, 204);
  EXPECT_EQ(world.cloud.state().floating_ips.begin()->second.port_id, "");
}

}  // namespace
}  // namespace clickdeploy::localcloud
