// Agents that answer, and are not what the policy asks for: a real node_exporter that tells another
// version, restarted over SSH, replaced by the Service, or told of.

#include "tests/scenarios/guest.h"

#include <gtest/gtest.h>

#include <fstream>
#include <signal.h>
#include <sstream>
#include <sys/stat.h>

namespace clickdeploy::scenarios {
namespace {

using std::chrono::seconds;

constexpr const char* kExporter = "/usr/bin/prometheus-node-exporter";

class AgentVersion : public ::testing::Test {
 protected:
  ~AgentVersion() override {
    if (restarted_ > 0) ::kill(restarted_, SIGKILL);
  }

  void start(const std::string& version) {
    bed_.start_daemon();
    bed_.apply_basics();
    bed_.alert_at_once("node_exporter_build_info{version!=\"1.5.0\"}");
    bed_.patch_policy("{agents: [{name: node-exporter, install: {method: Package}, version: \"" +
                      version + "\"}]}");
    Json web = bed_.service("web", 1);
    // What is not silent for long is no ailment here.
    web.member("spec").member("remediation").set("unhealthyAfterSeconds", 120);
    web.member("spec").set("rollout", Json::object({{"minReadySeconds", 0}}));
    bed_.create(web);
    ASSERT_TRUE(bed_.wait_until_monitored("web", 1));
  }

  Json instance() { return bed_.list("instances").at(0); }
  std::string name() { return instance()["metadata"]["name"].as_string(); }
  std::string address() { return instance()["status"]["address"].as_string(); }

  bool wait_for_condition(const std::string& begin, const std::string& words) {
    return bed_.wait_for("AgentsUpToDate=" + begin, seconds(60), [&]() -> std::string {
      const std::string told = bed_.condition("instances", name(), "AgentsUpToDate");
      const bool there = told.starts_with(begin) && told.find(words) != std::string::npos;
      return there ? "" : to_json(instance()["status"]["conditions"]);
    });
  }

  // Somebody puts 1.4.0 in the place of the exporter: the same program, with another number.
  Exporter downgrade() {
    std::ifstream in(kExporter, std::ios::binary);
    std::stringstream bytes;
    bytes << in.rdbuf();
    std::string text = bytes.str();
    for (std::size_t at = text.find("1.5.0"); at != std::string::npos;
         at = text.find("1.5.0", at)) {
      text.replace(at, 5, "1.4.0");
    }
    const std::string program = bed_.folder() + "/node_exporter-1.4.0";
    std::ofstream(program, std::ios::binary) << text;
    ::chmod(program.c_str(), 0755);
    Exporter right = find_exporter(address());
    EXPECT_GT(right.pid, 0);
    ::kill(right.pid, SIGKILL);
    bed_.wait_for("the agent's end", seconds(60), [&] {
      return bed_.condition("instances", name(), "AgentsHealthy").starts_with("False")
                 ? ""
                 : "not noticed";
    });
    wrong_ = start_in_place_of(right, program, bed_.folder() + "/wrong.log");
    return right;
  }

  Bed bed_{{.guests = "process", .prometheus = true, .alertmanager = true}};
  std::unique_ptr<testing::ChildProcess> wrong_;
  int restarted_ = 0;
};

TEST_F(AgentVersion, ThatSomebodyChangedIsRestartedOverSsh) {
  start("1.5.0");
  ASSERT_TRUE(wait_for_condition("True Succeeded", "the agents are what the spec says"));
  const Json agent = instance()["status"]["agents"][0];
  EXPECT_EQ(agent["version"].as_string(), "1.5.0");
  const Exporter right = downgrade();
  ASSERT_TRUE(wait_for_condition("False Drifted",
                                 "node-exporter version is 1.4.0 instead of 1.5.0: it is only "
                                 "told of"));
  EXPECT_TRUE(bed_.wait_for_alert(name()));
  bed_.wait_for("the policy", seconds(60), [&]() -> std::string {
    const std::string told = bed_.condition("monitoringpolicies", "base", "AgentsUpToDate");
    return told.find("of Instance demo/" + name() + " node-exporter version is 1.4.0") !=
                   std::string::npos
               ? ""
               : told;
  });
  const Json running = (*bed_.get("monitoringpolicies", "base"))["status"]["agents"][0]["running"];
  EXPECT_EQ(to_json(running), R"([{"instances":1,"version":"1.4.0"}])");
  bed_.wait_for("readiness", seconds(30), [&]() -> std::string {
    const std::string told = bed_.condition("instances", name(), "Ready");
    return told.starts_with("True") ? "" : told;
  });
  EXPECT_NE(bed_.clickctl({"why", "instance/" + name()}).find("1.4.0 instead of 1.5.0"),
            std::string::npos);

  // As systemd does: what runs ends, what is installed is started.
  std::string script =
      "kill -9 " + std::to_string(wrong_->pid()) + "\ncd " + right.folder + "\nsetsid " + kExporter;
  for (std::size_t i = 1; i < right.argv.size(); ++i) script += " '" + right.argv[i] + "'";
  script += " </dev/null >>" + bed_.folder() + "/right.log 2>&1 &\n";
  const GuestSsh ssh(bed_, address(), script);
  EXPECT_TRUE(wait_for_condition("True Succeeded", ""));
  restarted_ = find_exporter(address()).pid;
  EXPECT_EQ(ssh.asked(), GuestSsh::sudo() + "systemctl restart prometheus-node-exporter\n");
  EXPECT_TRUE(bed_.wait_for_no_alert());
  EXPECT_EQ(bed_.cloud_state()["counts"]["servers"].as_int(), 1);
}

TEST_F(AgentVersion, ThatSomebodyChangedIsReplacedWhereThePolicySaysSo) {
  start("1.5.0");
  bed_.patch_policy("{repair: {onDrift: Replace}}");
  const std::string before = name();
  downgrade();
  bed_.wait_for("another server with the right version", seconds(120), [&]() -> std::string {
    const std::vector<Json> all = bed_.list("instances");
    if (all.size() != 1 || all[0]["metadata"]["name"].as_string() == before) {
      return bed_.condition("instances", before, "AgentsUpToDate");
    }
    return bed_.condition("instances", name(), "AgentsUpToDate").starts_with("True") ? ""
                                                                                     : "not yet";
  });
  EXPECT_EQ(instance()["status"]["agents"][0]["version"].as_string(), "1.5.0");
}

// The package is 1.5.0 whatever is asked for: another server would have it too.
TEST_F(AgentVersion, ThatWasNeverRightIsToldAndReplacesNothing) {
  start("1.4.0");
  bed_.patch_policy("{repair: {onDrift: Replace}}");
  const std::string before = name();
  ASSERT_TRUE(wait_for_condition("False InvalidConfiguration",
                                 "node-exporter version is 1.5.0 instead of 1.4.0: the server has "
                                 "had it from the start"));
  bed_.wait_for("the policy", seconds(60), [&]() -> std::string {
    const std::string told = bed_.condition("monitoringpolicies", "base", "Progressing");
    return told.starts_with("False InvalidConfiguration") ? "" : told;
  });
  EXPECT_TRUE(bed_.condition("services", "web", "UpToDate").starts_with("True"));
  EXPECT_EQ(name(), before);
}

}  // namespace
}  // namespace clickdeploy::scenarios
