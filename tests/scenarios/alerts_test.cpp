// An exporter dies: its alert goes from Prometheus to Alertmanager, to the status and to clickctl,
// and is over once we have repaired the server.

#include "controller/async/process.h"
#include "tests/scenarios/bed.h"

#include <gtest/gtest.h>

#include <signal.h>

namespace clickdeploy::scenarios {
namespace {

using std::chrono::seconds;

// The process whose command line names this listen address; 0 if there is none.
int pid_of_exporter(const std::string& address) {
  SystemProcessRunner processes;
  const Result<ProcessResult> found =
      processes.run({"pgrep", "-f", "web.listen-address=" + address}, seconds(30));
  return found && found->exit_code == 0 ? std::stoi(found->out) : 0;
}

class Alerts : public ::testing::Test {
 protected:
  Json service() { return bed_.get("services", "web").value_or(Json()); }
  Json instance() { return bed_.list("instances").at(0); }

  // Up to a server that is scraped and a rule that fires at once.
  void start() {
    bed_.start_daemon();
    bed_.apply_basics();
    const Json rule = Json::object(
        {{"alert", "ExporterDown"},
         {"expr", "up == 0"},
         {"labels", Json::object({{"severity", "page"}})},
         {"annotations", Json::object({{"summary", "no answer of {{ $labels.instance_name }}"}})}});
    const Json group =
        Json::object({{"name", "node"}, {"interval", "2s"}, {"rules", Json::array({rule})}});
    bed_.patch("monitoringpolicies", "base",
               Json::object(
                   {{"spec", Json::object(
                                 {{"rules", Json::object({{"groups", Json::array({group})}})}})}}));
    Json web = bed_.service("web", 1);
    web.member("spec").member("remediation").set("enabled", false);
    bed_.create(web);
    ASSERT_TRUE(bed_.wait_for("one monitored server", seconds(120), [&]() -> std::string {
      const Json status = service()["status"];
      return status["monitoredReplicas"].as_int() == 1 &&
                     bed_.condition("services", "web", "RulesLoaded").starts_with("True") &&
                     bed_.condition("services", "web", "AlertsObserved").starts_with("True")
                 ? ""
                 : to_json(status);
    }));
  }

  void kill_exporter() {
    const int exporter = pid_of_exporter(instance()["status"]["address"].as_string());
    ASSERT_GT(exporter, 0);
    ASSERT_EQ(::kill(exporter, SIGKILL), 0);
  }

  bool wait_for_alert(const std::string& silenced) {
    return bed_.wait_for("the alert", seconds(120), [&]() -> std::string {
      const Json alerts = service()["status"]["alerts"];
      return alerts["firing"].as_int() == 1 &&
                     alerts["worst"][0]["silenced"].as_string() == silenced
                 ? ""
                 : to_json(alerts);
    });
  }

  Bed bed_{{.guests = "process", .prometheus = true, .alertmanager = true}};
};

TEST_F(Alerts, AKilledExporterIsToldAndOverAfterOurRepair) {
  start();
  EXPECT_TRUE(
      bed_.condition("metricsbackends", "local", "AlertmanagerReachable").starts_with("True"));
  const std::string name = instance()["metadata"]["name"].as_string();
  EXPECT_EQ(bed_.clickctl({"alerts"}), "");
  kill_exporter();
  ASSERT_TRUE(wait_for_alert("False"));
  const Json alert = service()["status"]["alerts"]["worst"][0];
  EXPECT_EQ(alert["name"].as_string(), "ExporterDown");
  EXPECT_EQ(alert["severity"].as_string(), "page");
  EXPECT_EQ(alert["instance"].as_string(), name);
  EXPECT_EQ(alert["state"].as_string(), "Firing");
  EXPECT_EQ(alert["summary"].as_string(), "no answer of " + name);
  bed_.wait_for("the alert of the Instance", seconds(30), [&] {
    return instance()["status"]["alerts"]["firing"].as_int() == 1 ? "" : "not yet";
  });
  bed_.wait_for("the alert in Alertmanager", seconds(90),
                [&] { return bed_.alertmanager("alerts").size() == 1 ? "" : "not yet"; });
  const std::string table = bed_.clickctl({"alerts", "web"});
  for (const std::string& word :
       {std::string("SEVERITY"), std::string("ExporterDown"), name, "no answer of " + name}) {
    EXPECT_NE(table.find(word), std::string::npos) << table;
  }
  EXPECT_NE(bed_.clickctl({"why", "service/web"}).find("ExporterDown"), std::string::npos);

  bed_.patch(
      "services", "web",
      Json::object({{"spec", Json::object({{"remediation", Json::object({{"enabled", true}})}})}}));
  bed_.wait_for("the end of the alert", seconds(180), [&]() -> std::string {
    const Json alerts = service()["status"]["alerts"];
    return alerts["firing"].as_int() == 0 && alerts["pending"].as_int() == 0 ? "" : to_json(alerts);
  });
  bed_.wait_for("the end of it in Alertmanager", seconds(90),
                [&] { return bed_.alertmanager("alerts").empty() ? "" : "not yet"; });
  EXPECT_EQ(bed_.clickctl({"alerts"}), "");
}

TEST_F(Alerts, WithoutAlertmanagerTheRestGoesOn) {
  start();
  bed_.kill_alertmanager();
  bed_.wait_for("the condition", seconds(120), [&]() -> std::string {
    const std::string told = bed_.condition("metricsbackends", "local", "AlertmanagerReachable");
    return told.starts_with("Unknown ObservationFailed") ? "" : told;
  });
  EXPECT_TRUE(bed_.condition("metricsbackends", "local", "Ready").starts_with("True"));
  kill_exporter();
  ASSERT_TRUE(wait_for_alert("Unknown"));
  EXPECT_NE(bed_.clickctl({"alerts"}).find("unknown"), std::string::npos);
  bed_.start_alertmanager();
  EXPECT_TRUE(wait_for_alert("False"));

  bed_.kill_prometheus();
  bed_.wait_for("alerts that are not known", seconds(180), [&]() -> std::string {
    const std::string told = bed_.condition("services", "web", "AlertsObserved");
    return told.starts_with("Unknown ObservationFailed") ? "" : told;
  });
  EXPECT_EQ(service()["status"]["alerts"]["firing"].as_int(), 1);
}

TEST(LockedAlertmanager, IsAskedWithItsOwnSecret) {
  Bed bed({.prometheus = true, .alertmanager = true, .alertmanager_login = true});
  const auto told = [&bed] {
    return bed.condition("metricsbackends", "local", "AlertmanagerReachable");
  };
  const auto becomes = [&](const std::string& want) {
    return bed.wait_for("AlertmanagerReachable=" + want, seconds(120),
                        [&] { return told().starts_with(want) ? "" : told(); });
  };
  bed.start_daemon();
  bed.apply_basics();
  becomes("Unknown Unauthorized");
  const auto ready = [&bed] { return bed.condition("metricsbackends", "local", "Ready"); };
  bed.wait_for("Prometheus alone makes the backend Ready", seconds(60),
               [&] { return ready().starts_with("True") ? "" : ready(); });
  EXPECT_TRUE(told().starts_with("Unknown Unauthorized")) << told();

  const Json basic = Json::object(
      {{"basic", Json::object({{"secretRef", Json::object({{"name", "am-login"}})}})}});
  bed.patch(
      "metricsbackends", "local",
      Json::object({{"spec", Json::object({{"alertmanager", Json::object({{"auth", basic}})}})}}));
  becomes("Unknown InvalidConfiguration");
  EXPECT_NE(told().find("alertmanager.auth.basic: Secret demo/am-login does not exist"),
            std::string::npos)
      << told();

  bed.create(Json::object(
      {{"apiVersion", "v1"},
       {"kind", "Secret"},
       {"metadata", Json::object({{"name", "am-login"}, {"namespace", "demo"}})},
       {"stringData", Json::object({{"username", "clickdeploy"}, {"password", "secret\n"}})}}));
  becomes("True");
  bed.patch_secret("am-login",
                   Json::object({{"stringData", Json::object({{"password", "wr0ng"}})}}));
  becomes("Unknown Unauthorized");
  EXPECT_EQ(told().find("wr0ng"), std::string::npos);
}

}  // namespace
}  // namespace clickdeploy::scenarios
