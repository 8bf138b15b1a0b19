// A Prometheus behind a password and a certificate of its own: wrong and right Secrets, files that
// somebody deletes, and a Prometheus that dies and comes back with nothing.

#include "tests/scenarios/bed.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace clickdeploy::scenarios {
namespace {

using std::chrono::seconds;

Json secret(const std::string& name, const Json& values) {
  return Json::object({{"apiVersion", "v1"},
                       {"kind", "Secret"},
                       {"metadata", Json::object({{"name", name}, {"namespace", "demo"}})},
                       {"stringData", values}});
}

class SecuredBackend : public ::testing::Test {
 protected:
  std::string condition(const std::string& type) {
    return bed_.condition("metricsbackends", "local", type);
  }
  bool becomes(const std::string& type, const std::string& want) {
    return bed_.wait_for(type + "=" + want, seconds(120), [&]() -> std::string {
      const std::string now = condition(type);
      return now.starts_with(want) ? "" : now;
    });
  }

  Bed bed_{{.guests = "process", .prometheus = true, .secured = true}};
};

TEST_F(SecuredBackend, SaysWhatIsMissingAndComesBackFromEverything) {
  bed_.start_daemon();
  bed_.apply_basics();
  becomes("Reachable", "Unknown InvalidConfiguration");
  EXPECT_NE(condition("Reachable").find("Secret demo/prometheus-login does not exist"),
            std::string::npos)
      << condition("Reachable");

  bed_.create(secret("prometheus-ca", Json::object({{"ca.crt", bed_.prometheus_certificate()}})));
  bed_.create(secret("prometheus-login",
                     Json::object({{"username", "clickdeploy"}, {"password", "wr0ng"}})));
  becomes("Reachable", "Unknown Unauthorized");
  EXPECT_EQ(condition("Ready").find("wr0ng"), std::string::npos);
  EXPECT_TRUE(condition("Progressing").starts_with("False Unauthorized"))
      << condition("Progressing");

  bed_.patch_secret("prometheus-login",
                    Json::object({{"stringData", Json::object({{"password", "secret\n"}})}}));
  becomes("Ready", "True");
  bed_.create(bed_.service("web", 1));
  const auto monitored = [&] {
    bed_.wait_for("one monitored server", seconds(120), [&]() -> std::string {
      const auto service = bed_.get("services", "web");
      if (!service) return "no Service";
      const Json& status = (*service)["status"];
      return status["monitoredReplicas"].as_int() == 1 ? "" : to_json(status["conditions"]);
    });
  };
  monitored();

  // By hand: our file is gone, one of somebody else is there.
  const std::string ours = bed_.folder() + "/targets/clickdeploy-demo_web.json";
  const std::string theirs = bed_.folder() + "/targets/theirs.json";
  std::ofstream(theirs) << "[]";
  ASSERT_TRUE(std::filesystem::remove(ours));
  bed_.wait_for("the file again", seconds(90), [&]() -> std::string {
    return std::filesystem::exists(ours) ? "" : "it is not there";
  });
  EXPECT_TRUE(std::filesystem::exists(theirs));

  // It dies, and comes back with nothing but its configuration.
  bed_.kill_prometheus();
  becomes("Reachable", "Unknown ObservationFailed");
  std::filesystem::remove_all(bed_.folder() + "/tsdb");
  bed_.start_prometheus();
  becomes("Ready", "True");
  monitored();
}

// A real Prometheus is asked what alerts would have done.
TEST(Backend, ThePastOfAnAlertIsToldAndStopsNothing) {
  Bed bed({.prometheus = true});
  bed.start_daemon();
  bed.apply_basics();
  bed.patch_policy(R"({rules: {groups: [{name: node, interval: 2s, rules: [
      {alert: Always, expr: 'vector(1) > 0'},
      {alert: Misspelt, expr: 'rate(laod[5m]) > 0'}]}]}})");
  bed.create(bed.service("web", 0));
  const auto rules = [&bed] { return (*bed.get("monitoringpolicies", "base"))["status"]["rules"]; };
  ASSERT_TRUE(bed.wait_for("both back-tests", std::chrono::seconds(120), [&] {
    const Json told = rules();
    return told[0].contains("backTest") && told[1].contains("backTest") ? "" : to_json(told);
  }));
  EXPECT_EQ(rules()[0]["backTest"]["message"].as_string(),
            "would have fired once, for 7d in all, in the last 7d");
  EXPECT_EQ(rules()[1]["backTest"]["result"].as_string(), "NoSeries");
  bed.wait_for("Ready", std::chrono::seconds(60), [&] {
    const std::string ready = bed.condition("monitoringpolicies", "base", "Ready");
    return ready.starts_with("True") ? "" : ready;
  });
  EXPECT_EQ((*bed.get("monitoringpolicies", "base"))["status"]["warnings"].size(), 2u);
  // Everything before it holds once Prometheus has evaluated the rule.
  bed.wait_for("the chain of the rule", std::chrono::seconds(60), [&bed]() -> std::string {
    const std::string why = bed.clickctl({"why", "rule/Misspelt"});
    return why.contains("broken at: back-test") ? "" : why;
  });
}

// The whole chain, each wait counted once and only by the process that saw it begin.
TEST(Backend, ItIsToldHowLongTheChainTakes) {
  constexpr const char* kScrapes = "clickdeploy_first_scrape_duration_seconds";
  constexpr const char* kLoads = "clickdeploy_rules_load_duration_seconds";
  Bed bed({.guests = "process", .prometheus = true});
  bed.start_daemon();
  bed.apply_basics();
  bed.create(bed.service("web", 2));
  ASSERT_TRUE(bed.wait_until_monitored("web", 2));
  EXPECT_EQ(bed.own_counter(std::string(kScrapes) + "_count"), 2);
  EXPECT_GT(bed.own_counter(std::string(kScrapes) + "_sum"), 0);
  EXPECT_EQ(bed.own_counter(std::string(kScrapes) + "_bucket{le=\"+Inf\"}"), 2);

  const double loads = bed.own_counter(std::string(kLoads) + "_count");
  bed.alert_at_once("vector(1) > 2");
  bed.wait_for("the rules", seconds(60), [&]() -> std::string {
    const double now = bed.own_counter(std::string(kLoads) + "_count");
    return now == loads + 1 ? "" : std::to_string(now);
  });
  EXPECT_GT(bed.own_counter(std::string(kLoads) + "_sum"), 0);

  bed.kill_daemon();
  bed.start_daemon();
  ASSERT_TRUE(bed.wait_until_monitored("web", 2));
  bed.patch("services", "web", Json::object({{"spec", Json::object({{"replicas", 3}})}}));
  ASSERT_TRUE(bed.wait_until_monitored("web", 3));
  EXPECT_EQ(bed.own_counter(std::string(kScrapes) + "_count"), 1);
}

}  // namespace
}  // namespace clickdeploy::scenarios
