// Which server, and as whom: flags and kubeconfig files.

#include "controller/cli/connection_internal.h"
#include "tests/testing/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace clickdeploy::cli {
namespace {

using ::testing::HasSubstr;

constexpr const char* kConfig = R"(
apiVersion: v1
kind: Config
current-context: one
clusters:
- name: one
  cluster: {server: "https://one.example:6443/", certificate-authority: ca.pem}
- name: clear
  cluster: {server: "http://127.0.0.1:8080"}
- name: careless
  cluster: {server: "https://x.example", insecure-skip-tls-verify: true}
contexts:
- name: one
  context: {cluster: one, user: token, namespace: shop}
- name: clear
  context: {cluster: clear, user: token}
- name: careless
  context: {cluster: careless}
- name: plugin
  context: {cluster: one, user: plugin}
- name: half
  context: {cluster: one, user: half}
- name: lost
  context: {cluster: nowhere}
users:
- name: token
  user: {token: s3cret}
- name: plugin
  user: {exec: {command: aws}}
- name: half
  user: {client-certificate-data: QUJD}
)";

class KubeconfigTest : public ::testing::Test {
 protected:
  KubeconfigTest() {
    write("config", kConfig);
    write("ca.pem", "CA BYTES");
    variables_ = {{"HOME", folder_.path()}, {"KUBECONFIG", folder_ / "config"}};
  }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  Result<Connection> connect(const ConnectionOptions& options = {}) {
    std::istringstream in;
    std::ostringstream out;
    SystemClock clock;
    const Environment environment{
        .variables = variables_, .in = in, .out = out, .err = out, .clock = clock};
    return find_connection(environment, options);
  }
  std::string error(const ConnectionOptions& options = {}) {
    Result<Connection> connection = connect(options);
    EXPECT_FALSE(connection.has_value());
    return connection ? "" : connection.error().message();
  }

  clickdeploy::testing::TemporaryFolder folder_;
  std::map<std::string, std::string, std::less<>> variables_;
};

TEST_F(KubeconfigTest, TheCurrentContextNamesServerNamespaceAndCredentials) {
  const Result<Connection> connection = connect();
  ASSERT_TRUE(connection.has_value()) << connection.error().message();
  EXPECT_EQ(connection->server, "https://one.example:6443");
  EXPECT_EQ(connection->namespace_name, "shop");
  EXPECT_EQ(connection->tls.ca_pem, "CA BYTES");
  EXPECT_EQ(connection->token.reveal(), "s3cret");
}

TEST_F(KubeconfigTest, FlagsComeFirst) {
  const Result<Connection> connection =
      connect({.context = "clear", .namespace_name = "other", .server = "http://127.0.0.1:1"});
  ASSERT_TRUE(connection.has_value());
  EXPECT_EQ(connection->server, "http://127.0.0.1:1");
  EXPECT_EQ(connection->namespace_name, "other");
}

TEST_F(KubeconfigTest, AServerByFlagAloneGetsNobodysCredentials) {
  const Result<Connection> connection = connect({.server = "https://else.example"});
  ASSERT_TRUE(connection.has_value());
  EXPECT_TRUE(connection->token.empty());
  EXPECT_EQ(connection->namespace_name, "default");
}

TEST_F(KubeconfigTest, CredentialsDoNotTravelInClear) {
  const Result<Connection> connection = connect({.context = "clear"});
  ASSERT_TRUE(connection.has_value());
  EXPECT_TRUE(connection->token.empty());
}

TEST_F(KubeconfigTest, FilesAreMergedAndTheFirstNameCounts) {
  write("first",
        "current-context: clear\nclusters:\n- name: clear\n"
        "  cluster: {server: 'http://127.0.0.1:9'}\n");
  variables_["KUBECONFIG"] =
      (folder_ / "missing") + ":" + (folder_ / "first") + ":" + (folder_ / "config");
  const Result<Connection> connection = connect();
  ASSERT_TRUE(connection.has_value()) << connection.error().message();
  EXPECT_EQ(connection->server, "http://127.0.0.1:9");
}

TEST_F(KubeconfigTest, WithoutAnythingItSaysWhatToDo) {
  variables_ = {{"HOME", folder_ / "empty"}};
  EXPECT_THAT(error(), HasSubstr("clickdeployd dev"));
  EXPECT_THAT(error(), HasSubstr("--server URL"));
}

TEST_F(KubeconfigTest, WhatIsWrongIsNamed) {
  EXPECT_THAT(error({.context = "careless"}), HasSubstr("certificate-authority-data"));
  EXPECT_THAT(error({.context = "plugin"}), HasSubstr("users with exec are not supported"));
  EXPECT_THAT(error({.context = "half"}), HasSubstr("client-key"));
  EXPECT_THAT(error({.context = "lost"}), HasSubstr("unknown cluster \"nowhere\""));
  EXPECT_THAT(error({.context = "typo"}), HasSubstr("it has: careless, clear"));
  EXPECT_THAT(error({.kubeconfig = folder_ / "missing"}), HasSubstr("correct --kubeconfig"));
  EXPECT_THAT(error({.server = "one.example"}), HasSubstr("is not a URL"));
}

}  // namespace
}  // namespace clickdeploy::cli
