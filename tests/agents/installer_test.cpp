// The installer script of the archive method, run by the real sh against a real HTTP server.

#include "controller/async/disk.h"
#include "controller/async/process.h"
#include "controller/base/json.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"
#include "controller/http/server.h"
#include "tests/agents/sample_agents.h"
#include "tests/testing/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

namespace clickdeploy::agents {
namespace {

std::string installer_text() {
  const std::string text =
      render_user_data(input_with({node_exporter(InstallMethod::Archive)})).value();
  const Json value = parse_single_yaml(text).value();
  for (const Json& file : value["write_files"].as_array()) {
    if (file["path"].as_string().ends_with("/install-agent.sh")) return file["content"].as_string();
  }
  return "";
}

Task<http::Reply> serve(const std::string& bytes, http::Request request) {
  http::Reply reply;
  reply.response.status = request.url == "/agent" ? 200 : 404;
  reply.response.body = bytes;
  co_return reply;
}

class Installer : public ::testing::Test {
 protected:
  Installer() {
    EXPECT_TRUE(disk_.write_atomic(folder_ / "install-agent.sh", installer_text(), 0755));
    EXPECT_TRUE(disk_.make_folder(folder_ / "release", 0755));
    EXPECT_TRUE(disk_.write_atomic(folder_ / "release/node_exporter", "the program", 0644));
    server_ = http::HttpServer::start({}, [this](http::Request request) {
                return serve(served_, std::move(request));
              }).value();
  }

  ProcessResult install(const std::string& sha256, const std::string& path = "/agent") {
    const std::string url = fmt::format("http://127.0.0.1:{}{}", server_->port(), path);
    // A user that exists: nothing is changed on the machine that runs the test.
    return processes_
        .run({"sh", folder_ / "install-agent.sh", url, sha256, "node_exporter",
              folder_ / "opt/bin/target", "root"},
             std::chrono::seconds(60))
        .value();
  }

  std::string archive() {
    const ProcessResult result =
        processes_
            .run({"tar", "-czf", folder_ / "a.tar.gz", "-C", folder_.path(), "release"},
                 std::chrono::seconds(60))
            .value();
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return disk_.read(folder_ / "a.tar.gz").value();
  }

  testing::TemporaryFolder folder_;
  PosixDisk disk_;
  SystemProcessRunner processes_;
  std::string served_;
  std::unique_ptr<http::HttpServer> server_;
};

TEST_F(Installer, TakesTheProgramOutOfAnArchive) {
  served_ = archive();
  const ProcessResult result = install(sha256_hex(served_));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(disk_.read(folder_ / "opt/bin/target").value_or(""), "the program");
  EXPECT_EQ(::access((folder_ / "opt/bin/target").c_str(), X_OK), 0);
}

TEST_F(Installer, TakesABareProgram) {
  served_ = "#!/bin/sh\necho bare\n";
  const ProcessResult result = install(sha256_hex(served_));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(disk_.read(folder_ / "opt/bin/target").value_or(""), served_);
}

TEST_F(Installer, InstallsNothingWithAnotherSum) {
  served_ = archive();
  const ProcessResult result = install(std::string(64, '0'));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("SHA-256"), std::string::npos) << result.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "opt/bin/target"));
}

TEST_F(Installer, InstallsNothingThatIsNotThere) {
  EXPECT_NE(install(std::string(64, '0'), "/absent").exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "opt/bin/target"));
}

TEST_F(Installer, ArchiveWithoutTheProgramIsAnError) {
  ASSERT_TRUE(disk_.remove(folder_ / "release/node_exporter"));
  served_ = archive();
  const ProcessResult result = install(sha256_hex(served_));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("no node_exporter"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace clickdeploy::agents
