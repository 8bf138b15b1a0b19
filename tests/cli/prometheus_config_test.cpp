// clickctl prometheus-config: promtool accepts what it prints.

#include "controller/async/process.h"
#include "tests/cli/cli_fixture.h"
#include "tests/cli/fleet.h"
#include "tests/testing/golden.h"

namespace clickdeploy::cli {
namespace {

using ::testing::HasSubstr;

TEST_F(CliTest, PrometheusConfigIsAcceptedByPromtool) {
  for (const FleetObject& part : make_fleet()) make(part.collection, part.object);
  const std::string config = good({"prometheus-config", "metricsbackend/main", "-n", "platform"});
  clickdeploy::testing::expect_golden("cli/prometheus_config.yml", config);
  const std::string file = write("prometheus.yml", config);
  SystemProcessRunner runner;
  Result<ProcessResult> checked =
      runner.run({"promtool", "check", "config", file}, std::chrono::seconds(30));
  ASSERT_TRUE(checked.has_value()) << checked.error().message();
  EXPECT_EQ(checked->exit_code, 0) << checked->out << checked->err;
}

// Files that are not there are promtool's to complain about: they get a place that is.
TEST_F(CliTest, PrometheusConfigOfLockedAgentsAndServedTargetsIsAcceptedByPromtool) {
  for (const FleetObject& part : make_fleet()) make(part.collection, part.object);
  const Json metadata = Json::object({{"name", "agents"}, {"namespace", "platform"}});
  const Json login = Json::object({{"username", "prometheus"}, {"password", "swordfish"}});
  make("/api/v1/namespaces/platform/secrets", Json::object({{"apiVersion", "v1"},
                                                            {"kind", "Secret"},
                                                            {"metadata", metadata},
                                                            {"stringData", login}}));
  good({"apply", "-f", write("more.yaml", R"(
apiVersion: clickdeploy.io/v1alpha1
kind: MetricsBackend
metadata: {name: served, namespace: platform}
spec:
  url: http://127.0.0.1:9090
  targets: {type: HTTPSD, tokenSecretRef: {name: targets}}
  rules: {directory: /var/lib/clickdeploy/served/rules}
---
apiVersion: clickdeploy.io/v1alpha1
kind: MonitoringPolicy
metadata: {name: locked, namespace: platform}
spec:
  serviceSelector: {matchLabels: {tier: back}}
  backendRef: {name: served}
  agents:
  - name: node-exporter
    tls: {mode: Server}
    auth: {basic: {secretRef: {name: agents}}}
  - name: mine
    install: {method: Prebuilt}
    port: 9200
    tls: {mode: Server, serverName: agents.internal, caSecretRef: {name: agents-ca}}
)")});
  std::string config = good({"prometheus-config", "metricsbackend/served", "-n", "platform"});
  EXPECT_EQ(config.find("swordfish"), std::string::npos);
  for (const char* words :
       {"insecure_skip_verify: true", "server_name: agents.internal", "username: prometheus",
        "/etc/prometheus/click-deploy/platform_agents.password",
        "/etc/prometheus/click-deploy/platform_agents-ca.ca.crt",
        "/etc/prometheus/click-deploy/platform_targets.token", "nobody vouches",
        "/httpsd/v1/namespaces/platform/metricsbackends/served/targets?job=click-deploy-access-",
        "kubectl get secret -n platform agents-ca -o jsonpath='{.data.ca\\.crt}'"}) {
    EXPECT_THAT(config, HasSubstr(words));
  }
  const std::string folder = "/etc/prometheus/click-deploy/";
  for (const char* file :
       {"platform_agents.password", "platform_agents-ca.ca.crt", "platform_targets.token"}) {
    const std::string made = write(file, "x");
    for (std::size_t at = config.find(folder + file); at != std::string::npos;
         at = config.find(folder + file, at + made.size())) {
      config.replace(at, folder.size() + std::string(file).size(), made);
    }
  }
  SystemProcessRunner runner;
  Result<ProcessResult> checked = runner.run(
      {"promtool", "check", "config", write("served.yml", config)}, std::chrono::seconds(30));
  ASSERT_TRUE(checked.has_value()) << checked.error().message();
  EXPECT_EQ(checked->exit_code, 0) << checked->out << checked->err << config;
}

TEST_F(CliTest, PrometheusConfigIsForBackends) {
  const Finished run = clickctl({"prometheus-config", "service/web"});
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr("metricsbackend/main"));
  EXPECT_EQ(clickctl({"prometheus-config", "mb/main"}).code, 1);
}

TEST_F(CliTest, AlertmanagerConfigIsAcceptedByAmtool) {
  const std::string config = good({"alertmanager-config"});
  clickdeploy::testing::expect_golden("cli/alertmanager_config.yml", config);
  // Our entries in a configuration that has a receiver and a route of its own.
  std::string whole = config;
  whole.replace(whole.find("route:\n"), 7, "route:\n  receiver: click-deploy-nobody\n");
  SystemProcessRunner runner;
  Result<ProcessResult> checked = runner.run(
      {"amtool", "check-config", write("alertmanager.yml", whole)}, std::chrono::seconds(30));
  ASSERT_TRUE(checked.has_value()) << checked.error().message();
  EXPECT_EQ(checked->exit_code, 0) << checked->out << checked->err;
}

}  // namespace
}  // namespace clickdeploy::cli
