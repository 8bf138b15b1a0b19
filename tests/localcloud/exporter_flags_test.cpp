#include "controller/localcloud/exporter_flags_internal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::localcloud {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

const std::set<std::string> kKnown{"collector.disable-defaults",
                                   "collector.cpu",
                                   "collector.textfile.directory",
                                   "collector.wifi",
                                   "log.level",
                                   "path.procfs",
                                   "path.rootfs",
                                   "web.config.file",
                                   "web.listen-address"};

ExporterCommand command(std::vector<std::string> arguments,
                        std::map<std::string, std::string> mounts = {}) {
  return exporter_command({std::move(arguments), std::move(mounts), true},
                          {"127.20.0.5", "/guests/1/root", &kKnown});
}

TEST(ExporterFlags, ListenAddressKeepsItsPortOnly) {
  for (const char* given : {"--web.listen-address=:9200", "--web.listen-address=0.0.0.0:9200",
                            "--web.listen-address=[::]:9200"}) {
    EXPECT_THAT(command({given}).arguments, Contains("--web.listen-address=127.20.0.5:9200"));
  }
  EXPECT_THAT(command({"--web.listen-address", ":9300"}).arguments,
              Contains("--web.listen-address=127.20.0.5:9300"));
  EXPECT_THAT(command({}).arguments, Contains("--web.listen-address=127.20.0.5:9100"));
}

TEST(ExporterFlags, PathsLeadIntoTheGuest) {
  EXPECT_THAT(command({"--collector.textfile.directory=/var/lib/x"}).arguments,
              Contains("--collector.textfile.directory=/guests/1/root/var/lib/x"));
  EXPECT_THAT(command({"--web.config.file=/etc/web.yml"}).arguments,
              Contains("--web.config.file=/guests/1/root/etc/web.yml"));
  const ExporterCommand mounted = command({"--collector.textfile.directory=/host/var/lib/x",
                                           "--path.rootfs=/host", "--path.procfs=/host/proc"},
                                          {{"/host", "/"}});
  EXPECT_THAT(mounted.arguments,
              Contains("--collector.textfile.directory=/guests/1/root/var/lib/x"));
  EXPECT_THAT(mounted.arguments, Contains("--path.rootfs=/"));
  EXPECT_THAT(mounted.arguments, Contains("--path.procfs=/proc"));
  EXPECT_THAT(command({"--collector.textfile.directory=/text"}, {{"/text", "/srv/text"}}).arguments,
              Contains("--collector.textfile.directory=/guests/1/root/srv/text"));
}

TEST(ExporterFlags, FewCollectorsUnlessSomeAreChosen) {
  EXPECT_THAT(command({"--log.level=debug"}).arguments, Contains("--collector.disable-defaults"));
  EXPECT_THAT(command({"--no-collector.wifi"}).arguments, Contains("--collector.disable-defaults"));
  EXPECT_THAT(command({"--no-collector.wifi"}).arguments, Contains("--no-collector.wifi"));
  EXPECT_THAT(command({"--no-collector.cpu"}).arguments, Not(Contains("--collector.cpu")));
  EXPECT_THAT(command({"--collector.wifi"}).arguments,
              Not(Contains("--collector.disable-defaults")));
}

TEST(ExporterFlags, UnknownFlagsAreNamedAndLeftOut) {
  const ExporterCommand made = command({"--collector.future", "--log.level=info"});
  EXPECT_THAT(made.left_out, ElementsAre("--collector.future"));
  EXPECT_THAT(made.arguments, Not(Contains("--collector.future")));
}

TEST(ExporterFlags, HelpIsRead) {
  const std::set<std::string> flags = parse_known_flags(
      "Flags:\n  -h, --help   Show\n      --collector.cpu   Enable\n"
      "      --[no-]web.systemd-socket\n      --web.listen-address=:9100 ...\n");
  EXPECT_THAT(flags,
              ElementsAre("collector.cpu", "help", "web.listen-address", "web.systemd-socket"));
}

}  // namespace
}  // namespace clickdeploy::localcloud
