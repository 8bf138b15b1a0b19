// What every cloud answers on the wire: statuses, forms, and the words that we look for. The same
// tests run against localcloud and the real services, so that localcloud is no easier.

#include "controller/base/text.h"
#include "tests/openstack/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace clickdeploy::openstack {
namespace {

using ::testing::AnyOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr const char* kTag = "clickdeploy-wire";
constexpr const char* kNothing = "00000000-0000-0000-0000-000000000000";

std::set<std::string> keys(const Json& object) {
  std::set<std::string> names;
  for (const auto& [name, value] : object.as_object()) names.insert(name);
  return names;
}

class WireContract : public testing::TestWithParam<CloudFactory> {
 protected:
  WireContract() : cloud_(GetParam().make()), wire_(*cloud_, cloud_->credentials()) {}

  void TearDown() override {
    for (const std::string& id : made_) wire_.call("compute", "DELETE", "/servers/" + id);
    for (const std::string& id : made_) {
      EXPECT_TRUE(wire_.eventually([&] { return read(id).status == 404; })) << id;
    }
    for (const std::string& id : ports_) wire_.call("network", "DELETE", "/ports/" + id);
  }

  Answered read(const std::string& id) { return wire_.get("compute", "/servers/" + id); }
  Json server(const std::string& id) { return read(id).body["server"]; }

  std::string image() {
    const Json found = wire_.get("image", "/images?name=" + cloud_->image_name()).body;
    return found["images"][0]["id"].as_string();
  }
  std::string flavor(const std::string& name) {
    const Json found = wire_.get("compute", "/flavors/detail").body;
    for (const Json& row : found["flavors"].as_array()) {
      if (row["name"].as_string() == name) return row["id"].as_string();
    }
    return "";
  }
  std::string network() {
    const Json found = wire_.get("network", "/networks?name=" + cloud_->network_name()).body;
    return found["networks"][0]["id"].as_string();
  }
  // A server on a network, tagged; more members as given.
  Json body(const Json& more = Json::object()) {
    Json wanted = Json::object({{"name", "wire"},
                                {"imageRef", image()},
                                {"flavorRef", flavor(cloud_->flavor_name())},
                                {"networks", Json::array({Json::object({{"uuid", network()}})})},
                                {"tags", Json::array({kTag})}});
    for (const auto& [name, value] : more.as_object()) wanted.set(name, value);
    return Json::object({{"server", std::move(wanted)}});
  }
  Answered create(const Json& more = Json::object()) {
    Answered made = wire_.call("compute", "POST", "/servers", body(more));
    if (made.status == 202) made_.push_back(made.body["server"]["id"].as_string());
    return made;
  }
  std::string create_active(const Json& more = Json::object()) {
    const Answered made = create(more);
    EXPECT_EQ(made.status, 202) << made.text;
    if (made.status != 202) return "";
    EXPECT_TRUE(
        wire_.eventually([&] { return server(made_.back())["status"].as_string() != "BUILD"; }));
    EXPECT_EQ(server(made_.back())["status"].as_string(), "ACTIVE");
    return made_.back();
  }
  Json create_port(const Json& more = Json::object()) {
    Json wanted = Json::object({{"network_id", network()}, {"name", "wire"}});
    for (const auto& [name, value] : more.as_object()) wanted.set(name, value);
    const Answered made = wire_.call("network", "POST", "/ports", Json::object({{"port", wanted}}));
    EXPECT_EQ(made.status, 201) << made.text;
    ports_.push_back(made.body["port"]["id"].as_string());
    return made.body["port"];
  }
  Answered act(const std::string& id, const Json& action) {
    return wire_.call("compute", "POST", "/servers/" + id + "/action", action);
  }
  std::vector<std::string> listed(const std::string& query) {
    const Answered answered = wire_.get("compute", "/servers/detail?" + query);
    EXPECT_EQ(answered.status, 200) << answered.text;
    std::vector<std::string> ids;
    for (const Json& row : answered.body["servers"].as_array())
      ids.push_back(row["id"].as_string());
    return ids;
  }

  std::unique_ptr<CloudUnderTest> cloud_;
  Wire wire_;
  std::vector<std::string> made_;
  std::vector<std::string> ports_;
};

TEST_P(WireContract, MicroversionsAreEchoedOrRefused) {
  EXPECT_EQ(wire_.get("compute", "/servers").header("OpenStack-API-Version"), "compute 2.93");
  wire_.version = "";
  EXPECT_EQ(wire_.get("compute", "/servers").header("OpenStack-API-Version"), "compute 2.1");
  wire_.version = "2.999";
  const Answered high = wire_.get("compute", "/servers");
  EXPECT_EQ(high.status, 406);
  EXPECT_EQ(high.message(),
            "Version 2.999 is not supported by the API. Minimum is 2.1 and maximum is 2.93.");
  EXPECT_EQ(keys(high.body), std::set<std::string>{"computeFault"});
  wire_.version = "two";
  EXPECT_EQ(wire_.get("compute", "/servers").status, 400);
}

TEST_P(WireContract, ABadTokenIs401WithAWordWhere) {
  wire_.token = "no-such-token";
  for (const auto& [service, path] :
       std::map<std::string, std::string>{{"compute", "/servers"}, {"network", "/ports"}}) {
    SCOPED_TRACE(service);
    const Answered refused = wire_.get(service, path);
    EXPECT_EQ(refused.status, 401);
    EXPECT_THAT(refused.header("WWW-Authenticate"), ContainsRegex("^Keystone uri=\"http"));
    EXPECT_EQ(refused.body["error"]["code"].as_int(), 401) << refused.text;
    EXPECT_EQ(refused.body["error"]["title"].as_string(), "Unauthorized");
    EXPECT_EQ(refused.message(), "The request you have made requires authentication.");
  }
  // Glance has words of its own, in HTML.
  const Answered page = wire_.get("image", "/images");
  EXPECT_EQ(page.status, 401);
  EXPECT_THAT(page.header("WWW-Authenticate"), ContainsRegex("^Keystone uri=\"http"));
  EXPECT_THAT(page.text, HasSubstr("<title>401 Unauthorized</title>"));
}

TEST_P(WireContract, LogInsThatFail) {
  const Json user = Json::object(
      {{"name", "nobody"}, {"domain", Json::object({{"id", "default"}})}, {"password", "wrong"}});
  const Json identity = Json::object(
      {{"methods", Json::array({"password"})}, {"password", Json::object({{"user", user}})}});
  const Answered refused = wire_.log_in(identity, {});
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.body["error"]["code"].as_int(), 401);
  EXPECT_EQ(refused.message(), "The request you have made requires authentication.");
  EXPECT_EQ(wire_.log_in(Json::object(), {}).status, 400);
}

TEST_P(WireContract, ACreateAnswersWithLittle) {
  const Answered made = create();
  ASSERT_EQ(made.status, 202) << made.text;
  const Json& told = made.body["server"];
  EXPECT_EQ(keys(told), (std::set<std::string>{"OS-DCF:diskConfig", "adminPass", "id", "links",
                                               "security_groups"}));
  EXPECT_THAT(made.header("Location"),
              ContainsRegex("/v2.1/servers/" + told["id"].as_string() + "$"));
  EXPECT_THAT(made.header("x-openstack-request-id"), ContainsRegex("^req-"));
}

TEST_P(WireContract, ViewsOfAServerHaveTheseMembers) {
  const std::string id = create_active();
  const std::set<std::string> in_list = {"OS-DCF:diskConfig",
                                         "OS-EXT-SRV-ATTR:hostname",
                                         "OS-EXT-AZ:availability_zone",
                                         "OS-EXT-STS:power_state",
                                         "OS-EXT-STS:task_state",
                                         "OS-EXT-STS:vm_state",
                                         "OS-SRV-USG:launched_at",
                                         "OS-SRV-USG:terminated_at",
                                         "accessIPv4",
                                         "accessIPv6",
                                         "addresses",
                                         "config_drive",
                                         "created",
                                         "description",
                                         "flavor",
                                         "hostId",
                                         "id",
                                         "image",
                                         "key_name",
                                         "links",
                                         "locked",
                                         "locked_reason",
                                         "metadata",
                                         "name",
                                         "os-extended-volumes:volumes_attached",
                                         "progress",
                                         "security_groups",
                                         "status",
                                         "tags",
                                         "tenant_id",
                                         "trusted_image_certificates",
                                         "updated",
                                         "user_id"};
  std::set<std::string> alone = in_list;
  alone.insert("server_groups");
  const Json one = server(id);
  EXPECT_EQ(keys(one), alone);
  for (const Json& row : wire_.get("compute", "/servers/detail").body["servers"].as_array()) {
    if (row["id"].as_string() == id) EXPECT_EQ(keys(row), in_list);
  }
  EXPECT_EQ(keys(one["flavor"]), (std::set<std::string>{"disk", "ephemeral", "extra_specs",
                                                        "original_name", "ram", "swap", "vcpus"}));
  const Json& address = one["addresses"][cloud_->network_name()][0];
  EXPECT_EQ(keys(address), (std::set<std::string>{"OS-EXT-IPS-MAC:mac_addr", "OS-EXT-IPS:type",
                                                  "addr", "version"}));
  EXPECT_THAT(one["created"].as_string(), ContainsRegex("^[0-9T:-]+Z$"));
  EXPECT_EQ(keys(wire_.get("compute", "/servers").body["servers"][0]),
            (std::set<std::string>{"id", "links", "name"}));
}

TEST_P(WireContract, ASecondDeleteIsHarmless) {
  const std::string id = create_active();
  EXPECT_EQ(wire_.call("compute", "DELETE", "/servers/" + id).status, 204);
  EXPECT_THAT(wire_.call("compute", "DELETE", "/servers/" + id).status, AnyOf(204, 404));
  ASSERT_TRUE(wire_.eventually([&] { return read(id).status == 404; }));
  EXPECT_EQ(wire_.call("compute", "DELETE", "/servers/" + id).status, 404);
  EXPECT_EQ(read(id).message(), "Instance " + id + " could not be found.");
  EXPECT_EQ(keys(read(id).body), std::set<std::string>{"itemNotFound"});
}

TEST_P(WireContract, NoValidHostIsAFaultThatListsDoNotShow) {
  const Answered made = create(Json::object({{"flavorRef", flavor("m1.huge")}}));
  ASSERT_EQ(made.status, 202) << made.text;
  const std::string id = made_.back();
  ASSERT_TRUE(wire_.eventually([&] { return server(id)["status"].as_string() == "ERROR"; }));
  const Json one = server(id);
  EXPECT_EQ(one["fault"]["code"].as_int(), 500);
  EXPECT_THAT(one["fault"]["message"].as_string(), HasSubstr("No valid host was found."));
  EXPECT_TRUE(one["addresses"].empty());
  for (const Json& row : wire_.get("compute", "/servers/detail").body["servers"].as_array()) {
    if (row["id"].as_string() == id) EXPECT_FALSE(row.contains("fault"));
  }
}

TEST_P(WireContract, UserDataIsForTheServerAlone) {
  const std::string id = create_active(Json::object({{"user_data", base64_encode("secret")}}));
  EXPECT_EQ(to_json(server(id)).find(base64_encode("secret")), std::string::npos);
  // Not base64: taken all the same, so it must be right before it is sent.
  EXPECT_EQ(create(Json::object({{"user_data", "***"}})).status, 202);
  EXPECT_EQ(create(Json::object({{"user_data", std::string(65'536, 'A')}})).status, 400);
}

TEST_P(WireContract, TagsAreSetReadAndAsked) {
  const std::string one = create_active(Json::object({{"tags", Json::array({kTag, "wire-one"})}}));
  const std::string path = "/servers/" + one + "/tags";
  EXPECT_EQ(wire_.call("compute", "PUT", path + "/more").status, 201);
  EXPECT_EQ(wire_.call("compute", "PUT", path + "/more").status, 204);
  EXPECT_EQ(wire_.call("compute", "DELETE", path + "/absent").status, 404);
  EXPECT_EQ(wire_.call("compute", "PUT", path + "/a%2Cb").status, 400);
  const std::string two = create_active(Json::object({{"tags", Json::array({kTag, "more"})}}));
  EXPECT_THAT(listed("tags=wire-one,more"), UnorderedElementsAre(one));
  EXPECT_THAT(listed("tags=more"), UnorderedElementsAre(one, two));
  EXPECT_THAT(listed("tags-any=wire-one,more"), UnorderedElementsAre(one, two));
  EXPECT_THAT(listed("tags=more&not-tags=wire-one"), UnorderedElementsAre(two));
  wire_.version = "2.51";
  EXPECT_EQ(create().status, 400);  // tags at create came with 2.52
}

TEST_P(WireContract, AFilterByMetadataIsIgnored) {
  const std::string id = create_active(Json::object({{"metadata", Json::object({{"a", "b"}})}}));
  EXPECT_THAT(listed("tags=clickdeploy-wire&metadata=%7B%22a%22%3A%22c%22%7D"),
              UnorderedElementsAre(id));
}

TEST_P(WireContract, ChangesSinceShowsTheDeletedToo) {
  const std::string id = create_active();
  const std::string then = server(id)["updated"].as_string();
  const std::string since = "tags=clickdeploy-wire&changes-since=" + then;
  EXPECT_THAT(listed(since), UnorderedElementsAre(id));  // the very second counts
  EXPECT_EQ(wire_.call("compute", "DELETE", "/servers/" + id).status, 204);
  ASSERT_TRUE(wire_.eventually([&] { return read(id).status == 404; }));
  EXPECT_THAT(listed("tags=clickdeploy-wire"), IsEmpty());
  const Answered rows = wire_.get("compute", "/servers/detail?deleted=false&changes-since=" + then);
  ASSERT_EQ(rows.status, 200) << rows.text;
  bool seen = false;
  for (const Json& row : rows.body["servers"].as_array()) {
    if (row["id"].as_string() == id) seen = row["status"].as_string() == "DELETED";
  }
  EXPECT_TRUE(seen) << rows.text;
  EXPECT_THAT(listed("changes-since=2100-01-01T00:00:00Z"), IsEmpty());
  EXPECT_EQ(wire_.get("compute", "/servers/detail?changes-since=yesterday").status, 400);
}

TEST_P(WireContract, AWrongStateIsAConflict) {
  const std::string id = create_active();
  const Answered started = act(id, Json::object({{"os-start", nullptr}}));
  EXPECT_EQ(started.status, 409);
  EXPECT_EQ(started.message(), "Cannot 'start' instance " + id + " while it is in vm_state active");
  EXPECT_EQ(keys(started.body), std::set<std::string>{"conflictingRequest"});
  ASSERT_EQ(act(id, Json::object({{"os-stop", nullptr}})).status, 202);
  ASSERT_TRUE(wire_.eventually([&] { return server(id)["status"].as_string() == "SHUTOFF"; }));
  EXPECT_EQ(server(id)["OS-EXT-STS:power_state"].as_int(), 4);
  const Json soft = Json::object({{"reboot", Json::object({{"type", "SOFT"}})}});
  const Answered rebooted = act(id, soft);
  EXPECT_EQ(rebooted.status, 409);
  EXPECT_EQ(rebooted.message(),
            "Cannot 'reboot' instance " + id + " while it is in vm_state stopped");
  const Json hard = Json::object({{"reboot", Json::object({{"type", "HARD"}})}});
  EXPECT_EQ(act(id, hard).status, 202);
  EXPECT_TRUE(wire_.eventually([&] { return server(id)["status"].as_string() == "ACTIVE"; }));
}

TEST_P(WireContract, ARebuildKeepsAddressTagsAndMetadata) {
  const std::string id = create_active(Json::object({{"metadata", Json::object({{"a", "b"}})}}));
  const Json before = server(id);
  const Json wanted = Json::object({{"imageRef", image()}, {"user_data", base64_encode("new")}});
  wire_.version = "2.56";
  EXPECT_EQ(act(id, Json::object({{"rebuild", wanted}})).status, 400);
  wire_.version = "2.93";
  const Answered rebuilt = act(id, Json::object({{"rebuild", wanted}}));
  ASSERT_EQ(rebuilt.status, 202) << rebuilt.text;
  ASSERT_TRUE(wire_.eventually([&] {
    const Json now = server(id);
    return now["status"].as_string() == "ACTIVE" && now["OS-EXT-STS:task_state"].is_null();
  }));
  const Json after = server(id);
  EXPECT_EQ(after["addresses"], before["addresses"]);
  EXPECT_EQ(after["tags"], before["tags"]);
  EXPECT_EQ(after["metadata"], before["metadata"]);
  EXPECT_EQ(after["created"], before["created"]);
}

TEST_P(WireContract, WhatIsUnknownIsRefusedWithItsName) {
  struct Case {
    Json more;
    std::string words;
  };
  const Case cases[] = {
      {Json::object({{"imageRef", kNothing}}), "Can not find requested image"},
      {Json::object({{"flavorRef", "absent"}}), "Flavor absent could not be found."},
      {Json::object({{"networks", Json::array({Json::object({{"uuid", kNothing}})})}}),
       std::string("Network ") + kNothing + " could not be found."},
      {Json::object({{"networks", Json::array({Json::object({{"port", kNothing}})})}}),
       std::string("Port id ") + kNothing + " could not be found."},
      {Json::object({{"key_name", "absent"}}), "Invalid key_name provided."},
      {Json::object({{"availability_zone", "mars"}}),
       "The requested availability zone is not available"},
      {Json::object({{"nonsense", 1}}),
       "Additional properties are not allowed ('nonsense' was unexpected)"},
  };
  for (const Case& c : cases) {
    const Answered refused = create(c.more);
    EXPECT_EQ(refused.status, 400) << refused.text;
    EXPECT_THAT(refused.message(), HasSubstr(c.words));
    EXPECT_EQ(keys(refused.body), std::set<std::string>{"badRequest"});
  }
}

TEST_P(WireContract, AFullQuotaIsForbiddenWithNumbers) {
  Wire admin(*cloud_, cloud_->admin_credentials());
  const std::string path = "/os-quota-sets/" + wire_.project();
  const Json before = admin.get("compute", path).body["quota_set"]["instances"];
  const auto limits = [&] { return wire_.get("compute", "/limits").body["limits"]["absolute"]; };
  const std::int64_t used = limits()["totalInstancesUsed"].as_int();
  const auto set = [&](const Json& limit) {
    const Json quota = Json::object({{"instances", limit}, {"force", true}});
    return admin.call("compute", "PUT", path, Json::object({{"quota_set", quota}}));
  };
  const Answered changed = set(used);
  EXPECT_EQ(changed.status, 200) << changed.text;
  const Answered refused = create();
  EXPECT_EQ(refused.status, 403);
  const std::string count = std::to_string(used);
  EXPECT_EQ(refused.message(), "Quota exceeded for instances: Requested 1, but already used " +
                                   count + " of " + count + " instances");
  EXPECT_EQ(keys(refused.body), std::set<std::string>{"forbidden"});
  EXPECT_EQ(limits()["maxTotalInstances"].as_int(), used);
  EXPECT_EQ(set(before).status, 200);
}

TEST_P(WireContract, ListsComeInPages) {
  const std::string one = create_active();
  const std::string two = create_active();
  const Answered first = wire_.get("compute", "/servers/detail?limit=1&tags=clickdeploy-wire");
  ASSERT_EQ(first.body["servers"].size(), 1u) << first.text;
  EXPECT_EQ(first.body["servers"][0]["id"].as_string(), two);  // the newest comes first
  const std::string next = first.body["servers_links"][0]["href"].as_string();
  EXPECT_EQ(first.body["servers_links"][0]["rel"].as_string(), "next");
  const Answered second = wire_.call("", "GET", next);
  EXPECT_EQ(second.body["servers"][0]["id"].as_string(), one) << second.text;
  const Answered lost = wire_.get("compute", std::string("/servers/detail?marker=") + kNothing);
  EXPECT_EQ(lost.status, 400);
  EXPECT_EQ(lost.message(), std::string("marker [") + kNothing + "] not found");
}

TEST_P(WireContract, ConsoleAndActionsOfABadNature) {
  const std::string id = create_active();
  const Answered console =
      act(id, Json::object({{"os-getConsoleOutput", Json::object({{"length", 5}})}}));
  EXPECT_EQ(console.status, 200) << console.text;
  EXPECT_TRUE(console.body["output"].is_string());
  EXPECT_EQ(act(id, Json::object({{"reboot", Json::object({{"type", "GENTLE"}})}})).status, 400);
  EXPECT_EQ(act(kNothing, Json::object({{"os-stop", nullptr}})).status, 404);
}

TEST_P(WireContract, APortHasOneServerAndOneAddress) {
  const Json port = create_port(Json::object({{"description", "wire"}}));
  const std::string address = port["fixed_ips"][0]["ip_address"].as_string();
  const Json nics = Json::array({Json::object({{"port", port["id"]}})});
  const std::string id = create_active(Json::object({{"networks", nics}}));
  const Json used = wire_.get("network", "/ports/" + port["id"].as_string()).body["port"];
  EXPECT_EQ(used["device_id"].as_string(), id);
  EXPECT_EQ(used["device_owner"].as_string(), "compute:nova");
  const Answered again = create(Json::object({{"networks", nics}}));
  EXPECT_EQ(again.status, 409);
  EXPECT_THAT(again.message(), HasSubstr("Port " + port["id"].as_string() + " is still in use."));

  const Json taken = Json::array({Json::object({{"ip_address", address}})});
  const Json twin = Json::object({{"network_id", network()}, {"fixed_ips", taken}});
  const Answered refused = wire_.call("network", "POST", "/ports", Json::object({{"port", twin}}));
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.body["NeutronError"]["type"].as_string(), "IpAddressAlreadyAllocated");

  // It outlives its server, and is free again.
  EXPECT_EQ(wire_.call("compute", "DELETE", "/servers/" + id).status, 204);
  ASSERT_TRUE(wire_.eventually([&] { return read(id).status == 404; }));
  const Json left = wire_.get("network", "/ports/" + port["id"].as_string()).body["port"];
  EXPECT_EQ(left["device_id"].as_string(), "");
  EXPECT_EQ(left["device_owner"].as_string(), "");
}

TEST_P(WireContract, NeutronNamesWhatIsWrong) {
  const auto port = [&](const Json& wanted) {
    return wire_.call("network", "POST", "/ports", Json::object({{"port", wanted}}));
  };
  const auto type = [](const Answered& answered) {
    return answered.body["NeutronError"]["type"].as_string();
  };
  const Answered gone = wire_.get("network", std::string("/ports/") + kNothing);
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(type(gone), "PortNotFound");
  EXPECT_EQ(keys(gone.body["NeutronError"]), (std::set<std::string>{"detail", "message", "type"}));
  const Answered nowhere = port(Json::object({{"network_id", kNothing}}));
  EXPECT_EQ(nowhere.status, 404);
  EXPECT_EQ(type(nowhere), "NetworkNotFound");
  const Json groups = Json::array({kNothing});
  const Answered group =
      port(Json::object({{"network_id", network()}, {"security_groups", groups}}));
  EXPECT_EQ(group.status, 404);
  EXPECT_EQ(type(group), "SecurityGroupNotFound");
  const Answered unknown = port(Json::object({{"network_id", network()}, {"nonsense", 1}}));
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(type(unknown), "HTTPBadRequest");
  EXPECT_THAT(unknown.message(), HasSubstr("Unrecognized attribute(s) 'nonsense'"));
  const Json far = Json::array({Json::object({{"ip_address", "10.99.99.99"}})});
  const Answered outside = port(Json::object({{"network_id", network()}, {"fixed_ips", far}}));
  EXPECT_EQ(outside.status, 400);
  EXPECT_EQ(type(outside), "InvalidIpForNetwork");
}

INSTANTIATE_TEST_SUITE_P(Clouds, WireContract, testing::ValuesIn(clouds_under_test()),
                         [](const testing::TestParamInfo<CloudFactory>& row) {
                           return row.param.name;
                         });

}  // namespace
}  // namespace clickdeploy::openstack
