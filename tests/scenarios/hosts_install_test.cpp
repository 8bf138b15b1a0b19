// Agents on machines that exist already, by every other way than as a package: sshd, node_exporter,
// Prometheus and HTTP are real; Docker and systemd are stand-ins (tests/machine/bin).

#include "controller/base/text.h"
#include "controller/http/server.h"
#include "tests/scenarios/hosts_bed.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <signal.h>

namespace clickdeploy::scenarios {
namespace {

using std::chrono::seconds;

Task<http::Reply> serve(const std::string& bytes) {
  http::Reply reply;
  reply.response.body = bytes;
  co_return reply;
}

class HostsInstall : public ::testing::Test {
 protected:
  HostsInstall() {
    hosts_.bed.start_daemon();
    hosts_.apply_basics();
  }
  Bed& bed() { return hosts_.bed; }
  testing::Machine& machine() { return hosts_.machine(1); }

  void remove_service() {
    bed().remove("services", "web");
    EXPECT_TRUE(bed().wait_for("the machine is given back", seconds(90), [&]() -> std::string {
      return hosts_.count_marks() == 0 && !bed().get("services", "web") ? "" : machine().mark();
    }));
  }

  HostsBed hosts_{1};
};

TEST_F(HostsInstall, ContainersRunWithTheirFlagsAreRestartedAndGo) {
  bed().patch_policy(
      "{agents: [{name: node-exporter, version: \"1.5.0\", install: {method: Container}, "
      "resources: "
      "{memoryMiB: 80, cpus: \"0.2\"}}, {name: cadvisor, install: {method: Container}}]}");
  bed().create(hosts_.service("web", 1));
  ASSERT_TRUE(bed().wait_until_monitored("web", 1)) << machine().read("docker.log");
  const std::string asked = machine().read("docker.log");
  EXPECT_NE(asked.find("run --detach --name=click-deploy-node-exporter --restart=always "
                       "--network=host --pid=host --volume=/:/host:ro,rslave "),
            std::string::npos)
      << asked;
  EXPECT_NE(asked.find(" --memory=80m --cpus=0.2 "), std::string::npos) << asked;
  EXPECT_NE(asked.find("node-exporter:v1.5.0 --path.rootfs=/host "), std::string::npos) << asked;
  EXPECT_NE(asked.find("gcr.io/cadvisor/cadvisor:v0.47.0 --port=8080"), std::string::npos) << asked;
  EXPECT_TRUE(bed().wait_for("the container's series", seconds(30), [&]() -> std::string {
    const Json found =
        bed().prometheus("query?query=container_memory_usage_bytes%7Bservice%3D%22web%22%7D");
    return found["result"].size() == 1 ? "" : to_json(found);
  }));

  // One that does not answer is started again, the other one is left alone.
  const int exporter = machine().service("click-deploy-node-exporter");
  const int cadvisor = machine().service("click-deploy-cadvisor");
  ASSERT_GT(cadvisor, 0);
  ASSERT_EQ(::kill(cadvisor, SIGSTOP), 0);
  EXPECT_TRUE(bed().wait_for("the restart", seconds(90), [&]() -> std::string {
    const int now = machine().service("click-deploy-cadvisor");
    return now > 0 && now != cadvisor ? "" : "still " + std::to_string(now);
  }));
  ASSERT_TRUE(bed().wait_until_monitored("web", 1));
  EXPECT_EQ(machine().service("click-deploy-node-exporter"), exporter);

  remove_service();
  EXPECT_EQ(machine().service("click-deploy-node-exporter"), 0);
  EXPECT_EQ(machine().service("click-deploy-cadvisor"), 0);
  EXPECT_TRUE(std::filesystem::is_empty(machine().path("containers")));
}

TEST_F(HostsInstall, AnArchiveIsTakenIfItsSumIsRightAndLeavesNothingBehind) {
  SystemProcessRunner processes;
  PosixDisk disk;
  const std::string release = bed().folder() + "/node_exporter-1.5.0.linux-amd64";
  std::filesystem::create_directories(release);
  std::filesystem::copy_file("/usr/bin/prometheus-node-exporter", release + "/node_exporter");
  const std::string archive = bed().folder() + "/release.tar.gz";
  ASSERT_TRUE(processes.run(
      {"tar", "-czf", archive, "-C", bed().folder(), "node_exporter-1.5.0.linux-amd64"},
      seconds(60)));
  const std::string bytes = disk.read(archive).value();
  const auto server =
      http::HttpServer::start({}, [&bytes](http::Request) { return serve(bytes); }).value();
  auto agent_with = [&](const std::string& sum) {
    return "{agents: [{name: node-exporter, version: \"1.5.0\", install: {method: Archive, url: "
           "\"http://127.0.0.1:" +
           std::to_string(server->port()) + "/a.tar.gz\", sha256: \"" + sum + "\"}}]}";
  };
  bed().patch_policy(agent_with(std::string(64, '0')));
  bed().create(hosts_.service("web", 1));
  EXPECT_TRUE(bed().wait_for("the failed step", seconds(120), [&]() -> std::string {
    const std::vector<Json> all = bed().list("instances");
    if (all.empty()) return "no Instance";
    const std::string told = bed().condition(
        "instances", all.front()["metadata"]["name"].as_string(), "BootstrapSucceeded");
    const bool named = told.starts_with("False") && told.contains("node-exporter: download") &&
                       told.contains("SHA-256");
    return named ? "" : told;
  }));
  EXPECT_FALSE(machine().has("opt/click-deploy/bin/node_exporter"));

  bed().patch_policy(agent_with(sha256_hex(bytes)));
  ASSERT_TRUE(bed().wait_until_monitored("web", 1));
  EXPECT_TRUE(machine().has("opt/click-deploy/bin/node_exporter"));
  EXPECT_TRUE(machine().has("users/click-deploy-agent"));
  const std::string unit = machine().read("units/click-deploy-node-exporter.service");
  EXPECT_NE(unit.find("User=click-deploy-agent\nExecStart=/opt/click-deploy/bin/node_exporter "),
            std::string::npos)
      << unit;
  EXPECT_GT(machine().service("click-deploy-node-exporter"), 0);

  remove_service();
  EXPECT_EQ(machine().service("click-deploy-node-exporter"), 0);
  EXPECT_FALSE(machine().has("units/click-deploy-node-exporter.service"));
  EXPECT_FALSE(machine().has("opt/click-deploy"));
  EXPECT_FALSE(machine().has("users/click-deploy-agent"));
}

}  // namespace
}  // namespace clickdeploy::scenarios
