#include "controller/openstack/clients.h"

#include "controller/base/text.h"
#include "tests/openstack/fake_cloud.h"

#include <gtest/gtest.h>

namespace clickdeploy::openstack {
namespace {

Json json(std::string_view text) {
  Result<Json> value = parse_json(text);
  return value ? *value : Json("not JSON");
}

class ClientsTest : public testing::Test {
 protected:
  void answer(int status, std::string_view body) {
    cloud_.answer = [status, text = std::string(body)](const http::Request&) {
      return text_response(status, text, "application/json");
    };
  }
  const http::Request& last() const { return cloud_.requests.back(); }

  VirtualWorld world_;
  FakeCloud cloud_{world_};
  Session session_{cloud_, world_, fake_credentials(), {.requests_per_second = 1e4, .burst = 100}};
  ComputeClient compute_{session_};
  NetworkClient network_{session_};
  ImageClient image_{session_};
};

TEST_F(ClientsTest, CreatesAServerWithAllThatWasAsked) {
  answer(202, R"({"server": {"id": "s-1", "links": [], "adminPass": "x"}})");
  ServerCreate create{.name = "web-1",
                      .image_id = "i",
                      .flavor_id = "1",
                      .port_ids = {"p1", "p2"},
                      .availability_zone = "az",
                      .key_name = "key",
                      .user_data = "#cloud-config\n",
                      .metadata = {{"a", "b"}},
                      .tags = {"t1", "t2"}};
  EXPECT_EQ(world_.run(compute_.create_server(create)), "s-1");
  EXPECT_EQ(last().method, "POST");
  EXPECT_EQ(last().url, "http://cloud:8774/v2.1/servers");
  EXPECT_EQ(json(last().body),
            json(R"({"server": {"name": "web-1", "imageRef": "i", "flavorRef": "1",
            "networks": [{"port": "p1"}, {"port": "p2"}], "availability_zone": "az", "key_name": "key",
            "user_data": "I2Nsb3VkLWNvbmZpZwo=", "metadata": {"a": "b"}, "tags": ["t1", "t2"]}})"));
}

TEST_F(ClientsTest, AServerWithoutPortsGetsNoNetworkByAccident) {
  answer(202, R"({"server": {"id": "s"}})");
  EXPECT_TRUE(world_.run(compute_.create_server({.name = "n", .image_id = "i", .flavor_id = "1"})));
  EXPECT_EQ(
      json(last().body),
      json(R"({"server": {"name": "n", "imageRef": "i", "flavorRef": "1", "networks": "none"}})"));
}

struct CreateCase {
  int status;
  const char* body;
  bool certain;
};

TEST_F(ClientsTest, SaysWhetherAServerMayHaveBeenMade) {
  const CreateCase cases[] = {
      {400, R"({"badRequest": {"message": "m"}})", true},
      {401, "{}", true},
      {403, R"({"forbidden": {"message": "Quota exceeded"}})", true},
      {403, R"({"forbidden": {"message": "no"}})", true},
      {404, R"({"itemNotFound": {"message": "m"}})", true},
      {409, R"({"conflictingRequest": {"message": "m"}})", true},
      {413, "", true},
      {429, "", true},
      {404, "<html>nginx</html>", false},
      {408, "", false},
      {500, R"({"computeFault": {"message": "m"}})", false},
      {502, "<html>bad gateway</html>", false},
      {503, "connect timeout", false},
      {504, "", false},
      {202, "", false},
      {202, "{", false},
      {202, R"({"server": {}})", false},
      {202, R"({"server": {"id": "../x"}})", false},
      {200, "<html>portal</html>", false},
      {302, "", false},
  };
  for (const CreateCase& c : cases) {
    SCOPED_TRACE(std::to_string(c.status) + " " + c.body);
    answer(c.status, c.body);
    Result<std::string> id = world_.run(compute_.create_server({.name = "n"}));
    ASSERT_FALSE(id);
    EXPECT_EQ(certainly_not_done(id.error()), c.certain) << id.error().message();
  }
}

TEST_F(ClientsTest, TransportErrorsOfACreateAreUncertainUnlessItWasNeverSent) {
  struct {
    ErrorCode code;
    const char* message;
    bool certain;
  } const cases[] = {
      {ErrorCode::Unavailable, "connect cloud: refused", true},
      {ErrorCode::Unavailable, "connection reset", false},
      {ErrorCode::DeadlineExceeded, "no answer in time", false},
      {ErrorCode::ResourceExhausted, "response body is larger than allowed", false},
  };
  for (const auto& c : cases) {
    cloud_.answer = [&](const http::Request&) -> Result<http::Response> {
      return fail(c.code, c.message);
    };
    Result<std::string> id = world_.run(compute_.create_server({.name = "n"}));
    ASSERT_FALSE(id);
    EXPECT_EQ(certainly_not_done(id.error()), c.certain) << id.error().message();
  }
}

TEST_F(ClientsTest, UserDataIsMeasuredBeforeTheCall) {
  answer(202, R"({"server": {"id": "s"}})");
  ServerCreate create{.name = "n"};
  create.user_data = std::string(49'149, 'x');  // 65 532 in base64
  EXPECT_TRUE(world_.run(compute_.create_server(create)));
  const std::size_t sent = cloud_.requests.size();
  create.user_data += "xxx";
  Result<std::string> id = world_.run(compute_.create_server(create));
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().code(), ErrorCode::InvalidArgument);
  EXPECT_EQ(cloud_.requests.size(), sent);
}

TEST_F(ClientsTest, GetServerTellsAbsenceFromTrouble) {
  answer(200, R"({"server": {"id": "s-1", "status": "ACTIVE"}})");
  Result<std::optional<Server>> found = world_.run(compute_.get_server("s-1"));
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->id, "s-1");
  EXPECT_FALSE(world_.run(compute_.get_server("s-2")));  // the answer is about another one

  answer(404, R"({"itemNotFound": {"message": "no such server"}})");
  found = world_.run(compute_.get_server("s-1"));
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, std::nullopt);

  answer(404, "<html>404 page not found</html>");
  found = world_.run(compute_.get_server("s-1"));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::Unavailable);
}

TEST_F(ClientsTest, DeletingWhatIsGoneIsASuccess) {
  answer(404, R"({"itemNotFound": {"message": "gone"}})");
  EXPECT_TRUE(world_.run(compute_.delete_server("s-1")));
  EXPECT_EQ(last().method, "DELETE");
  EXPECT_TRUE(world_.run(network_.delete_port("p-1")));
  answer(204, "");
  EXPECT_TRUE(world_.run(compute_.delete_server("s-1")));
  answer(404, "no route");
  EXPECT_FALSE(world_.run(compute_.delete_server("s-1")));
  EXPECT_FALSE(world_.run(network_.delete_port("p-1")));
  answer(409, R"({"conflictingRequest": {"message": "busy"}})");
  EXPECT_EQ(world_.run(compute_.delete_server("s-1")).error().message(), "delete server: busy");
}

TEST_F(ClientsTest, IdsThatWouldNameSomethingElseAreNotSent) {
  for (const char* id : {"", ".", "..", "a/b", "a?b", "a%2fb"}) {
    EXPECT_EQ(world_.run(compute_.delete_server(id)).error().code(), ErrorCode::InvalidArgument);
    EXPECT_EQ(world_.run(compute_.get_server(id)).error().code(), ErrorCode::InvalidArgument);
    EXPECT_EQ(world_.run(compute_.reboot_server(id, RebootType::Soft)).error().code(),
              ErrorCode::InvalidArgument);
    EXPECT_EQ(world_.run(network_.delete_port(id)).error().code(), ErrorCode::InvalidArgument);
    EXPECT_EQ(world_.run(image_.get_image(id)).error().code(), ErrorCode::InvalidArgument);
  }
  EXPECT_TRUE(cloud_.requests.empty());
}

TEST_F(ClientsTest, RebootsAndReadsTheConsole) {
  answer(202, "");
  EXPECT_TRUE(world_.run(compute_.reboot_server("s", RebootType::Hard)));
  EXPECT_EQ(last().url, "http://cloud:8774/v2.1/servers/s/action");
  EXPECT_EQ(json(last().body), json(R"({"reboot": {"type": "HARD"}})"));
  answer(200, R"({"output": "[ \u001b[32mOK\u001b[0m ] Started\nlogin:"})");
  EXPECT_EQ(world_.run(compute_.console_output("s", 50)), "[ OK ] Started\nlogin:");
  EXPECT_EQ(json(last().body), json(R"({"os-getConsoleOutput": {"length": 50}})"));
}

TEST_F(ClientsTest, AFilterThatTheCloudIgnoresIsAppliedHere) {
  answer(200, R"({"servers": [{"id": "ours", "status": "ACTIVE", "tags": ["x", "claim-1"]},
                              {"id": "foreign", "status": "ACTIVE", "tags": ["claim-2"]}]})");
  Result<std::vector<Server>> servers = world_.run(compute_.list_servers("claim-1"));
  ASSERT_TRUE(servers);
  ASSERT_EQ(servers->size(), 1u);
  EXPECT_EQ(servers->front().id, "ours");
  EXPECT_EQ(last().url, "http://cloud:8774/v2.1/servers/detail?limit=1000&tags=claim-1");

  answer(200, R"({"ports": [{"id": "a", "description": "d 1"}, {"id": "b", "description": "d 12"},
                            {"id": "c", "description": "d 1", "project_id": "other"}]})");
  Result<std::vector<Port>> ports = world_.run(network_.list_ports("d 1"));
  ASSERT_TRUE(ports);
  ASSERT_EQ(ports->size(), 1u);
  EXPECT_EQ(last().url,
            "http://cloud:9696/v2.0/ports?limit=1000&project_id=project-1&description=d%201");

  answer(200, R"({"images": [{"id": "a", "name": "in:x,y", "status": "active"},
                             {"id": "b", "name": "x", "status": "active"},
                             {"id": "c", "name": "in:x,y", "status": "queued"}]})");
  Result<std::vector<Image>> images = world_.run(image_.list_images("in:x,y"));
  ASSERT_TRUE(images);
  ASSERT_EQ(images->size(), 1u);
  EXPECT_EQ(last().url, "http://cloud:9292/v2/images?limit=500&status=active");
}

TEST_F(ClientsTest, ListsNetworksAndGroups) {
  answer(200, R"({"networks": [{"id": "n", "name": "private", "subnets": ["s"]}]})");
  Result<std::vector<Network>> networks = world_.run(network_.list_networks());
  ASSERT_TRUE(networks);
  EXPECT_EQ(networks->front(), (Network{"n", "private", {"s"}}));
  answer(200, R"({"security_groups": [{"id": "g", "name": "default", "project_id": "project-1"},
                                      {"id": "h", "name": "default", "tenant_id": "other"}]})");
  Result<std::vector<SecurityGroup>> groups = world_.run(network_.list_security_groups());
  ASSERT_TRUE(groups);
  ASSERT_EQ(groups->size(), 1u);
  EXPECT_EQ(last().url, "http://cloud:9696/v2.0/security-groups?limit=1000");
}

TEST_F(ClientsTest, CreatesPortsWithOrWithoutGroups) {
  answer(201, R"({"port": {"id": "p", "status": "DOWN"}})");
  PortCreate create{.name = "n", .network_id = "net", .description = "claim"};
  EXPECT_TRUE(world_.run(network_.create_port(create)));
  EXPECT_EQ(json(last().body),
            json(R"({"port": {"name": "n", "network_id": "net", "description": "claim"}})"));
  create.security_group_ids = std::vector<std::string>();
  EXPECT_TRUE(world_.run(network_.create_port(create)));
  EXPECT_EQ(
      json(last().body),
      json(
          R"({"port": {"name": "n", "network_id": "net", "description": "claim", "security_groups": []}})"));
}

TEST_F(ClientsTest, GlanceMaySayNotFoundInItsOwnWay) {
  answer(404, "<html><head><title>404 Not Found</title></head><body>No image</body></html>");
  Result<std::optional<Image>> image = world_.run(image_.get_image("i"));
  ASSERT_TRUE(image);
  EXPECT_EQ(*image, std::nullopt);
}

TEST_F(ClientsTest, ReadsTheQuota) {
  answer(
      200,
      R"({"limits": {"rate": [], "absolute": {"maxTotalInstances": 5, "totalInstancesUsed": 5}}})");
  Result<Quota> quota = world_.run(compute_.quota());
  ASSERT_TRUE(quota);
  EXPECT_EQ(quota->instances, (QuotaUse{5, 5}));
  answer(200, R"({"limits": []})");
  EXPECT_FALSE(world_.run(compute_.quota()));
}

}  // namespace
}  // namespace clickdeploy::openstack
