#include "controller/localcloud/shell_words_internal.h"
#include "controller/localcloud/user_data_internal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::localcloud {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ShellWords, QuotesEscapesAndSeparators) {
  EXPECT_THAT(split_shell("a 'b c' \"d \\\"e\\\"\" f\\ g; h && i # rest\nj \\\n  k"),
              ElementsAre(ElementsAre("a", "b c", "d \"e\"", "f g"), ElementsAre("h"),
                          ElementsAre("i"), ElementsAre("j", "k")));
  EXPECT_THAT(split_shell("a 'open"), ElementsAre(ElementsAre("a", "open")));
  EXPECT_THAT(split_shell("\\"), IsEmpty());
}

TEST(UserData, WithoutAnExporterThereIsNone) {
  EXPECT_FALSE(plan_guest("").exporter.has_value());
  EXPECT_FALSE(plan_guest("#!/bin/sh\napt-get install prometheus-node-exporter").exporter);
  EXPECT_FALSE(plan_guest("#cloud-config\npackages: [nginx]\nruncmd:\n- echo hello\n").exporter);
  EXPECT_THAT(plan_guest("#cloud-config\n{").console, Contains(HasSubstr("failed to load")));
}

TEST(UserData, WritesFilesWithModesAndEncodings) {
  const GuestPlan plan = plan_guest(
      "#cloud-config\n"
      "write_files:\n"
      "- {path: /etc/a, content: one, permissions: '0600'}\n"
      "- {path: /etc/b, content: dHdv, encoding: b64}\n"
      "- {path: ../etc/c, content: x}\n"
      "- {path: /etc/../c, content: x}\n");
  ASSERT_EQ(plan.files.size(), 2u);
  EXPECT_EQ(plan.files[0].mode, 0600u);
  EXPECT_EQ(plan.files[1].content, "two");
  EXPECT_THAT(plan.console, Contains(HasSubstr("bad path '/etc/../c'")));
}

TEST(UserData, PackageTakesItsArgumentsFromTheDefaultsFile) {
  const GuestPlan plan = plan_guest(
      "#cloud-config\n"
      "packages: [prometheus-node-exporter]\n"
      "write_files:\n"
      "- path: /etc/default/prometheus-node-exporter\n"
      "  content: ARGS=\"--web.listen-address=:9200 --no-collector.wifi\"\n");
  ASSERT_TRUE(plan.exporter.has_value());
  EXPECT_THAT(plan.exporter->arguments,
              ElementsAre("--web.listen-address=:9200", "--no-collector.wifi"));
  EXPECT_TRUE(plan.exporter->survives_reboot);
}

constexpr const char* kUnit =
    "#cloud-config\n"
    "write_files:\n"
    "- path: /etc/systemd/system/node_exporter.service\n"
    "  content: |\n"
    "    [Service]\n"
    "    EnvironmentFile=-/etc/exporter.env\n"
    "    ExecStart=/usr/local/bin/node_exporter \\\n"
    "      --web.listen-address=:9100 $OPTS\n"
    "- {path: /etc/exporter.env, content: 'OPTS=\"--log.level=debug\"'}\n";

TEST(UserData, UnitRunsOnlyIfItIsStarted) {
  EXPECT_FALSE(plan_guest(kUnit).exporter.has_value());
  const std::string text(kUnit);
  const GuestPlan started =
      plan_guest(text + "runcmd:\n- [systemctl, enable, --now, node_exporter]\n");
  ASSERT_TRUE(started.exporter.has_value());
  EXPECT_THAT(started.exporter->arguments,
              ElementsAre("--web.listen-address=:9100", "--log.level=debug"));
  EXPECT_TRUE(started.exporter->survives_reboot);
  const GuestPlan once = plan_guest(text + "runcmd:\n- systemctl start node_exporter.service\n");
  ASSERT_TRUE(once.exporter.has_value());
  EXPECT_FALSE(once.exporter->survives_reboot);
  const GuestPlan both =
      plan_guest(text +
                 "runcmd:\n- systemctl daemon-reload && systemctl enable node_exporter\n"
                 "- systemctl restart node_exporter\n");
  ASSERT_TRUE(both.exporter.has_value());
  EXPECT_TRUE(both.exporter->survives_reboot);
}

TEST(UserData, ContainerWithItsMounts) {
  const GuestPlan plan = plan_guest(
      "#cloud-config\n"
      "runcmd:\n"
      "- docker run -d --name node-exporter --restart=always --net=host --memory 50m "
      "-v /:/host:ro,rslave quay.io/prometheus/node-exporter:v1.5.0 "
      "--path.rootfs=/host --web.listen-address=:9100\n");
  ASSERT_TRUE(plan.exporter.has_value());
  EXPECT_THAT(plan.exporter->arguments,
              ElementsAre("--path.rootfs=/host", "--web.listen-address=:9100"));
  EXPECT_THAT(plan.exporter->mounts, ElementsAre(::testing::Pair("/host", "/")));
  EXPECT_TRUE(plan.exporter->survives_reboot);
}

TEST(UserData, ContainerWithoutRestartDoesNotSurviveAReboot) {
  const GuestPlan plan = plan_guest(
      "#cloud-config\nruncmd:\n- [docker, run, -d, 'registry:5000/node-exporter@sha256:00']\n");
  ASSERT_TRUE(plan.exporter.has_value());
  EXPECT_FALSE(plan.exporter->survives_reboot);
}

TEST(UserData, OtherContainersAreLeftOut) {
  const GuestPlan plan =
      plan_guest("#cloud-config\nruncmd:\n- docker run -d gcr.io/cadvisor/cadvisor:v0.47\n");
  EXPECT_FALSE(plan.exporter.has_value());
  EXPECT_THAT(plan.console, Contains(HasSubstr("cadvisor")));
}

TEST(UserData, CommandsInsideAScriptOfItsOwnAreFound) {
  const GuestPlan plan = plan_guest(
      "#cloud-config\n"
      "write_files:\n"
      "- path: /opt/install.sh\n"
      "  content: |\n"
      "    #!/bin/sh\n"
      "    set -e\n"
      "    if ! docker ps; then sleep 1; fi\n"
      "    exec docker run -d --restart always \\\n"
      "      quay.io/prometheus/node-exporter:v1.5.0 --web.listen-address=:9101\n"
      "runcmd:\n"
      "- [sh, /opt/install.sh]\n");
  ASSERT_TRUE(plan.exporter.has_value());
  EXPECT_THAT(plan.exporter->arguments, ElementsAre("--web.listen-address=:9101"));
}

}  // namespace
}  // namespace clickdeploy::localcloud
