#include "controller/localcloud/process_guests.h"

#include "tests/localcloud/real_world.h"
#include "tests/testing/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

namespace clickdeploy::localcloud {
namespace {

using ::testing::HasSubstr;

constexpr const char* kPackageUserData =
    "#cloud-config\n"
    "packages: [prometheus-node-exporter]\n"
    "write_files:\n"
    "- path: /etc/default/prometheus-node-exporter\n"
    "  content: |\n"
    "    ARGS=\"--web.listen-address=:9123 --collector.textfile.directory=/var/lib/text\"\n"
    "- path: /var/lib/text/identity.prom\n"
    "  content: |\n"
    "    clickdeploy_instance_info{token=\"abc\"} 1\n";

class ProcessGuestsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SystemProcessRunner runner;
    Result<std::unique_ptr<GuestDriver>> made =
        make_process_guests({.folder = folder.path() + "/guests"}, runner);
    ASSERT_TRUE(made.has_value()) << made.error().message();
    guests = std::move(*made);
  }

  void start(const std::string& user_data, Boot boot = Boot::First) {
    Result<void> started = guests->start({"id-1", "web", own_address(), user_data}, boot);
    ASSERT_TRUE(started.has_value()) << started.error().message();
  }

  http::Response scrape(int port = 9123) {
    return client.get("http://" + own_address() + ":" + std::to_string(port) + "/metrics");
  }

  bool answers() {
    return eventually([this] { return scrape().status == 200; });
  }

  std::vector<pid_t> pids() {
    const std::vector<RunningGuest> running = guests->running();
    return running.empty() ? std::vector<pid_t>() : running[0].pids;
  }

  testing::TemporaryFolder folder;
  std::unique_ptr<GuestDriver> guests;
  Client client;
};

TEST_F(ProcessGuestsTest, ExporterServesTheTextfileOfItsUserData) {
  start(kPackageUserData);
  ASSERT_TRUE(answers()) << guests->console_output("id-1");
  const std::string text = scrape().body;
  EXPECT_THAT(text, HasSubstr("clickdeploy_instance_info{token=\"abc\"} 1"));
  EXPECT_THAT(text, HasSubstr("node_cpu_seconds_total"));
  EXPECT_THAT(text, HasSubstr("node_memory_MemAvailable_bytes"));
  EXPECT_THAT(guests->console_output("id-1"), HasSubstr("Starting node_exporter"));
}

TEST_F(ProcessGuestsTest, NothingRunsThatTheUserDataDoesNotAskFor) {
  start("#cloud-config\nruncmd:\n- echo hello\n");
  EXPECT_TRUE(pids().empty());
  EXPECT_THAT(guests->console_output("id-1"), HasSubstr("left out: echo"));
}

TEST_F(ProcessGuestsTest, KilledExporterStaysDeadUntilAReboot) {
  start(kPackageUserData);
  ASSERT_TRUE(answers());
  const pid_t pid = pids().at(0);
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  EXPECT_TRUE(eventually([&] { return pids().empty(); }));
  EXPECT_EQ(scrape().status, 0);
  EXPECT_THAT(guests->console_output("id-1"), HasSubstr("killed by signal 9"));
  guests->stop("id-1");
  start(kPackageUserData, Boot::Again);
  EXPECT_TRUE(answers());
}

TEST_F(ProcessGuestsTest, RebootKeepsTheDiskAndAFirstBootMakesANewOne) {
  start(kPackageUserData);
  const std::string file = folder / "guests/id-1/root/var/lib/text/identity.prom";
  ASSERT_TRUE(std::filesystem::remove(file));
  start(kPackageUserData, Boot::Again);
  EXPECT_FALSE(std::filesystem::exists(file));
  start(kPackageUserData, Boot::First);
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST_F(ProcessGuestsTest, ContainerWithoutRestartPolicyIsGoneAfterAReboot) {
  const std::string user_data =
      "#cloud-config\nruncmd:\n"
      "- docker run -d quay.io/prometheus/node-exporter:v1.5.0 --web.listen-address=:9123\n";
  start(user_data);
  EXPECT_EQ(pids().size(), 1u);
  start(user_data, Boot::Again);
  EXPECT_TRUE(pids().empty());
}

TEST_F(ProcessGuestsTest, DestroyLeavesNeitherProcessNorDisk) {
  start(kPackageUserData);
  const pid_t pid = pids().at(0);
  guests->destroy("id-1");
  EXPECT_FALSE(is_running(pid));
  EXPECT_FALSE(std::filesystem::exists(folder / "guests/id-1"));
  EXPECT_EQ(guests->console_output("id-1"), "");
}

TEST_F(ProcessGuestsTest, GuestsEndWithTheirDriver) {
  start(kPackageUserData);
  const pid_t pid = pids().at(0);
  guests.reset();
  EXPECT_FALSE(is_running(pid));
}

TEST_F(ProcessGuestsTest, WebConfigurationOfTheGuestIsUsed) {
  // The password is "secret".
  start(
      "#cloud-config\n"
      "packages: [prometheus-node-exporter]\n"
      "write_files:\n"
      "- path: /etc/default/prometheus-node-exporter\n"
      "  content: ARGS=\"--web.listen-address=:9123 --web.config.file=/etc/web.yml\"\n"
      "- path: /etc/web.yml\n"
      "  content: |\n"
      "    basic_auth_users:\n"
      "      prom: $2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e\n");
  EXPECT_TRUE(eventually([this] { return scrape().status == 401; }))
      << guests->console_output("id-1");
}

TEST(ProcessGuests, MissingExporterIsAClearError) {
  testing::TemporaryFolder folder;
  SystemProcessRunner runner;
  const Result<std::unique_ptr<GuestDriver>> made =
      make_process_guests({.folder = folder.path(), .exporter = "/nonexistent/exporter"}, runner);
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message(), HasSubstr("node_exporter for the guests"));
}

}  // namespace
}  // namespace clickdeploy::localcloud
