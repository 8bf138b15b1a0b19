// Exporters that speak TLS and ask for a password: a real node_exporter with the files that the
// user data brings, scraped by a real Prometheus with the configuration that clickctl prints.

#include "controller/async/block_on.h"
#include "controller/base/text.h"
#include "tests/scenarios/guest.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace clickdeploy::scenarios {
namespace {

using std::chrono::seconds;

constexpr const char* kPassword = "swordfish-4711";

class LockedExporter : public ::testing::Test {
 protected:
  void start(const std::string& policy) {
    bed_.start_daemon();
    bed_.apply_basics();
    bed_.create(Json::object(
        {{"apiVersion", "v1"},
         {"kind", "Secret"},
         {"metadata", Json::object({{"name", "agents"}, {"namespace", "demo"}})},
         {"stringData", Json::object({{"username", "prometheus"}, {"password", kPassword}})}}));
    bed_.patch_policy(policy);
    bed_.alert_at_once("up == 0");
    std::filesystem::create_directories(bed_.folder() + "/secrets");
    write_password(kPassword);
    const std::string config = bed_.configure_prometheus();
    EXPECT_EQ(config.find(kPassword), std::string::npos);
    Json web = bed_.service("web", 1);
    web.member("spec").set("rollout", Json::object({{"minReadySeconds", 0}}));
    bed_.create(web);
    ASSERT_TRUE(bed_.wait_until_monitored("web", 1));
  }

  void write_password(const std::string& password) {
    std::ofstream(bed_.folder() + "/secrets/demo_agents.password") << password;
  }

  Json instance() { return bed_.list("instances").at(0); }
  std::string name() { return instance()["metadata"]["name"].as_string(); }

  // The status of a GET of the agent's metrics; 0 if there is no answer.
  int ask(const std::string& scheme, const std::string& login, bool verify = false) {
    const auto http = http::make_curl_client({});
    http::Request request;
    request.url =
        scheme + "://" + instance()["status"]["agents"][0]["address"].as_string() + "/metrics";
    request.deadline = seconds(10);
    request.trust = http::PeerTrust{.verify = verify};
    if (!login.empty()) {
      request.headers.push_back({"Authorization", "Basic " + base64_encode(login)});
    }
    Result<http::Response> response = block_on(http->send(std::move(request)));
    return response ? response->status : 0;
  }

  Bed bed_{{.guests = "process", .prometheus = true, .alertmanager = true}};
};

TEST_F(LockedExporter, IsScrapedWithTheSecretAndByNobodyElse) {
  start(
      "{agents: [{name: node-exporter, install: {method: Package}, tls: {mode: Server}, auth: "
      "{basic: {secretRef: {name: agents}}}}]}");
  const Json target = bed_.prometheus("targets?state=active")["activeTargets"][0];
  EXPECT_TRUE(target["scrapeUrl"].as_string().starts_with("https://")) << to_json(target);
  EXPECT_TRUE(target["scrapePool"].as_string().starts_with("click-deploy-access-"));
  EXPECT_EQ(target["health"].as_string(), "up");
  EXPECT_EQ(ask("https", std::string("prometheus:") + kPassword), 200);
  EXPECT_EQ(ask("https", ""), 401);
  EXPECT_EQ(ask("https", "prometheus:wrong"), 401);
  EXPECT_EQ(ask("http", ""), 400);       // a TLS port
  EXPECT_EQ(ask("https", "", true), 0);  // nobody vouches for its certificate
  EXPECT_EQ(bed_.condition("instances", name(), "AgentsUpToDate").substr(0, 4), "True");

  // The password is in no file of the server, and so not in its user data: its hash is.
  std::size_t hashes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(bed_.folder())) {
    const std::string path = file.path().string();
    const bool of_server =
        path.find("/guests/") != std::string::npos || path.ends_with("cloud.json");
    if (!file.is_regular_file() || !of_server) continue;
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    EXPECT_EQ(text.str().find(kPassword), std::string::npos) << path;
    hashes += text.str().find("$2b$10$") != std::string::npos ? 1 : 0;
  }
  EXPECT_GT(hashes, 0u);
}

TEST_F(LockedExporter, AnotherPasswordIsToldAndRolledOut) {
  start(
      "{agents: [{name: node-exporter, install: {method: Package}, auth: {basic: {secretRef: "
      "{name: agents}}}}]}");
  const std::string before = name();
  bed_.patch_secret("agents",
                    Json::object({{"stringData", Json::object({{"password", "new-1"}})}}));
  write_password("new-1");
  bed_.wait_for("the refusal", seconds(60), [&]() -> std::string {
    const std::string told = bed_.condition("instances", before, "AgentsHealthy");
    return told.contains("it refuses the password of Secret agents") ? "" : told;
  });
  EXPECT_TRUE(bed_.wait_for_alert(before));
  const std::string drift = bed_.condition("instances", before, "AgentsUpToDate");
  EXPECT_TRUE(drift.starts_with("False Drifted")) << drift;
  // It runs: nothing is restarted or replaced for it.
  EXPECT_EQ(instance()["status"]["remediation"]["retries"].as_int(), 0);

  bed_.patch_policy("{repair: {onDrift: Replace}}");
  bed_.wait_for("another server", seconds(120), [&]() -> std::string {
    const std::vector<Json> all = bed_.list("instances");
    return all.size() == 1 && all[0]["metadata"]["name"].as_string() != before
               ? ""
               : bed_.condition("instances", before, "AgentsUpToDate");
  });
  ASSERT_TRUE(bed_.wait_until_monitored("web", 1));
  EXPECT_EQ(ask("http", "prometheus:new-1"), 200);
  EXPECT_TRUE(bed_.wait_for_no_alert());
}

}  // namespace
}  // namespace clickdeploy::scenarios
