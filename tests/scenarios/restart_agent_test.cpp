// An agent that hangs is restarted over SSH by a real sshd: its server is not rebooted.

#include "controller/async/process.h"
#include "tests/scenarios/bed.h"
#include "tests/testing/free_address.h"

#include <gtest/gtest.h>

#include <fstream>
#include <pwd.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace clickdeploy::scenarios {
namespace {

using std::chrono::seconds;

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_file(const std::string& path, const std::string& text, ::mode_t mode) {
  std::ofstream(path) << text;
  ::chmod(path.c_str(), mode);
}

// The process whose command line names this listen address; 0 if there is none.
int pid_of_exporter(const std::string& address) {
  SystemProcessRunner processes;
  const Result<ProcessResult> found =
      processes.run({"pgrep", "-f", "web.listen-address=" + address}, seconds(30));
  return found && found->exit_code == 0 ? std::stoi(found->out) : 0;
}

class RestartAgent : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return bed_.folder() + "/" + name; }

  // The server's sshd. What it is asked for is written down; a restart wakes the exporter up.
  void start_sshd(const std::string& address, int exporter) {
    SystemProcessRunner processes;
    for (const char* key : {"host", "user"}) {
      ASSERT_TRUE(processes.run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path(key)},
                                seconds(60)));
    }
    if (::getuid() == 0) ::mkdir("/run/sshd", 0755);
    write_file(path("restart.sh"),
               "#!/bin/sh\necho \"$SSH_ORIGINAL_COMMAND\" >>" + path("asked") + "\nkill -CONT " +
                   std::to_string(exporter) + "\n",
               0755);
    write_file(path("sshd_config"),
               "ListenAddress " + address + "\nPort " + std::to_string(kPort) + "\nHostKey " +
                   path("host") + "\nAuthorizedKeysFile " + path("user.pub") + "\nForceCommand " +
                   path("restart.sh") +
                   "\nPidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n",
               0600);
    sshd_ = std::make_unique<testing::ChildProcess>(
        std::vector<std::string>{"/usr/sbin/sshd", "-D", "-e", "-f", path("sshd_config")},
        path("sshd.log"));
  }

  void allow_ssh() {
    bed_.create(Json::object(
        {{"apiVersion", "v1"},
         {"kind", "Secret"},
         {"metadata", Json::object({{"name", "repair-key"}, {"namespace", "demo"}})},
         {"stringData", Json::object({{"ssh-privatekey", read_file(path("user"))}})}}));
    const Json ssh = Json::object({{"user", ::getpwuid(::getuid())->pw_name},
                                   {"port", kPort},
                                   {"keySecretRef", Json::object({{"name", "repair-key"}})}});
    bed_.patch("monitoringpolicies", "base",
               Json::object({{"spec", Json::object({{"repair", Json::object({{"ssh", ssh}})}})}}));
  }

  Json instance() { return bed_.list("instances").at(0); }

  static constexpr int kPort = 2222;
  Bed bed_{{.guests = "process", .prometheus = true}};
  std::unique_ptr<testing::ChildProcess> sshd_;
};

TEST_F(RestartAgent, AHungExporterIsWokenWithoutAReboot) {
  bed_.start_daemon();
  bed_.apply_basics();
  bed_.create(bed_.service("web", 1));
  ASSERT_TRUE(bed_.wait_for("one monitored server", seconds(120), [&]() -> std::string {
    const auto service = bed_.get("services", "web");
    return service && (*service)["status"]["monitoredReplicas"].as_int() == 1 ? "" : "not yet";
  }));
  const std::string address = instance()["status"]["address"].as_string();
  const int exporter = pid_of_exporter(address);
  ASSERT_GT(exporter, 0);
  start_sshd(address, exporter);
  allow_ssh();

  ASSERT_EQ(::kill(exporter, SIGSTOP), 0);
  bed_.wait_for("the restart", seconds(120), [&]() -> std::string {
    return read_file(path("asked")).empty() ? to_json(instance()["status"]["conditions"]) : "";
  });
  bed_.wait_for("health", seconds(120), [&]() -> std::string {
    const Json status = instance()["status"];
    return status["phase"].as_string() == "Running" ? "" : to_json(status["conditions"]);
  });
  const std::string sudo = ::getuid() == 0 ? "" : "sudo -n ";
  EXPECT_EQ(read_file(path("asked")), sudo + "systemctl restart prometheus-node-exporter\n");
  EXPECT_EQ(pid_of_exporter(address), exporter);  // a reboot would have made another
  const std::string host_key = instance()["status"]["sshHostKey"].as_string();
  EXPECT_TRUE(host_key.starts_with("ssh-ed25519 ")) << host_key;
  EXPECT_TRUE(read_file(path("host.pub")).starts_with(host_key));
}

}  // namespace
}  // namespace clickdeploy::scenarios
