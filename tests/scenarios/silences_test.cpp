// A silence while we take a server down or up ourselves, in a real Alertmanager.

#include "tests/scenarios/bed.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace clickdeploy::scenarios {
namespace {

using std::chrono::seconds;

class Silences : public ::testing::Test {
 protected:
  // Those that are active, by who made them.
  std::vector<Json> active(const std::string& created_by) {
    std::vector<Json> found;
    for (const Json& silence : bed_.alertmanager("silences").as_array()) {
      if (silence["status"]["state"].as_string() == "active" &&
          silence["createdBy"].as_string() == created_by) {
        found.push_back(silence);
      }
    }
    return found;
  }

  // The silence of an Instance of another name, otherwise the same.
  Json like(const Json& silence, const std::string& instance, const std::string& created_by) {
    Json matchers = Json::array();
    for (Json matcher : silence["matchers"].as_array()) {
      if (matcher["name"].as_string() == "instance_name") matcher.set("value", instance);
      matchers.push_back(matcher);
    }
    return Json::object({{"matchers", matchers},
                         {"startsAt", silence["startsAt"]},
                         {"endsAt", silence["endsAt"]},
                         {"createdBy", created_by},
                         {"comment", silence["comment"]}});
  }

  // Its servers' agents never answer, so that they boot for as long as the test needs.
  Bed bed_{{.guests = "none", .prometheus = true, .alertmanager = true}};
};

TEST_F(Silences, LastWhileTheWorkGoesOnAlsoOverAKilledDaemon) {
  bed_.start_daemon();
  bed_.apply_basics();
  bed_.patch("monitoringpolicies", "base",
             Json::object(
                 {{"spec",
                   Json::object({{"alerting", Json::object({{"silenceDuringActions", true}})}})}}));
  Json web = bed_.service("web", 1);
  web.member("spec").member("remediation").set("startupTimeoutSeconds", 900);
  bed_.create(web);
  ASSERT_TRUE(bed_.wait_for("the silence", seconds(120), [&] {
    return active("click-deploy").size() == 1 ? "" : to_json(bed_.alertmanager("silences"));
  }));
  const Json silence = active("click-deploy").front();
  const std::string name = bed_.list("instances").at(0)["metadata"]["name"].as_string();
  EXPECT_TRUE(silence["comment"].as_string().starts_with("Instance demo/" + name + ": Booting"))
      << silence["comment"].as_string();

  // What a process that died left behind, and what looks like it but is somebody's own.
  bed_.kill_daemon();
  ASSERT_EQ(bed_.post_alertmanager("silences", like(silence, "web-gone", "click-deploy")), 200);
  ASSERT_EQ(bed_.post_alertmanager("silences", like(silence, "web-other", "anna")), 200);
  ASSERT_EQ(active("click-deploy").size(), 2u);
  bed_.start_daemon();
  ASSERT_TRUE(bed_.wait_for("the end of what was left", seconds(120), [&] {
    return active("click-deploy").size() == 1 ? "" : to_json(bed_.alertmanager("silences"));
  }));
  EXPECT_EQ(active("click-deploy").front()["id"], silence["id"]);  // found again, not made again
  bed_.wait_for("the condition", seconds(60), [&]() -> std::string {
    const std::string told = bed_.condition("metricsbackends", "local", "SilencesPlaced");
    return told.starts_with("True") ? "" : told;
  });

  bed_.patch("services", "web", Json::object({{"spec", Json::object({{"replicas", 0}})}}));
  bed_.wait_for("the end of the silence", seconds(120), [&] {
    return active("click-deploy").empty() ? "" : to_json(bed_.alertmanager("silences"));
  });
  EXPECT_EQ(active("anna").size(), 1u);
}

}  // namespace
}  // namespace clickdeploy::scenarios
