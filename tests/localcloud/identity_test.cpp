#include "tests/localcloud/cloud_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::localcloud {
namespace {

Json password_log_in(const std::string& user, const std::string& password) {
  const Json who = Json::object(
      {{"name", user}, {"domain", Json::object({{"id", "default"}})}, {"password", password}});
  const Json identity = Json::object(
      {{"methods", Json::array({"password"})}, {"password", Json::object({{"user", who}})}});
  return Json::object({{"auth", Json::object({{"identity", identity}})}});
}

Json credential_log_in(const std::string& id, const std::string& secret) {
  const Json identity =
      Json::object({{"methods", Json::array({"application_credential"})},
                    {"application_credential", Json::object({{"id", id}, {"secret", secret}})}});
  return Json::object({{"auth", Json::object({{"identity", identity}})}});
}

TEST(Identity, TokenNamesUserProjectAndEveryEndpoint) {
  CloudWorld world;
  const Answered shown =
      world.call("GET", "/identity/v3/auth/tokens", {}, {{"X-Subject-Token", world.token}});
  ASSERT_EQ(shown.status, 200) << shown.text;
  const Json& token = shown.body["token"];
  EXPECT_EQ(token["user"]["name"].as_string(), "controller");
  EXPECT_EQ(token["project"]["name"].as_string(), "demo");
  std::vector<std::string> public_urls;
  for (const Json& service : token["catalog"].as_array()) {
    EXPECT_EQ(service["endpoints"].size(), 3u) << "admin, internal and public";
    for (const Json& endpoint : service["endpoints"].as_array()) {
      EXPECT_EQ(endpoint["region"].as_string(), "RegionOne");
      if (endpoint["interface"].as_string() == "public") {
        public_urls.push_back(service["type"].as_string() + " " + endpoint["url"].as_string());
      }
    }
  }
  const std::string project = world.cloud.state().projects.front().id;
  EXPECT_THAT(public_urls,
              ::testing::UnorderedElementsAre(
                  "compute http://cloud.test/compute/v2.1", "identity http://cloud.test/identity",
                  "image http://cloud.test/image", "network http://cloud.test/network",
                  "volumev3 http://cloud.test/volume/v3/" + project));
}

TEST(Identity, WrongCredentialsAreAllTheSame401) {
  CloudWorld world;
  world.token.clear();
  const std::string id = world.cloud.state().application_credentials.front().id;
  for (const Json& body :
       {password_log_in("controller", "wrong"), password_log_in("nobody", "openstack"),
        credential_log_in(id, "wrong"), credential_log_in("unknown", "wrong")}) {
    const Answered refused = world.call("POST", "/identity/v3/auth/tokens", body);
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.body["error"]["message"].as_string(),
              "The request you have made requires authentication.");
    EXPECT_THAT(refused.header("WWW-Authenticate"), ::testing::HasSubstr("Keystone uri="));
  }
}

TEST(Identity, ApplicationCredentialGivesATokenOfItsProject) {
  CloudWorld world;
  const ApplicationCredential& credential = world.cloud.state().application_credentials.front();
  const Answered made = world.call("POST", "/identity/v3/auth/tokens",
                                   credential_log_in(credential.id, credential.secret));
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.body["token"]["methods"][0].as_string(), "application_credential");
  EXPECT_EQ(made.body["token"]["project"]["name"].as_string(), "demo");
  world.token = made.header("X-Subject-Token");
  EXPECT_EQ(world.get("/compute/v2.1/servers").status, 200);
}

TEST(Identity, TokenEndsAfterItsTime) {
  CloudOptions options;
  options.token_ttl = std::chrono::seconds(60);
  CloudWorld world(options);
  EXPECT_EQ(world.get("/compute/v2.1/servers").status, 200);
  world.clock.advance(std::chrono::seconds(61));
  for (const char* url : {"/compute/v2.1/servers", "/network/v2.0/ports"}) {
    const Answered refused = world.get(url);
    EXPECT_EQ(refused.status, 401) << url;
    EXPECT_EQ(refused.body["error"]["code"].as_int(), 401) << url;
  }
  EXPECT_EQ(world.get("/image/v2/images").status, 401);
}

TEST(Identity, RevokedTokenIsRefused) {
  CloudWorld world;
  EXPECT_EQ(world.call("DELETE", "/identity/v3/auth/tokens", {}, {{"X-Subject-Token", world.token}})
                .status,
            204);
  EXPECT_EQ(world.get("/compute/v2.1/servers").status, 401);
}

TEST(Identity, UnscopedTokenOpensNoOtherService) {
  CloudWorld world;
  const Answered made =
      world.call("POST", "/identity/v3/auth/tokens", password_log_in("controller", "openstack"));
  ASSERT_EQ(made.status, 201);
  EXPECT_FALSE(made.body["token"].contains("catalog"));
  world.token = made.header("X-Subject-Token");
  EXPECT_EQ(world.get("/compute/v2.1/servers").status, 401);
}

TEST(Identity, MemberMayNotLogIntoAnotherProject) {
  CloudWorld world;
  Json body = password_log_in("controller", "openstack");
  body.member("auth").set("scope", Json::object({{"project", Json::object({{"name", "admin"}})}}));
  EXPECT_EQ(world.call("POST", "/identity/v3/auth/tokens", body).status, 401);
}

TEST(Identity, VersionDocumentsNeedNoToken) {
  CloudWorld world;
  world.token.clear();
  EXPECT_EQ(world.get("/identity/").status, 300);
  EXPECT_EQ(world.get("/identity/v3").body["version"]["id"].as_string(), "v3.14");
  EXPECT_EQ(world.get("/compute/v2.1/").body["version"]["version"].as_string(), "2.93");
  EXPECT_EQ(world.get("/compute/").body["versions"][0]["id"].as_string(), "v2.1");
  EXPECT_EQ(world.get("/network/").body["versions"][0]["id"].as_string(), "v2.0");
  EXPECT_EQ(world.get("/image/").status, 300);
  EXPECT_EQ(world.get("/image/versions").status, 200);
}

}  // namespace
}  // namespace clickdeploy::localcloud
