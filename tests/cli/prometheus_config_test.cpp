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

}  // namespace
}  // namespace clickdeploy::cli
