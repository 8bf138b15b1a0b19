#include "controller/openstack/session.h"

#include <gtest/gtest.h>

namespace clickdeploy::openstack {
namespace {

constexpr const char* kPassword = R"(
clouds:
  demo:
    auth_type: v3password
    auth:
      auth_url: http://127.0.0.1:5000/v3
      username: controller
      password: s3cret-canary
      project_name: demo
      user_domain_id: default
      project_domain_name: Demos
    region_name: RegionOne
    interface: internal
    identity_api_version: 3
)";

TEST(CloudsYaml, ReadsAPassword) {
  Result<Credentials> c = parse_clouds_yaml(kPassword, "demo");
  ASSERT_TRUE(c) << c.error().message();
  EXPECT_EQ(c->auth_url, "http://127.0.0.1:5000/v3");
  EXPECT_EQ(c->username, "controller");
  EXPECT_EQ(c->password.reveal(), "s3cret-canary");
  EXPECT_EQ(c->project_name, "demo");
  EXPECT_EQ(c->user_domain_id, "default");
  EXPECT_EQ(c->project_domain, "Demos");
  EXPECT_EQ(c->region, "RegionOne");
  EXPECT_EQ(c->interface, "internal");
}

TEST(CloudsYaml, ReadsJsonAndApplicationCredentials) {
  Result<Credentials> by_id = parse_clouds_yaml(
      R"({"clouds": {"x": {"auth_type": "v3applicationcredential", "auth": {
          "auth_url": "https://k", "application_credential_id": "abc",
          "application_credential_secret": "s"}}}})",
      "x");
  ASSERT_TRUE(by_id) << by_id.error().message();
  EXPECT_EQ(by_id->application_credential_id, "abc");
  EXPECT_EQ(by_id->application_credential_secret.reveal(), "s");
  EXPECT_EQ(by_id->interface, "public");

  Result<Credentials> by_name = parse_clouds_yaml(
      R"({"clouds": {"x": {"auth": {"auth_url": "https://k", "username": "u",
          "domain_name": "Here", "application_credential_name": "deploy",
          "application_credential_secret": "s"}}}})",
      "x");
  ASSERT_TRUE(by_name) << by_name.error().message();
  EXPECT_EQ(by_name->application_credential_name, "deploy");
  EXPECT_EQ(by_name->user_domain, "Here");
}

struct BadCase {
  std::string cloud;    // the mapping under clouds.demo
  std::string message;  // part of it
};

TEST(CloudsYaml, SaysWhatIsWrongWithoutTheSecret) {
  const BadCase cases[] = {
      {"{}", "clouds.demo.auth: missing"},
      {"[]", "clouds.demo: must be a mapping"},
      {"{auth: x}", "clouds.demo.auth: must be a mapping"},
      {"{auth: {}}", "auth_url: missing"},
      {"{auth: {auth_url: 'ftp://x'}}", "must begin with http"},
      {"{auth: {auth_url: 'http://x'}}", "username: missing"},
      {"{auth: {auth_url: 'http://x', username: u}}", "password: missing"},
      {"{auth: {auth_url: 'http://x', username: u, password: s3cret-canary}}",
       "project_name: missing"},
      {"{auth: {auth_url: 'http://x', username: u, password: [s3cret-canary]}}",
       "password: must be a string"},
      {"{auth: {auth_url: 'http://x', password: 12345, username: u}}",
       "password: must be a string"},
      {"{auth_type: token, auth: {auth_url: 'http://x', token: s3cret-canary}}",
       "auth_type: must be"},
      {"{interface: side, auth: {auth_url: 'http://x'}}", "interface: must be"},
      {"{auth_type: v3applicationcredential, auth: {auth_url: 'http://x'}}",
       "application_credential_id: missing"},
      {"{auth: {auth_url: 'http://x', application_credential_id: a}}",
       "application_credential_secret: missing"},
      {"{auth: {auth_url: 'http://x', application_credential_name: a, "
       "application_credential_secret: s3cret-canary}}",
       "by name needs its user"},
  };
  for (const BadCase& c : cases) {
    SCOPED_TRACE(c.cloud);
    Result<Credentials> got = parse_clouds_yaml("clouds: {demo: " + c.cloud + "}", "demo");
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), ErrorCode::InvalidArgument);
    EXPECT_NE(got.error().message().find(c.message), std::string::npos) << got.error().message();
    EXPECT_EQ(got.error().message().find("canary"), std::string::npos) << got.error().message();
  }
}

TEST(CloudsYaml, NamesTheCloudsThatThereAre) {
  Result<Credentials> got = parse_clouds_yaml(kPassword, "prod");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().message(), "clouds.yaml: no cloud \"prod\"; it has: demo");
}

TEST(CloudsYaml, BrokenYamlIsNotQuoted) {
  for (const char* text : {"password: s3cret-canary: x", "", "a: [s3cret-canary", "clouds: 3",
                           "clouds: &a {demo: *a}", "\x01 s3cret-canary"}) {
    Result<Credentials> got = parse_clouds_yaml(text, "demo");
    ASSERT_FALSE(got) << text;
    EXPECT_EQ(got.error().code(), ErrorCode::InvalidArgument);
    EXPECT_EQ(got.error().message().find("canary"), std::string::npos);
  }
}

}  // namespace
}  // namespace clickdeploy::openstack
