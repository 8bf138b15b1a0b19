// Bad input: each gets a clear error or a condition that says what to do, and disturbs nothing
// else.

#include "controller/base/yaml.h"
#include "tests/scenarios/bed.h"
#include "tests/testing/paths.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace clickdeploy::scenarios {
namespace {

using std::chrono::seconds;

class BadInput : public ::testing::Test {
 protected:
  void SetUp() override {
    bed_.start_daemon();
    bed_.apply_basics();
    bed_.create(bed_.service("good", 1));
    bed_.wait_for("the good Service", seconds(60), [&] { return monitored(); });
  }
  // Whatever the test did, the good Service is as it was.
  void TearDown() override {
    const std::string problem = monitored();
    EXPECT_EQ(problem, "");
    EXPECT_EQ(bed_.cloud_state()["counts"]["servers"].as_int(), expected_servers_);
  }
  std::string monitored() {
    std::optional<Json> service = bed_.get("services", "good");
    if (!service) return "no Service";
    return (*service)["status"]["monitoredReplicas"].as_int() == 1 ? ""
                                                                   : to_json((*service)["status"]);
  }
  // Creates the Service and waits until its condition says what is wanted.
  void expect_service(const Json& service, const std::string& reason,
                      const std::vector<std::string>& words) {
    bed_.create(service);
    const std::string name = service["metadata"]["name"].as_string();
    bed_.wait_for("condition of " + name, seconds(30), [&]() -> std::string {
      const std::string text = bed_.condition("services", name, "Progressing");
      if (text.find(" " + reason + " ") == std::string::npos) return text;
      for (const std::string& word : words) {
        if (text.find(word) == std::string::npos) return "lacks \"" + word + "\": " + text;
      }
      return "";
    });
    const Json counts = bed_.cloud_state()["counts"];
    EXPECT_EQ(counts["ports"].as_int(), expected_servers_) << name << " left ports";
  }

  Bed bed_{{.guests = "process", .prometheus = true}};
  int expected_servers_ = 1;
};

TEST_F(BadInput, ManifestsAreRefusedWithTheFieldsPath) {
  bed_.create(Json::object({{"apiVersion", "v1"},
                            {"kind", "Namespace"},
                            {"metadata", Json::object({{"name", "b"}})}}));  // that one lives there
  int count = 0;
  const std::string folder = testing::source_folder() + "/tests/api/bad";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path().filename().string());
    std::ifstream in(entry.path());
    std::stringstream text;
    text << in.rdbuf();
    Result<Json> object = parse_single_yaml(text.str());
    ASSERT_TRUE(object) << object.error().message();
    Json placed = *object;
    if (placed["kind"].as_string() != "Event") placed.member("metadata").set("namespace", "demo");
    const http::Response response = bed_.post(placed);
    EXPECT_TRUE(response.status == 422 || response.status == 400) << response.body;
    Result<Json> status = parse_json(response.body);
    ASSERT_TRUE(status);
    EXPECT_EQ((*status)["kind"].as_string(), "Status");
    const std::string& message = (*status)["message"].as_string();
    EXPECT_TRUE(message.find("spec") != std::string::npos ||
                message.find("data") != std::string::npos ||
                message.find("metadata") != std::string::npos ||
                message.find("involvedObject") != std::string::npos)
        << "no path in: " << message;
    ++count;
  }
  EXPECT_GE(count, 20);
}

TEST_F(BadInput, ThingsThatDoNotExistAreNamedInConditions) {
  Json service = bed_.service("no-cloud", 1);
  service.member("spec").set("cloudRef", Json::object({{"name", "nowhere"}}));
  expect_service(service, "Waiting", {"Cloud demo/nowhere does not exist", "spec.cloudRef"});

  service = bed_.service("no-image", 1);
  Json& server = service.member("spec").member("template").member("spec");
  server.set("image", Json::object({{"name", "debian-99"}}));
  expect_service(service, "InvalidConfiguration",
                 {"spec.template.spec.image", "no image with name \"debian-99\""});

  service = bed_.service("no-flavor", 1);
  service.member("spec")
      .member("template")
      .member("spec")
      .set("flavors", Json::array({Json::object({{"name", "m1.enormous"}})}));
  expect_service(service, "InvalidConfiguration", {"flavors[0]", "m1.enormous", "m1.tiny"});

  service = bed_.service("no-network", 1);
  Json network = Json::object({{"name", "app"}, {"network", Json::object({{"name", "moon"}})}});
  service.member("spec").member("template").member("spec").set("networks", Json::array({network}));
  expect_service(service, "InvalidConfiguration", {"networks[0].network", "moon", "app-net"});

  service = bed_.service("no-secret", 1);
  Json ref = Json::object({{"name", "missing"}, {"key", "user-data"}});
  service.member("spec")
      .member("template")
      .member("spec")
      .set("userData", Json::object({{"secretRef", ref}}));
  expect_service(service, "TransientError", {"userData", "Secret demo/missing does not exist"});
}

TEST_F(BadInput, TwoThingsOfOneNameAreNotChosenBetween) {
  for (int i = 0; i < 2; ++i) {
    bed_.cloud_call("POST", "/localcloud/v1/images", Json::object({{"name", "twins"}}));
  }
  Json service = bed_.service("twins", 1);
  service.member("spec")
      .member("template")
      .member("spec")
      .set("image", Json::object({{"name", "twins"}}));
  expect_service(
      service, "InvalidConfiguration",
      {"spec.template.spec.image", "2 images have name \"twins\"", "Give the id of one"});
}

TEST_F(BadInput, BadUserDataIsRefusedBeforeAnythingIsMade) {
  Json service = bed_.service("script", 1);
  service.member("spec")
      .member("template")
      .member("spec")
      .set("userData", Json::object({{"inline", "#!/bin/sh\necho hello\n"}}));
  expect_service(service, "InvalidConfiguration", {"spec.template.spec.userData", "#cloud-config"});
}

TEST_F(BadInput, CredentialsThatDoNotWorkAreToldOnTheCloud) {
  Json credentials =
      Json::object({{"secretRef", Json::object({{"name", "absent"}})}, {"cloudName", "x"}});
  bed_.create(Json::object({{"apiVersion", "clickdeploy.io/v1alpha1"},
                            {"kind", "Cloud"},
                            {"metadata", Json::object({{"name", "bad"}, {"namespace", "demo"}})},
                            {"spec", Json::object({{"credentials", credentials}})}}));
  bed_.wait_for("the Cloud's condition", seconds(20), [&]() -> std::string {
    const std::string text = bed_.condition("clouds", "bad", "Ready");
    return text.find("InvalidConfiguration") != std::string::npos &&
                   text.find("Secret demo/absent does not exist") != std::string::npos
               ? ""
               : text;
  });
}

// Loopback is the only lock of this door, and a browser is inside it.
TEST_F(BadInput, AWebPageCannotReadTheApi) {
  const std::string secrets = "/api/v1/secrets";
  EXPECT_EQ(bed_.get_status(secrets, {}), 200);
  EXPECT_EQ(bed_.get_status(secrets, {{"Host", "evil.example"}}), 403);
  EXPECT_EQ(bed_.get_status(secrets, {{"Origin", "http://evil.example"}}), 403);
  EXPECT_EQ(bed_.get_status("/metrics", {{"Host", "evil.example"}}), 403);
}

TEST_F(BadInput, BadPromQLIsToldAndTheGoodRulesStay) {
  bed_.wait_for("the good rules", seconds(30), [&]() -> std::string {
    const std::string text = bed_.condition("monitoringpolicies", "base", "RulesLoaded");
    return text.find("1/1 rules are loaded") != std::string::npos ? "" : text;
  });
  Json groups = Json::array({Json::object(
      {{"name", "node"},
       {"rules", Json::array({Json::object({{"alert", "Broken"}, {"expr", "sum(up"}})})}})});
  Json patch =
      Json::object({{"spec", Json::object({{"rules", Json::object({{"groups", groups}})}})}});
  bed_.patch("monitoringpolicies", "base", patch);
  bed_.wait_for("the policy's condition", seconds(30), [&]() -> std::string {
    const std::string text = bed_.condition("monitoringpolicies", "base", "RulesLoaded");
    return text.starts_with("False InvalidConfiguration") &&
                   text.find("unclosed left parenthesis") != std::string::npos &&
                   text.find("last good version stays loaded") != std::string::npos
               ? ""
               : text;
  });
  EXPECT_NE(to_json(bed_.prometheus("rules")).find("InstanceDown"), std::string::npos);
}

// Alert `i` of the policy: its threshold tells its version.
Json numbered_rule(int i, int version) {
  return Json::object({{"alert", "Alert" + std::to_string(i)},
                       {"expr", "up < -" + std::to_string(version)},
                       {"labels", Json::object({{"severity", "none"}})}});
}

Json numbered_groups(int version, int bad) {
  constexpr int kGroups = 4;
  constexpr int kInAGroup = 50;
  Json groups = Json::array();
  for (int g = 0; g < kGroups; ++g) {
    Json rules = Json::array();
    for (int i = g * kInAGroup; i < (g + 1) * kInAGroup; ++i) {
      Json rule = numbered_rule(i, version);
      if (i == bad) rule.set("annotations", Json::object({{"summary", "{{ $labels.x"}}));
      rules.push_back(std::move(rule));
    }
    groups.push_back(
        Json::object({{"name", "g" + std::to_string(g)}, {"rules", std::move(rules)}}));
  }
  return groups;
}

TEST_F(BadInput, OneBadRuleAmong200KeepsItsLastGoodVersion) {
  constexpr int kBad = 123;
  const auto publish = [this](int version, int bad) {
    bed_.patch(
        "monitoringpolicies", "base",
        Json::object(
            {{"spec", Json::object({{"rules", Json::object({{"groups", numbered_groups(
                                                                           version, bad)}})}})}}));
  };
  // How many of our alerts Prometheus has in each version, "1: 200".
  const auto versions = [this] {
    std::map<std::string, int> counts;
    for (const Json& group : bed_.prometheus("rules")["groups"].as_array()) {
      for (const Json& rule : group["rules"].as_array()) {
        if (!rule["name"].as_string().starts_with("Alert")) continue;
        const std::string& query = rule["query"].as_string();
        ++counts[query.substr(query.find("< -") + 3)];
      }
    }
    std::string text;
    for (const auto& [version, count] : counts) {
      text += (text.empty() ? "" : ", ") + version + ": " + std::to_string(count);
    }
    return text;
  };
  const auto wait_for = [&](const std::string& wanted) {
    bed_.wait_for("versions " + wanted, seconds(60), [&]() -> std::string {
      const std::string got = versions();
      return got == wanted ? "" : "got \"" + got + "\"";
    });
  };
  const auto summary = [this] {
    const auto policy = bed_.get("monitoringpolicies", "base");
    return policy ? (*policy)["status"]["rulesSummary"].as_string() : std::string();
  };
  publish(1, -1);
  wait_for("1: 200");
  publish(2, kBad);
  wait_for("1: 1, 2: 199");
  bed_.wait_for("the status", seconds(30),
                [&] { return summary() == "199/200" ? "" : summary() + " rules loaded"; });
  const Json status = (*bed_.get("monitoringpolicies", "base"))["status"]["rules"][kBad];
  EXPECT_EQ(status["ref"], Json("g2/23"));
  EXPECT_EQ(status["name"], Json("Alert123"));
  EXPECT_EQ(status["state"], Json("PreviousVersionLoaded"));
  EXPECT_NE(status["lastError"].as_string().find("template"), std::string::npos) << to_json(status);

  bed_.kill_daemon();
  bed_.start_daemon();
  publish(3, kBad);
  wait_for("1: 1, 3: 199");
  publish(3, -1);
  wait_for("3: 200");
  bed_.wait_for("the status", seconds(30),
                [&] { return summary() == "200/200" ? "" : summary() + " rules loaded"; });
}

}  // namespace
}  // namespace clickdeploy::scenarios
