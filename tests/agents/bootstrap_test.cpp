#include "controller/agents/bootstrap.h"

#include "controller/async/disk.h"
#include "controller/async/process.h"
#include "controller/base/json.h"
#include "controller/base/yaml.h"
#include "tests/agents/sample_agents.h"
#include "tests/testing/temporary_folder.h"

#include <gtest/gtest.h>

namespace clickdeploy::agents {
namespace {

TEST(FailedStep, IsFoundInMetrics) {
  EXPECT_EQ(failed_step_in_metrics(
                "# TYPE click_deploy_bootstrap_step gauge\n"
                "click_deploy_bootstrap_step{step=\"node-exporter: start\",outcome=\"succeeded\","
                "status=\"0\"} 1\n"
                "click_deploy_bootstrap_step{step=\"cadvisor: start\",outcome=\"failed\","
                "status=\"125\"} 1\n"),
            "cadvisor: start (exit status 125)");
  EXPECT_EQ(failed_step_in_metrics("click_deploy_bootstrap_step{step=\"a: b\",outcome=\"failed\","
                                   "status=\"1\",words=\"no such file\"} 1\n"),
            "a: b (exit status 1: no such file)");
  EXPECT_EQ(failed_step_in_metrics(""), "");
  EXPECT_EQ(failed_step_in_metrics("up 1\n"), "");
  EXPECT_EQ(failed_step_in_metrics("x{a=\"click_deploy_bootstrap_step{outcome=failed\"} 1\n"), "");
  EXPECT_EQ(failed_step_in_metrics("click_deploy_bootstrap_step{outcome=\"failed\"\n"), "");
}

TEST(FailedStep, IsFoundOnTheConsole) {
  EXPECT_EQ(
      failed_step_in_console(
          "[   20.1] cloud-init[711]: click-deploy: step \"node-exporter: download\" succeeded "
          "with exit status 0\r\n"
          "[   21.7] cloud-init[711]: click-deploy: step \"node-exporter: start\" failed with "
          "exit status 5\r\n"
          "login: "),
      "node-exporter: start (exit status 5)");
  EXPECT_EQ(failed_step_in_console("click-deploy: step \"node-exporter: check\" failed with exit "
                                   "status 1: listen tcp :9100: bind: address already in use\r\n"),
            "node-exporter: check (exit status 1: listen tcp :9100: bind: address already in use)");
  EXPECT_EQ(failed_step_in_console("login: \n"), "");
  EXPECT_EQ(failed_step_in_console("click-deploy: step \"a\nb\" failed with exit status 5\n"), "");
  const std::string cleaned = failed_step_in_console(
      "click-deploy: step \"\x1b[2J" + std::string(500, 'x') + "\" failed with exit status 1\n");
  EXPECT_LE(cleaned.size(), 256u);
  EXPECT_EQ(cleaned.find('\x1b'), std::string::npos);
}

// The script itself, as the user data brings it, with its folders moved into a temporary one.
class StepScript : public ::testing::Test {
 protected:
  StepScript() {
    const std::string text =
        render_user_data(input_with({node_exporter(InstallMethod::Package)})).value();
    const Json config = parse_single_yaml(text).value();
    for (const Json& file : config["write_files"].as_array()) {
      if (file["path"].as_string().ends_with("/step.sh")) script_ = file["content"].as_string();
    }
    const std::string folders = "/var/lib/";
    const std::string moved = folder_.path() + folders;
    for (std::size_t at = script_.find(folders); at != std::string::npos;
         at = script_.find(folders, at + moved.size())) {
      script_.replace(at, folders.size(), moved);
    }
    EXPECT_TRUE(disk_.write_atomic(folder_ / "step.sh", script_, 0755));
    for (const char* part :
         {"/var", "/var/lib", "/var/lib/prometheus", "/var/lib/prometheus/node-exporter"}) {
      EXPECT_TRUE(disk_.make_folder(folder_.path() + part, 0755));
    }
  }

  ProcessResult run(std::vector<std::string> argv) {
    argv.insert(argv.begin(), {"/bin/sh", folder_ / "step.sh"});
    return processes_.run(argv, std::chrono::seconds(30)).value();
  }

  testing::TemporaryFolder folder_;
  PosixDisk disk_;
  SystemProcessRunner processes_;
  std::string script_;
};

TEST_F(StepScript, TellsTheOutcomeOnTheConsoleAndAsAMetric) {
  const ProcessResult failed = run({"cadvisor: start", "/bin/sh", "-c", "echo oh no; exit 7"});
  EXPECT_EQ(failed.exit_code, 7);
  EXPECT_EQ(failed_step_in_console(failed.out), "cadvisor: start (exit status 7: oh no)");
  const ProcessResult good = run({"node-exporter: start", "/bin/echo", "a b", "$HOME"});
  EXPECT_EQ(good.exit_code, 0);
  EXPECT_NE(good.out.find("a b $HOME"), std::string::npos) << good.out;
  EXPECT_EQ(failed_step_in_console(good.out), "");

  const std::string textfiles = folder_.path() + "/var/lib/prometheus/node-exporter";
  std::string all;
  for (const FileInfo& file : disk_.list(textfiles).value()) {
    EXPECT_TRUE(file.name.ends_with(".prom")) << file.name;
    all += disk_.read(textfiles + "/" + file.name).value();
  }
  EXPECT_EQ(failed_step_in_metrics(all), "cadvisor: start (exit status 7: oh no)");
  EXPECT_NE(all.find("step=\"node-exporter: start\",outcome=\"succeeded\""), std::string::npos);
}

// Words of programs go into a label and onto a line.
TEST_F(StepScript, QuotesTheLastWordsOnly) {
  const ProcessResult failed =
      run({"a: b", "/bin/sh", "-c", R"(echo first; printf 'bad "flag" C:\x [2J	tab'; exit 1)"});
  EXPECT_NE(failed.out.find("first"), std::string::npos);
  const std::string want = "a: b (exit status 1: bad flag C:x [2Jtab)";
  EXPECT_EQ(failed_step_in_console(failed.out), want);
  const std::string textfiles = folder_.path() + "/var/lib/prometheus/node-exporter";
  std::string all;
  for (const FileInfo& file : disk_.list(textfiles).value()) {
    all += disk_.read(textfiles + "/" + file.name).value();
  }
  EXPECT_EQ(failed_step_in_metrics(all), want);
  EXPECT_NE(failed_step_in_console(run({"a: b", "/bin/false"}).out), "");
}

// The script that looks at the agent after its start, with systemctl and the like that a test made.
class CheckScript : public StepScript {
 protected:
  CheckScript() {
    const std::string text =
        render_user_data(input_with({node_exporter(InstallMethod::Package)})).value();
    const Json config = parse_single_yaml(text).value();
    for (const Json& file : config["write_files"].as_array()) {
      if (file["path"].as_string().ends_with("/check-agent.sh")) {
        EXPECT_TRUE(disk_.write_atomic(folder_ / "check.sh", file["content"].as_string(), 0755));
      }
    }
    program("sleep", "");
  }
  void program(const std::string& name, const std::string& script) {
    EXPECT_TRUE(disk_.write_atomic(folder_ / name, "#!/bin/sh\n" + script + "\n", 0755));
  }
  std::string check(const std::string& kind, const std::string& name) {
    const ProcessResult done = run({"x: check", "/usr/bin/env", "PATH=" + folder_.path() + ":/bin",
                                    "/bin/sh", folder_ / "check.sh", kind, name});
    return failed_step_in_console(done.out);
  }
};

TEST_F(CheckScript, SaysWhyAUnitDoesNotRun) {
  program("systemctl", "[ \"$*\" = 'is-active --quiet a.service' ]");
  program("journalctl",
          "case $* in *_SYSTEMD_UNIT=b.service) echo x; echo 'unknown long flag';; esac");
  EXPECT_EQ(check("unit", "a.service"), "");
  EXPECT_EQ(check("unit", "b.service"), "x: check (exit status 1: unknown long flag)");
}

TEST_F(CheckScript, SaysWhyAContainerDoesNotRun) {
  program("docker",
          "case \"$1 $4\" in 'inspect a') echo true 0;; 'inspect b') echo true 3;;\n"
          "'logs b') echo 'no such file' >&2;; esac");
  EXPECT_EQ(check("container", "a"), "");
  EXPECT_EQ(check("container", "b"), "x: check (exit status 1: no such file)");
}

}  // namespace
}  // namespace clickdeploy::agents
