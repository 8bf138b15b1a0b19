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
