#include "controller/openstack/answers_internal.h"

#include <gtest/gtest.h>

namespace clickdeploy::openstack {
namespace {

Json json(std::string_view text) {
  Result<Json> value = parse_json(text);
  return value ? *value : Json("not JSON");
}

TEST(Answers, ReadsAServer) {
  Result<Server> server = parse_server(json(R"({
    "id": "s-1", "name": "web-1", "status": "ERROR", "tenant_id": "p",
    "OS-EXT-STS:task_state": null, "OS-EXT-STS:vm_state": "error",
    "fault": {"code": 500, "message": "No valid host was found.", "created": "x"},
    "addresses": {"private": [{"addr": "127.10.0.5", "version": 4, "OS-EXT-IPS:type": "floating"},
                              {"addr": "2001:db8::1", "version": 6}]},
    "image": {"id": "i-1", "links": []}, "flavor": {"original_name": "m1.tiny", "vcpus": 1},
    "metadata": {"role": "web"}, "tags": ["a", "b"],
    "created": "2026-11-22T10:00:00Z", "updated": "2026-11-22T10:00:01Z"})"));
  ASSERT_TRUE(server) << server.error().message();
  EXPECT_EQ(server->id, "s-1");
  EXPECT_EQ(server->status, "ERROR");
  EXPECT_EQ(server->task_state, "");
  EXPECT_EQ(server->vm_state, "error");
  EXPECT_EQ(server->fault, (Fault{500, "No valid host was found."}));
  EXPECT_EQ(server->addresses, (std::vector<Address>{{"private", "127.10.0.5", "floating", 4},
                                                     {"private", "2001:db8::1", "fixed", 6}}));
  EXPECT_EQ(server->image_id, "i-1");
  EXPECT_EQ(server->flavor_name, "m1.tiny");
  EXPECT_EQ(server->metadata.at("role"), "web");
  EXPECT_EQ(server->tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(server->created, "2026-11-22T10:00:00Z");
}

TEST(Answers, AServerBootedFromAVolumeHasNoImage) {
  Result<Server> server =
      parse_server(json(R"({"id": "s", "status": "BUILD", "image": "", "addresses": {}})"));
  ASSERT_TRUE(server);
  EXPECT_EQ(server->image_id, "");
  EXPECT_EQ(server->fault, std::nullopt);
}

TEST(Answers, IdsMustBePlain) {
  for (const char* id :
       {R"("a/b")", R"("a\nb")", R"("..")", R"("")", "7", "null", "{}", R"("a\u0000b")"}) {
    SCOPED_TRACE(id);
    const std::string members = std::string("{\"status\": \"ACTIVE\", \"id\": ") + id + "}";
    EXPECT_FALSE(parse_server(json(members)));
    EXPECT_FALSE(parse_port(json(members)));
    EXPECT_FALSE(parse_image(json(members)));
    EXPECT_FALSE(parse_network(json(members)));
    EXPECT_FALSE(parse_flavor(json(members)));
    EXPECT_EQ(parse_security_group(json(members)).error().code(), ErrorCode::Unavailable);
  }
}

TEST(Answers, AddressesInOddFormsAreNotAddresses) {
  for (const char* good : {"10.0.0.1", "127.10.0.5", "2001:db8::1", "::1"}) {
    EXPECT_TRUE(is_usable_address(good)) << good;
  }
  for (const char* bad :
       {"0177.0.0.1", "127.1", "0x7f.0.0.1", "2130706433", "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe", "10.0.0.1/24", " 10.0.0.1", "10.0.0.1\n", "fe80::1%eth0", ""}) {
    EXPECT_FALSE(is_usable_address(bad)) << bad;
  }
}

TEST(Answers, TextForPeopleIsCleaned) {
  Result<Server> server = parse_server(
      json(R"({"id": "s", "status": "ACTIVE", "name": "a\u001b[31mb\u202ec", "addresses":
               {"n": [{"addr": "0177.0.0.1"}, 5, null, {"addr": 7}]}, "tags": [1, {}, "t"], "metadata": {"k": 5}})"));
  ASSERT_TRUE(server);
  EXPECT_EQ(server->name,
            "ab\xEF\xBF\xBD"
            "c");
  EXPECT_TRUE(server->addresses.empty());
  EXPECT_EQ(server->tags, (std::vector<std::string>{"t"}));
  EXPECT_TRUE(server->metadata.empty());
}

TEST(Answers, ReadsTheOthers) {
  Result<Port> port =
      parse_port(json(R"({"id": "p", "name": "n", "description": "d", "status": "DOWN",
    "network_id": "net", "device_id": "", "device_owner": "", "fixed_ips":
    [{"subnet_id": "s", "ip_address": "127.10.0.9"}, {"ip_address": "bad"}], "tags": []})"));
  ASSERT_TRUE(port);
  EXPECT_EQ(port->description, "d");
  EXPECT_EQ(port->fixed_ips, (std::vector<std::string>{"127.10.0.9"}));

  Result<Image> image =
      parse_image(json(R"({"id": "i", "name": "dummy", "status": "active", "size": 5,
    "visibility": "public", "owner": "x", "os_distro": "debian", "os_glance_x": "y", "click_agents": "node"})"));
  ASSERT_TRUE(image);
  EXPECT_EQ(image->properties, (std::map<std::string, std::string>{{"os_distro", "debian"},
                                                                   {"click_agents", "node"}}));

  Result<Flavor> flavor =
      parse_flavor(json(R"({"id": "my flavor", "name": "m", "vcpus": 2, "ram": 512, "disk": 1})"));
  ASSERT_TRUE(flavor);
  EXPECT_EQ(*flavor,
            (Flavor{"my flavor", "m", 2, 512, 1, {{"vcpus", "2"}, {"ram", "512"}, {"disk", "1"}}}));

  Result<Quota> quota = parse_quota(json(R"({"maxTotalInstances": 10, "totalInstancesUsed": 3,
    "maxTotalCores": -1, "totalCoresUsed": 4, "maxTotalRAMSize": 51200, "totalRAMUsed": -7})"));
  ASSERT_TRUE(quota);
  EXPECT_EQ(*quota, (Quota{{10, 3}, {-1, 4}, {51200, 0}}));
  EXPECT_FALSE(parse_quota(json("{}")));
  EXPECT_FALSE(parse_quota(json("[]")));
}

TEST(Answers, AnItemOnTwoPagesCountsOnce) {
  const std::vector<Json> items = {json(R"({"id": "a", "name": "first"})"), json(R"({"id": "b"})"),
                                   json(R"({"id": "a", "name": "second"})")};
  Result<std::vector<Network>> networks = parse_items<Network>(items, parse_network);
  ASSERT_TRUE(networks);
  ASSERT_EQ(networks->size(), 2u);
  EXPECT_EQ(networks->front().name, "first");
  EXPECT_FALSE(parse_items<Network>({json("{}")}, parse_network));
}

TEST(Answers, AVolumeHasAPlainIdAndAStatus) {
  const auto volume = [](const char* text) { return parse_volume(*parse_json(text)); };
  const Result<Volume> good = volume(R"({"id": "v-1", "name": "a", "status": "in-use", "size": 3,
    "metadata": {"k": "v", "n": 3}, "attachments": [{"server_id": "s-1"}, {"server_id": null},
    {"server_id": "../x"}, 7]})");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->size_gib, 3);
  EXPECT_EQ(good->metadata, (std::map<std::string, std::string>{{"k", "v"}}));
  EXPECT_EQ(good->server_ids, std::vector<std::string>{"s-1"});
  EXPECT_FALSE(volume(R"({"id": "../v", "status": "available"})"));
  EXPECT_FALSE(volume(R"({"id": "v-1"})"));
  EXPECT_FALSE(volume("[]"));
  EXPECT_FALSE(parse_volume_quota(*parse_json(R"({"maxTotalVolumes": "ten"})")));
}

}  // namespace
}  // namespace clickdeploy::openstack
