// The program localcloud itself: over real sockets, with real guests, and with the openstack CLI.

#include "controller/async/process.h"
#include "controller/base/text.h"
#include "tests/localcloud/real_world.h"
#include "tests/testing/child_process.h"
#include "tests/testing/paths.h"
#include "tests/testing/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace clickdeploy::localcloud {
namespace {

using ::testing::HasSubstr;

constexpr const char* kUserData =
    "#cloud-config\n"
    "packages: [prometheus-node-exporter]\n"
    "write_files:\n"
    "- path: /etc/default/prometheus-node-exporter\n"
    "  content: ARGS=\"--web.listen-address=:9123\"\n";

std::string read_file(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class Program : public ::testing::Test {
 protected:
  void start(std::vector<std::string> more = {}) {
    std::filesystem::remove(folder / "log");
    std::vector<std::string> argv{testing::build_folder() + "/bin/localcloud",
                                  "--listen",
                                  "127.0.0.1:0",
                                  "--cidr",
                                  own_block(),
                                  "--state",
                                  folder / "state.json",
                                  "--write-clouds",
                                  folder / "clouds.yaml",
                                  "--build-seconds",
                                  "0"};
    argv.insert(argv.end(), more.begin(), more.end());
    process = std::make_unique<testing::ChildProcess>(argv, folder / "log");
    ASSERT_TRUE(
        eventually([this] { return read_file(folder / "log").find('\n') != std::string::npos; }));
    const std::string log = read_file(folder / "log");
    const std::size_t begin = log.find("http://");
    ASSERT_NE(begin, std::string::npos) << log;
    base = log.substr(begin, log.find('\n', begin) - begin);
    log_in();
  }

  void log_in() {
    const Json user = Json::object({{"name", "controller"},
                                    {"domain", Json::object({{"id", "default"}})},
                                    {"password", "openstack"}});
    const Json identity = Json::object(
        {{"methods", Json::array({"password"})}, {"password", Json::object({{"user", user}})}});
    const Json scope = Json::object({{"project", Json::object({{"name", "demo"}})}});
    client.headers.clear();
    const http::Response response = client.call(
        "POST", base + "/identity/v3/auth/tokens",
        Json::object({{"auth", Json::object({{"identity", identity}, {"scope", scope}})}}));
    ASSERT_EQ(response.status, 201) << response.body;
    client.headers = {{"X-Auth-Token", *http::find_header(response.headers, "X-Subject-Token")}};
  }

  Json get(const std::string& path) {
    return parse_json(client.get(base + path).body).value_or(Json());
  }

  // The id of a new server.
  std::string create(const std::string& name) {
    const Json image = get("/image/v2/images?name=debian-12")["images"][0]["id"];
    const Json network = get("/network/v2.0/networks?name=private")["networks"][0]["id"];
    const Json server =
        Json::object({{"name", name},
                      {"imageRef", image},
                      {"flavorRef", "1"},
                      {"user_data", base64_encode(kUserData)},
                      {"networks", Json::array({Json::object({{"uuid", network}})})}});
    const http::Response made =
        client.call("POST", base + "/compute/v2.1/servers", Json::object({{"server", server}}));
    EXPECT_EQ(made.status, 202) << made.body;
    return (parse_json(made.body).value_or(Json()))["server"]["id"].as_string();
  }

  Json only_guest() { return get("/localcloud/v1/state")["servers"][0]; }

  bool scraped() {
    return eventually([this] {
      const std::string address = only_guest()["addresses"][0].as_string();
      return !address.empty() && client.get("http://" + address + ":9123/metrics").status == 200;
    });
  }

  // The exit code after SIGTERM.
  int terminate() {
    ::kill(process->pid(), SIGTERM);
    int status = -1;
    EXPECT_EQ(::waitpid(process->pid(), &status, 0), process->pid());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  testing::TemporaryFolder folder;
  std::unique_ptr<testing::ChildProcess> process;
  Client client;
  std::string base;
};

TEST_F(Program, ServersAndGuestsSurviveARestart) {
  start();
  const std::string id = create("web");
  ASSERT_TRUE(scraped());
  const Json before = only_guest();
  EXPECT_EQ(terminate(), 0);
  EXPECT_FALSE(is_running(static_cast<pid_t>(before["pids"][0].as_int())));

  start();
  const Json after = only_guest();
  EXPECT_EQ(after["id"].as_string(), id);
  EXPECT_EQ(after["addresses"], before["addresses"]);
  EXPECT_EQ(after["status"].as_string(), "ACTIVE");
  EXPECT_TRUE(scraped());
}

TEST_F(Program, GuestsDieWithItEvenWhenItIsKilled) {
  start();
  create("web");
  ASSERT_TRUE(scraped());
  const auto guest = static_cast<pid_t>(only_guest()["pids"][0].as_int());
  process.reset();  // SIGKILL
  EXPECT_TRUE(eventually([guest] { return !is_running(guest); }));
}

TEST_F(Program, DeletingEveryServerLeavesNoGuest) {
  start();
  std::vector<std::string> ids{create("one"), create("two")};
  std::vector<pid_t> pids;
  ASSERT_TRUE(eventually([&] {
    pids.clear();
    const Json state = get("/localcloud/v1/state");
    for (const Json& server : state["servers"].as_array()) {
      for (const Json& pid : server["pids"].as_array()) {
        pids.push_back(static_cast<pid_t>(pid.as_int()));
      }
    }
    return pids.size() == 2;
  }));
  for (const std::string& id : ids) {
    EXPECT_EQ(client.call("DELETE", base + "/compute/v2.1/servers/" + id).status, 204);
  }
  EXPECT_TRUE(eventually([&] { return get("/localcloud/v1/state")["servers"].empty(); }));
  for (pid_t pid : pids) EXPECT_FALSE(is_running(pid));
  EXPECT_EQ(get("/localcloud/v1/state")["counts"]["ports"].as_int(), 0);
}

TEST_F(Program, LostAnswerBreaksTheConnection) {
  start({"--guests", "none"});
  const Json fault = Json::object({{"path_prefix", "/compute/v2.1/servers"}, {"status", 0}});
  EXPECT_EQ(
      client.call("POST", base + "/localcloud/v1/faults", Json::object({{"fail_next", fault}}))
          .status,
      200);
  EXPECT_EQ(client.get(base + "/compute/v2.1/servers").status, 0);
  EXPECT_EQ(client.get(base + "/compute/v2.1/servers").status, 200);
}

TEST_F(Program, RefusesToBindAnythingButLoopback) {
  SystemProcessRunner runner;
  const std::string program = testing::build_folder() + "/bin/localcloud";
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{"--listen", "0.0.0.0:0"}, {"--cidr", "10.0.0.0/16"}}) {
    std::vector<std::string> argv{program};
    argv.insert(argv.end(), flags.begin(), flags.end());
    const Result<ProcessResult> result = runner.run(argv, std::chrono::seconds(10));
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(result->exit_code, 1);
    EXPECT_THAT(result->err, HasSubstr(flags[0]));
  }
}

class CommandLine : public Program {
 protected:
  // Standard output of `openstack` with these words; the test fails if it fails.
  std::string openstack(std::vector<std::string> words, const std::string& cloud = "localcloud") {
    std::vector<std::string> argv{"env", "OS_CLIENT_CONFIG_FILE=" + (folder / "clouds.yaml"),
                                  "openstack", "--os-cloud", cloud};
    argv.insert(argv.end(), words.begin(), words.end());
    SystemProcessRunner runner;
    const Result<ProcessResult> result = runner.run(argv, std::chrono::seconds(60));
    EXPECT_TRUE(result.has_value());
    if (!result) return "";
    EXPECT_EQ(result->exit_code, 0) << join(words, " ") << ": " << result->err;
    return result->out;
  }
};

TEST_F(CommandLine, CreatesShowsAndDeletesAServer) {
  start({"--guests", "none"});
  openstack({"server", "create", "--image", "debian-12", "--flavor", "m1.tiny", "--network",
             "private", "--property", "a=b", "--wait", "web"});
  const Json shown =
      parse_json(openstack({"server", "show", "web", "-f", "json"})).value_or(Json());
  EXPECT_EQ(shown["status"].as_string(), "ACTIVE");
  const Json ports = parse_json(openstack({"port", "list", "-f", "json"})).value_or(Json());
  EXPECT_EQ(ports.size(), 1u);
  openstack({"server", "delete", "--wait", "web"});
  EXPECT_EQ(parse_json(openstack({"server", "list", "-f", "json"})).value_or(Json()).size(), 0u);
}

TEST_F(CommandLine, BootsAServerFromAVolume) {
  start({"--guests", "none"});
  openstack({"volume", "create", "--size", "2", "--image", "debian-12", "--type", "ssd", "disk"});
  // A volume is made in seconds, and the command does not wait for it.
  const auto becomes = [this](const std::string& wanted) {
    constexpr int kLooksMax = 30;
    std::string status;
    for (int i = 0; i < kLooksMax && status != wanted; ++i) {
      const std::string shown = openstack({"volume", "show", "disk", "-f", "json"});
      status = parse_json(shown).value_or(Json())["status"].as_string();
    }
    return status == wanted;
  };
  ASSERT_TRUE(becomes("available"));
  openstack({"server", "create", "--volume", "disk", "--flavor", "m1.tiny", "--network", "private",
             "--wait", "web"});
  EXPECT_TRUE(becomes("in-use"));
  EXPECT_THAT(openstack({"server", "show", "web"}), HasSubstr("booted from volume"));
  openstack({"server", "delete", "--wait", "web"});
  EXPECT_TRUE(becomes("available"));
  openstack({"volume", "delete", "disk"});
}

TEST_F(CommandLine, ListsWhatTheCloudOffers) {
  start({"--guests", "none"});
  EXPECT_THAT(openstack({"token", "issue"}, "localcloud-appcred"), HasSubstr("project_id"));
  EXPECT_THAT(openstack({"image", "list"}), HasSubstr("ubuntu-22.04"));
  EXPECT_THAT(openstack({"flavor", "list"}), HasSubstr("m1.medium"));
  EXPECT_THAT(openstack({"network", "list"}), HasSubstr("app-net"));
  EXPECT_THAT(openstack({"subnet", "list"}), HasSubstr("private"));
  EXPECT_THAT(openstack({"security", "group", "list"}), HasSubstr("default"));
  EXPECT_THAT(openstack({"volume", "type", "list"}), HasSubstr("ssd"));
  const std::string quota = openstack({"quota", "show"});
  EXPECT_THAT(quota, HasSubstr("instances"));
  EXPECT_THAT(quota, HasSubstr("gigabytes"));
}

}  // namespace
}  // namespace clickdeploy::localcloud
