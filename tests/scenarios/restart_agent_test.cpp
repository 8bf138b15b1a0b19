// An agent that hangs is restarted over SSH by a real sshd: its server is not rebooted.

#include "tests/scenarios/guest.h"

#include <gtest/gtest.h>

#include <signal.h>

namespace clickdeploy::scenarios {
namespace {

using std::chrono::seconds;

TEST(RestartAgent, AHungExporterIsWokenWithoutAReboot) {
  Bed bed({.guests = "process", .prometheus = true, .alertmanager = true});
  const auto instance = [&bed] { return bed.list("instances").at(0); };
  bed.start_daemon();
  bed.apply_basics();
  bed.alert_at_once("up == 0");
  bed.create(bed.service("web", 1));
  ASSERT_TRUE(bed.wait_until_monitored("web", 1));
  const std::string address = instance()["status"]["address"].as_string();
  const int exporter = find_exporter(address).pid;
  ASSERT_GT(exporter, 0);
  const GuestSsh ssh(bed, address, "kill -CONT " + std::to_string(exporter));
  // Long enough for the alert to be seen; the restart comes right after.
  bed.patch("services", "web", Bed::remediation("unhealthyAfterSeconds", 8));

  ASSERT_EQ(::kill(exporter, SIGSTOP), 0);
  const std::string name = instance()["metadata"]["name"].as_string();
  bed.wait_for("the cause", seconds(60), [&]() -> std::string {
    const std::string told = bed.condition("instances", name, "AgentsHealthy");
    return told.starts_with("False") && told.find("no reply within") != std::string::npos ? ""
                                                                                          : told;
  });
  EXPECT_TRUE(bed.wait_for_alert(name));
  bed.wait_for("the restart", seconds(120), [&]() -> std::string {
    return ssh.asked().empty() ? to_json(instance()["status"]["conditions"]) : "";
  });
  bed.wait_for("health", seconds(120), [&]() -> std::string {
    const Json status = instance()["status"];
    return status["phase"].as_string() == "Running" ? "" : to_json(status["conditions"]);
  });
  EXPECT_TRUE(bed.wait_for_no_alert());
  EXPECT_EQ(ssh.asked(), GuestSsh::sudo() + "systemctl restart prometheus-node-exporter\n");
  EXPECT_EQ(find_exporter(address).pid, exporter);  // a reboot would have made another
  const std::string host_key = instance()["status"]["sshHostKey"].as_string();
  EXPECT_TRUE(host_key.starts_with("ssh-ed25519 ")) << host_key;
  EXPECT_TRUE(ssh.host_key().starts_with(host_key));
}

}  // namespace
}  // namespace clickdeploy::scenarios
