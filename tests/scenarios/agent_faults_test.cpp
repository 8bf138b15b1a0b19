// Agents that do not come up, or whose port another program has taken: the cause is told, the alert
// fires, and both are over after the repair.

#include "controller/base/yaml.h"
#include "tests/scenarios/guest.h"

#include <gtest/gtest.h>

#include <signal.h>

namespace clickdeploy::scenarios {
namespace {

using std::chrono::seconds;

class AgentFaults : public ::testing::Test {
 protected:
  // One server, with these settings for repairs, and a rule that fires at once. The agent has these
  // arguments from the beginning: a server of an earlier policy would stay beside it.
  void start(const std::string& remediation, const Json& arguments = Json::array()) {
    bed_.start_daemon();
    bed_.apply_basics();
    bed_.alert_at_once("up == 0");
    set_arguments(arguments);
    ASSERT_TRUE(bed_.wait_for("the policy is observed", seconds(30), [&]() -> std::string {
      const Json policy = bed_.list("monitoringpolicies").front();
      return policy["status"]["observedGeneration"] == policy["metadata"]["generation"]
                 ? ""
                 : to_json(policy["status"]);
    }));
    Result<Json> settings = parse_single_yaml(remediation);
    ASSERT_TRUE(settings) << settings.error().message();
    Json web = bed_.service("web", 1);
    web.member("spec").set("remediation", *settings);
    web.member("spec").set("rollout", Json::object({{"minReadySeconds", 0}}));
    bed_.create(web);
  }

  void set_arguments(Json arguments) {
    Json agent = Json::object({{"name", "node-exporter"},
                               {"install", Json::object({{"method", "Package"}})},
                               {"extraArgs", std::move(arguments)}});
    bed_.patch("monitoringpolicies", "base",
               Json::object({{"spec", Json::object({{"agents", Json::array({agent})}})}}));
  }

  Json instance() {
    const std::vector<Json> all = bed_.list("instances");
    return all.empty() ? Json() : all.front();
  }
  std::string name() { return instance()["metadata"]["name"].as_string(); }

  bool wait_for_condition(const std::string& type, const std::string& begin,
                          const std::string& words) {
    return bed_.wait_for(type + "=" + begin, seconds(90), [&]() -> std::string {
      const std::string told = bed_.condition("instances", name(), type);
      return told.starts_with(begin) && told.find(words) != std::string::npos ? "" : told;
    });
  }

  Bed bed_{{.guests = "process", .prometheus = true, .alertmanager = true}};
};

TEST_F(AgentFaults, APortThatAnotherProgramTookIsToldAndTheServerReplaced) {
  start(
      "{unhealthyAfterSeconds: 6, stepTimeoutSeconds: 4, startupTimeoutSeconds: 60, steps: "
      "[SoftReboot, Replace]}");
  ASSERT_TRUE(bed_.wait_until_monitored("web", 1));
  const std::string before = instance()["status"]["server"]["id"].as_string();
  const std::string address = instance()["status"]["address"].as_string();
  ASSERT_EQ(::kill(find_exporter(address).pid, SIGKILL), 0);
  const testing::ChildProcess thief({"python3", "-m", "http.server", "9100", "--bind", address,
                                     "--directory", bed_.folder() + "/rules"},
                                    bed_.folder() + "/thief.log");
  EXPECT_TRUE(
      wait_for_condition("AgentsHealthy", "False", "404; another program may have taken the port"));
  EXPECT_TRUE(bed_.wait_for_alert(name()));
  bed_.wait_for("another server", seconds(90), [&]() -> std::string {
    const Json status = instance()["status"];
    return status["server"]["id"].as_string() != before && status["phase"].as_string() == "Running"
               ? ""
               : to_json(status["conditions"]);
  });
  EXPECT_TRUE(bed_.wait_for_no_alert());
}

TEST_F(AgentFaults, AnAgentThatDoesNotComeUpSaysWhyOnTheConsole) {
  start("{startupTimeoutSeconds: 5, stepTimeoutSeconds: 5, steps: [SoftReboot], maxRetries: 1}",
        Json::array({"--log.level=nonsense"}));
  EXPECT_TRUE(wait_for_condition("BootstrapSucceeded", "False Failed",
                                 "step node-exporter: check (exit status 1: "));
  EXPECT_TRUE(
      wait_for_condition("BootstrapSucceeded", "False Failed", "unrecognized log level nonsense"));
  EXPECT_TRUE(bed_.wait_for_alert(name()));
  EXPECT_TRUE(wait_for_condition("Progressing", "False Failed", "1 repairs did not help"));

  set_arguments(Json::array());
  ASSERT_TRUE(bed_.wait_until_monitored("web", 1));
  EXPECT_TRUE(bed_.wait_for_no_alert());
}

}  // namespace
}  // namespace clickdeploy::scenarios
