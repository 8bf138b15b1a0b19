#include "controller/base/text.h"
#include "tests/localcloud/cloud_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::localcloud {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr const char* kServers = "/compute/v2.1/servers";

TEST(Servers, CreateAnswersWithFewFieldsAndALocation) {
  CloudWorld world;
  const Answered made = world.call("POST", kServers, world.server_body("web"));
  ASSERT_EQ(made.status, 202) << made.text;
  const Json& server = made.body["server"];
  EXPECT_TRUE(server.contains("adminPass"));
  EXPECT_FALSE(server.contains("status"));
  EXPECT_EQ(made.header("Location"),
            "http://cloud.test/compute/v2.1/servers/" + server["id"].as_string());
  EXPECT_THAT(made.header("X-Openstack-Request-Id"), ::testing::StartsWith("req-"));
  EXPECT_EQ(made.header("x-compute-request-id"), made.header("X-Openstack-Request-Id"));
}

TEST(Servers, BuildGoesThroughSchedulingNetworkingSpawning) {
  CloudWorld world;
  const std::string id = world.create("web");
  std::vector<std::string> seen;
  for (int i = 0; i < 60; ++i) {
    const Json server = world.server(id);
    const std::string now =
        server["status"].as_string() + "/" + server["OS-EXT-STS:task_state"].as_string();
    if (seen.empty() || seen.back() != now) seen.push_back(now);
    world.pass(milliseconds(50));
  }
  EXPECT_THAT(seen, ::testing::ElementsAre("BUILD/scheduling", "BUILD/networking", "BUILD/spawning",
                                           "ACTIVE/"));
  EXPECT_THAT(world.guests.events, ::testing::ElementsAre("start web First"));
}

TEST(Servers, ActiveServerHasAnAddressOfTheNetwork) {
  CloudWorld world;
  const std::string id = world.create_active("web");
  const Json server = world.server(id);
  const Json& address = server["addresses"]["private"][0];
  EXPECT_THAT(address["addr"].as_string(), ::testing::StartsWith("127.20."));
  EXPECT_EQ(address["OS-EXT-IPS:type"].as_string(), "fixed");
  EXPECT_EQ(world.guests.started[0].address, address["addr"].as_string());
  const Json port = world.get("/network/v2.0/ports?device_id=" + id).body["ports"][0];
  EXPECT_EQ(port["device_owner"].as_string(), "compute:nova");
  EXPECT_EQ(port["status"].as_string(), "ACTIVE");
  const Json interfaces = world.get(std::string(kServers) + "/" + id + "/os-interface").body;
  EXPECT_EQ(interfaces["interfaceAttachments"][0]["port_id"], port["id"]);
}

TEST(Servers, NamesNeedNotBeUniqueAndCreatesAreNotIdempotent) {
  CloudWorld world;
  EXPECT_NE(world.create("web"), world.create("web"));
  EXPECT_EQ(world.get(kServers).body["servers"].size(), 2u);
}

TEST(Servers, UserDataReachesTheGuestButNoMember) {
  CloudWorld world;
  Json body = world.server_body("web");
  body.member("server").set("user_data", base64_encode("#cloud-config\n"));
  const std::string id = world.call("POST", kServers, body).body["server"]["id"].as_string();
  world.pass(seconds(3));
  EXPECT_EQ(world.guests.started[0].user_data, "#cloud-config\n");
  EXPECT_FALSE(world.server(id).contains("OS-EXT-SRV-ATTR:user_data"));
  world.token = world.log_in("admin", "admin");
  EXPECT_EQ(world.server(id)["OS-EXT-SRV-ATTR:user_data"].as_string(),
            base64_encode("#cloud-config\n"));
}

struct BadCreate {
  std::string name;
  std::string field;
  Json value;
  int status;
  std::string message;
};

TEST(Servers, CreateRefusesWhatNovaRefuses) {
  CloudWorld world;
  const Json bad_network =
      Json::array({Json::object({{"uuid", "00000000-0000-0000-0000-000000000000"}})});
  const Json bad_port =
      Json::array({Json::object({{"port", "00000000-0000-0000-0000-000000000000"}})});
  const BadCreate cases[] = {
      {"image", "imageRef", "00000000-0000-0000-0000-000000000000", 400,
       "Can not find requested image"},
      {"flavor", "flavorRef", "404", 400, "Flavor 404 could not be found."},
      {"network", "networks", bad_network, 400, "Network 00000000"},
      {"port", "networks", bad_port, 400, "Port id 00000000"},
      {"several networks", "networks", "auto", 409, "Multiple possible networks found"},
      {"unknown field", "nonsense", 1, 400,
       "Additional properties are not allowed ('nonsense' was unexpected)"},
      {"key", "key_name", "absent", 400, "Invalid key_name provided."},
      {"group", "security_groups", Json::array({Json::object({{"name", "absent"}})}), 400,
       "Security group absent not found"},
      {"zone", "availability_zone", "mars", 400, "availability zone is not available"},
      {"long user data", "user_data", std::string(65'536, 'A'), 400, "too long"},
      {"tag with a comma", "tags", Json::array({"a,b"}), 400, "does not match"},
      {"long tag", "tags", Json::array({std::string(61, 'a')}), 400, "too short or too long"},
      {"number in metadata", "metadata", Json::object({{"a", 1}}), 400, "metadata/a"},
      {"blank name", "name", "  ", 400, "name"},
  };
  for (const BadCreate& c : cases) {
    SCOPED_TRACE(c.name);
    Json body = world.server_body("web");
    body.member("server").set(c.field, c.value);
    const Answered refused = world.call("POST", kServers, body);
    EXPECT_EQ(refused.status, c.status) << refused.text;
    const char* kind = c.status == 409 ? "conflictingRequest" : "badRequest";
    EXPECT_THAT(refused.body[kind]["message"].as_string(), HasSubstr(c.message));
    EXPECT_EQ(refused.body[kind]["code"].as_int(), c.status);
  }
  EXPECT_EQ(world.get(kServers).body["servers"].size(), 0u);
}

TEST(Servers, LongestUserDataIsTaken) {
  CloudWorld world;
  Json body = world.server_body("web");
  body.member("server").set("user_data", std::string(65'535, 'A'));
  EXPECT_EQ(world.call("POST", kServers, body).status, 202);
}

TEST(Servers, QuotaCountsServersInErrorToo) {
  CloudOptions options;
  options.quota.instances = 2;
  CloudWorld world(options);
  world.create("one");
  world.cloud.faults().spawn_failures = 1;
  world.pass(seconds(3));
  world.create("two");
  const Answered refused = world.call("POST", kServers, world.server_body("three"));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body["forbidden"]["message"].as_string(),
            "Quota exceeded for instances: Requested 1, but already used 2 of 2 instances");
  const Json limits = world.get("/compute/v2.1/limits").body["limits"]["absolute"];
  EXPECT_EQ(limits["totalInstancesUsed"].as_int(), 2);
  EXPECT_EQ(limits["maxTotalInstances"].as_int(), 2);
}

TEST(Servers, NoValidHostEndsInErrorWithAFaultThatListsDoNotShow) {
  CloudWorld world;
  Json body = world.server_body("big");
  body.member("server").set("flavorRef", "9");
  const std::string id = world.call("POST", kServers, body).body["server"]["id"].as_string();
  world.pass(seconds(3));
  const Json server = world.server(id);
  EXPECT_EQ(server["status"].as_string(), "ERROR");
  EXPECT_EQ(server["fault"]["code"].as_int(), 500);
  EXPECT_THAT(server["fault"]["message"].as_string(), HasSubstr("No valid host was found"));
  EXPECT_TRUE(server["addresses"].empty());
  const Json row = world.get("/compute/v2.1/servers/detail").body["servers"][0];
  EXPECT_EQ(row["status"].as_string(), "ERROR");
  EXPECT_FALSE(row.contains("fault"));
}

TEST(Servers, FailedSpawnReleasesItsPorts) {
  CloudWorld world;
  world.cloud.faults().spawn_failures = 1;
  const std::string id = world.create("web");
  world.pass(seconds(3));
  EXPECT_THAT(world.server(id)["fault"]["message"].as_string(),
              HasSubstr("Exceeded maximum number of retries"));
  EXPECT_EQ(world.get("/network/v2.0/ports").body["ports"].size(), 0u);
}

TEST(Servers, GuestThatCannotStartIsAFault) {
  CloudWorld world;
  world.guests.refuse_with = "no space left";
  const std::string id = world.create("web");
  world.pass(seconds(3));
  EXPECT_EQ(world.server(id)["status"].as_string(), "ERROR");
  EXPECT_EQ(world.server(id)["fault"]["message"].as_string(), "no space left");
}

TEST(Servers, DeleteTakesItsTimeAndASecondOneIsHarmless) {
  CloudWorld world;
  const std::string id = world.create_active("web");
  const std::string url = std::string(kServers) + "/" + id;
  EXPECT_EQ(world.call("DELETE", url).status, 204);
  EXPECT_EQ(world.server(id)["OS-EXT-STS:task_state"].as_string(), "deleting");
  EXPECT_EQ(world.call("DELETE", url).status, 204);
  world.pass(seconds(1));
  const Answered gone = world.get(url);
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.body["itemNotFound"]["message"].as_string(),
            "Instance " + id + " could not be found.");
  EXPECT_EQ(world.call("DELETE", url).status, 404);
  EXPECT_EQ(world.guests.events.back(), "destroy " + id);
}

TEST(Servers, DeleteEndsABuild) {
  CloudWorld world;
  const std::string id = world.create("web");
  world.pass(milliseconds(1000));
  world.call("DELETE", std::string(kServers) + "/" + id);
  world.pass(seconds(5));
  EXPECT_EQ(world.get(std::string(kServers) + "/" + id).status, 404);
  EXPECT_EQ(world.cloud.state().ports.size(), 0u);
  EXPECT_THAT(world.guests.events, ::testing::ElementsAre("destroy " + id));
}

TEST(Servers, PortsGivenByIdOutliveTheirServer) {
  CloudWorld world;
  const Json port =
      world
          .call("POST", "/network/v2.0/ports",
                Json::object({{"port", Json::object({{"network_id", world.network()}})}}))
          .body["port"];
  Json body = world.server_body("web");
  body.member("server").set("networks", Json::array({Json::object({{"port", port["id"]}})}));
  const std::string id = world.call("POST", kServers, body).body["server"]["id"].as_string();
  world.pass(seconds(3));
  EXPECT_EQ(world.server(id)["addresses"]["private"][0]["addr"],
            port["fixed_ips"][0]["ip_address"]);
  const Answered again = world.call("POST", kServers, body);
  EXPECT_EQ(again.status, 409);
  EXPECT_THAT(again.text, HasSubstr("is still in use"));

  world.call("DELETE", std::string(kServers) + "/" + id);
  world.pass(seconds(1));
  const Json left = world.get("/network/v2.0/ports/" + port["id"].as_string()).body["port"];
  EXPECT_EQ(left["device_id"].as_string(), "");
  EXPECT_EQ(left["device_owner"].as_string(), "");
}

TEST(Servers, SeveralAtOnceAreNumbered) {
  CloudWorld world;
  Json body = world.server_body("web");
  body.member("server").set("min_count", 3);
  EXPECT_EQ(world.call("POST", kServers, body).status, 202);
  const Json servers = world.get(kServers).body["servers"];
  ASSERT_EQ(servers.size(), 3u);
  EXPECT_EQ(servers[2]["name"].as_string(), "web-1");
  EXPECT_EQ(servers[0]["name"].as_string(), "web-3");
}

TEST(Microversions, ViewsDependOnThem) {
  CloudWorld world;
  const std::string id = world.create_active("web");
  Json server = world.server(id);
  EXPECT_EQ(server["flavor"]["original_name"].as_string(), "m1.tiny");
  EXPECT_FALSE(server["flavor"].contains("id"));
  EXPECT_TRUE(server.contains("tags"));
  world.version.clear();
  const Answered old = world.get(std::string(kServers) + "/" + id);
  EXPECT_EQ(old.header("OpenStack-API-Version"), "compute 2.1");
  EXPECT_EQ(old.body["server"]["flavor"]["id"].as_string(), "1");
  EXPECT_FALSE(old.body["server"].contains("tags"));
}

TEST(Microversions, TagsAtCreateNeed252) {
  CloudWorld world;
  Json body = world.server_body("web");
  body.member("server").set("tags", Json::array({"a"}));
  world.version = "2.51";
  EXPECT_EQ(world.call("POST", kServers, body).status, 400);
  world.version = "2.52";
  EXPECT_EQ(world.call("POST", kServers, body).status, 202);
}

TEST(Microversions, TooHighIs406AndMalformedIs400) {
  CloudWorld world;
  world.version = "2.999";
  const Answered high = world.get(kServers);
  EXPECT_EQ(high.status, 406);
  EXPECT_THAT(high.body["computeFault"]["message"].as_string(),
              HasSubstr("Minimum is 2.1 and maximum is 2.93"));
  world.version = "two";
  EXPECT_EQ(world.get(kServers).status, 400);
  world.version = "latest";
  EXPECT_EQ(world.get(kServers).header("X-OpenStack-Nova-API-Version"), "2.93");
}

}  // namespace
}  // namespace clickdeploy::localcloud
