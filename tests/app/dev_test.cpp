// `clickdeployd dev` for real: the programs, a real Prometheus, real exporters.

#include "controller/async/process.h"
#include "controller/base/text.h"
#include "tests/testing/child_process.h"
#include "tests/testing/paths.h"
#include "tests/testing/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <vector>

namespace clickdeploy::app {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::chrono::seconds kProofDeadline{280};
constexpr std::chrono::seconds kDeadline{60};

std::string program() {
  return testing::build_folder() + "/bin/clickdeployd";
}

std::string read_file(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

// The pids of its children, with their command lines.
std::map<pid_t, std::string> children_of(pid_t pid) {
  std::map<pid_t, std::string> children;
  const std::string id = std::to_string(pid);
  std::istringstream pids(read_file("/proc/" + id + "/task/" + id + "/children"));
  for (pid_t child = 0; pids >> child;) {
    children[child] = read_file("/proc/" + std::to_string(child) + "/cmdline");
  }
  return children;
}

bool is_running(pid_t pid) {
  const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
  return !status.empty() && status.find("State:\tZ") == std::string::npos;
}

// A `dev` in the background, on free ports and a folder of its own.
class RunningDev : public ::testing::Test {
 protected:
  void start() {
    process = std::make_unique<testing::ChildProcess>(arguments(), folder / "output");
    ASSERT_TRUE(eventually([this] { return says("controllers run"); })) << output();
    children = children_of(process->pid());
    ASSERT_EQ(children.size(), 3U) << output();
  }

  std::vector<std::string> arguments() const {
    return {program(), "dev", "--data", folder / "data", "--listen", "127.0.0.1:0"};
  }

  std::string output() const { return read_file(folder / "output"); }
  bool says(const std::string& text) const { return output().find(text) != std::string::npos; }

  // Waits for its end; -1 if it does not come.
  int exit_code() const {
    siginfo_t info{};
    // The fixture's ChildProcess reaps it.
    const auto ended = [&] {
      return waitid(P_PID, static_cast<id_t>(process->pid()), &info, WEXITED | WNOHANG | WNOWAIT) ==
                 0 &&
             info.si_pid == process->pid();
    };
    if (!eventually(ended) || info.si_code != CLD_EXITED) return -1;
    return info.si_status;
  }

  void expect_no_child_left() const {
    for (const auto& [pid, command] : children) {
      EXPECT_TRUE(eventually([&] { return !is_running(pid); })) << command;
    }
  }

  testing::TemporaryFolder folder;
  std::unique_ptr<testing::ChildProcess> process;
  std::map<pid_t, std::string> children;
};

TEST(DevOnce, ProvesTheWholeChainAndLeavesNothing) {
  SystemProcessRunner runner;
  Result<ProcessResult> run = runner.run({program(), "dev", "--once"}, kProofDeadline);
  ASSERT_TRUE(run) << run.error().message();
  EXPECT_EQ(run->exit_code, 0) << run->out << run->err;
  EXPECT_EQ(run->err, "");
  EXPECT_THAT(run->out, HasSubstr("READY 3/3 MONITORED 3/3"));

  // Three targets, as Prometheus reports them: up, with the three ids.
  std::size_t targets = 0;
  for (const std::string& line : split(run->out, '\n')) {
    std::istringstream words(line);
    std::string instance;
    std::string up;
    std::string service_id;
    std::string project_id;
    std::string instance_id;
    words >> instance >> up >> service_id >> project_id >> instance_id;
    if (!line.starts_with("  web-") || up != "1") continue;
    EXPECT_EQ(service_id.size(), 36U) << line;
    EXPECT_EQ(project_id.size(), 32U) << line;
    EXPECT_EQ(instance_id.size(), 36U) << line;
    ++targets;
  }
  EXPECT_EQ(targets, 3U) << run->out;

  EXPECT_THAT(run->out, ContainsRegex("InstanceDown +alerting +ok"));
  EXPECT_THAT(run->out, ContainsRegex("HighCPU +alerting +ok"));
  EXPECT_THAT(run->out, ContainsRegex("click_deploy_service_cpu_usage_percent +recording +ok"));
  EXPECT_THAT(run->out, ContainsRegex("click_deploy_service_cpu_usage_percent[{].*[}] [0-9]"));
  EXPECT_THAT(run->out, HasSubstr("(pid "));
  EXPECT_THAT(run->out, ContainsRegex("Repaired: up = 0 after [0-9.]+ s, repair begun after"));
  EXPECT_THAT(run->out, HasSubstr("Nothing is left: 0 servers and 0 ports in the cloud, 0 targets "
                                  "and 0 rules in Prometheus"));
  EXPECT_THAT(run->out, HasSubstr("Proven: 3/3 monitored"));

  const std::string mark = "kubeconfig are in ";
  const std::size_t begin = run->out.find(mark) + mark.size();
  const std::string data = run->out.substr(begin, run->out.find('\n', begin) - begin);
  EXPECT_TRUE(data.starts_with("/")) << data;
  EXPECT_FALSE(std::filesystem::exists(data)) << data;
}

TEST_F(RunningDev, StopsWhatItStartedOnCtrlC) {
  start();
  kill(process->pid(), SIGINT);
  EXPECT_EQ(exit_code(), 0) << output();
  EXPECT_THAT(output(), HasSubstr("Stopped. The data stays in " + (folder / "data")));
  expect_no_child_left();
}

TEST_F(RunningDev, LeavesNoChildWhenItIsKilled) {
  start();
  kill(process->pid(), SIGKILL);
  expect_no_child_left();
}

TEST_F(RunningDev, SaysWhichProgramEndedAndStopsTheOthers) {
  start();
  for (const auto& [pid, command] : children) {
    if (command.find("alertmanager.yml") != std::string::npos) kill(pid, SIGKILL);
  }
  EXPECT_EQ(exit_code(), 1) << output();
  EXPECT_THAT(output(), HasSubstr("Alertmanager was killed by signal 9"));
  EXPECT_THAT(output(), HasSubstr("logs/alertmanager.log"));
  expect_no_child_left();
}

TEST_F(RunningDev, RefusesASecondOneOnTheSameFolder) {
  start();
  SystemProcessRunner runner;
  Result<ProcessResult> second = runner.run(arguments(), kDeadline);
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_EQ(second->exit_code, 1);
  EXPECT_THAT(second->err, HasSubstr("in use by another process"));
  EXPECT_THAT(second->out, Not(HasSubstr("Starting")));
  EXPECT_TRUE(is_running(process->pid()));
}

TEST(Dev, NamesThePackagesOfMissingPrograms) {
  SystemProcessRunner runner;
  testing::TemporaryFolder folder;
  Result<ProcessResult> run = runner.run(
      {"/usr/bin/env", "PATH=" + folder.path(), program(), "dev", "--data", folder / "data"},
      kDeadline);
  ASSERT_TRUE(run) << run.error().message();
  EXPECT_EQ(run->exit_code, 1);
  EXPECT_THAT(run->err, HasSubstr("not found in PATH: prometheus, "));
  EXPECT_THAT(run->err, HasSubstr("apt-get install prometheus prometheus-alertmanager "
                                  "prometheus-node-exporter"));
  EXPECT_FALSE(std::filesystem::exists(folder / "data"));
}

}  // namespace
}  // namespace clickdeploy::app
