// The scripts for machines, run by the real sh on machines of their own (tests/machine): with a
// real node_exporter, and stand-ins for systemd and apt.

#include "controller/agents/machine.h"

#include "controller/async/block_on.h"
#include "controller/async/clock.h"
#include "tests/agents/sample_agents.h"
#include "tests/machine/machine.h"
#include "tests/testing/free_address.h"
#include "tests/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace clickdeploy::agents {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const MachineMark kMark = {{"clickdeploy_claim", "5f0c"}, {"clickdeploy_cluster", "one"}};
const MachineMark kOther = {{"clickdeploy_claim", "77aa"}, {"clickdeploy_cluster", "two"}};
const std::string kService = "prometheus-node-exporter";

class MachineScripts : public ::testing::Test {
 protected:
  ProcessResult run(const MachineScript& script) { return run_text(script.text()); }

  ProcessResult run_text(const std::string& text) {
    const std::string file = folder_ / ("script" + std::to_string(++scripts_));
    EXPECT_TRUE(disk_.write_atomic(file, text, 0600));
    std::vector<std::string> argv = {"sh", "-c", "file=$1; shift; exec \"$@\" <\"$file\"", "sh",
                                     file};
    for (const std::string& word : machine_.enter()) argv.push_back(word);
    argv.insert(argv.end(), {"sh", "-s"});
    Result<ProcessResult> done = processes_.run(argv, seconds(60));
    EXPECT_TRUE(done) << done.error().message();
    return done.value_or(ProcessResult{});
  }

  MachineView look() {
    const ProcessResult done = run(look_script());
    EXPECT_EQ(done.exit_code, 0) << done.out << done.err;
    Result<MachineView> view = read_look(done.out);
    EXPECT_TRUE(view) << done.out;
    return view.value_or(MachineView{});
  }

  // Once nothing is under way on the machine and `wanted` is so.
  template <class Wanted>
  MachineView look_until(Wanted wanted) {
    const SteadyTime end = clock_.steady_now() + seconds(60);
    MachineView view = look();
    while (clock_.steady_now() < end && !(view.doing.empty() && wanted(view))) {
      block_on(clock_.sleep(milliseconds(100)));
      view = look();
    }
    EXPECT_TRUE(view.doing.empty() && wanted(view))
        << machine_.read("lib/click-deploy/machine/install.log")
        << machine_.read("lib/click-deploy/machine/remove.log");
    return view;
  }

  void install(const UserDataInput& input) {
    const ProcessResult done = run(install_script(kMark, input).value());
    ASSERT_EQ(done.exit_code, 0) << done.out << done.err;
    const std::string settings = machine_settings(input.instance_uid, input.agents);
    look_until([&](const MachineView& view) { return view.installed == settings; });
  }

  Agent exporter(std::vector<std::string> arguments = {}) {
    Agent agent = node_exporter(InstallMethod::Package);
    agent.port = static_cast<std::uint16_t>(std::stoi(address_.substr(address_.find(':') + 1)));
    agent.extra_args = std::move(arguments);
    return agent;
  }

  // A container of an agent that nobody can start here: there is no Docker.
  std::string steps() {
    std::string all;
    std::error_code none;
    for (const auto& each :
         std::filesystem::directory_iterator(machine_.path("lib/prometheus/node-exporter"), none)) {
      all += disk_.read(each.path()).value_or("");
    }
    return all;
  }

  testing::TemporaryFolder folder_;
  PosixDisk disk_;
  SystemClock clock_;
  SystemProcessRunner processes_;
  int scripts_ = 0;
  std::string address_ = testing::free_address();
  testing::Machine machine_{folder_ / "machine", address_.substr(0, address_.find(':'))};
};

TEST_F(MachineScripts, AMachineIsTakenByOneOnly) {
  EXPECT_EQ(look(), MachineView{});
  EXPECT_EQ(run(take_script(kMark).value()).exit_code, 0);
  EXPECT_EQ(run(take_script(kMark).value()).exit_code, 0);  // the answer was lost: asked again
  EXPECT_EQ(run(take_script(kOther).value()).exit_code, kTakenByAnother);
  EXPECT_EQ(look().mark, kMark);
  // Nor does another one install or remove anything.
  EXPECT_EQ(run(install_script(kOther, input_with({exporter()})).value()).exit_code,
            kTakenByAnother);
  EXPECT_EQ(run(release_script(kOther, false).value()).exit_code, kTakenByAnother);
  EXPECT_EQ(look(), (MachineView{.mark = kMark, .installed = "", .doing = "", .failed = ""}));
}

TEST_F(MachineScripts, OfManyAtOnceOneGetsIt) {
  std::vector<std::string> texts;
  for (int i = 0; i < 8; ++i) {
    texts.push_back(take_script({{"clickdeploy_claim", std::to_string(i)}}).value().text());
  }
  run(look_script());  // the machine's folders are there
  std::vector<int> codes(texts.size());
  std::vector<std::jthread> takers;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string file = folder_ / ("taker" + std::to_string(i));
    ASSERT_TRUE(disk_.write_atomic(file, texts[i], 0600));
    takers.emplace_back([this, file, &code = codes[i]] {
      std::vector<std::string> argv = {"sh", "-c", "file=$1; shift; exec \"$@\" <\"$file\"", "sh",
                                       file};
      for (const std::string& word : machine_.enter()) argv.push_back(word);
      argv.insert(argv.end(), {"sh", "-s"});
      SystemProcessRunner processes;
      code = processes.run(argv, seconds(60)).value_or(ProcessResult{.exit_code = -1}).exit_code;
    });
  }
  takers.clear();
  EXPECT_EQ(std::ranges::count(codes, 0), 1);
  EXPECT_EQ(std::ranges::count(codes, kTakenByAnother), 7);
  const auto winner = std::ranges::find(codes, 0) - codes.begin();
  EXPECT_EQ(look().mark.at("clickdeploy_claim"), std::to_string(winner));
}

TEST_F(MachineScripts, WhatIsCutOffDoesNothing) {
  const std::string text = take_script(kMark).value().text();
  run_text(text.substr(0, text.size() - 20));
  EXPECT_EQ(look(), MachineView{});
}

TEST_F(MachineScripts, InstallsAndTakesAwayAllThatIsOursAndNothingElse) {
  machine_.write("lib/other/file", "somebody's");
  machine_.write("default/other", "somebody's");
  ASSERT_EQ(run(take_script(kMark).value()).exit_code, 0);
  install(input_with({exporter()}));
  const int first = machine_.service(kService);
  ASSERT_GT(first, 0);
  EXPECT_EQ(::kill(first, 0), 0);
  EXPECT_TRUE(machine_.has("packages/" + kService));
  EXPECT_NE(machine_.read("default/" + kService).find("--web.listen-address"), std::string::npos);
  EXPECT_NE(steps().find("instance_uid=\"" + std::string(kUid) + "\""), std::string::npos);
  EXPECT_NE(steps().find("step=\"packages\",outcome=\"succeeded\""), std::string::npos);
  EXPECT_NE(steps().find("step=\"node-exporter: check\",outcome=\"succeeded\""), std::string::npos)
      << steps();

  // Once more, with other arguments: what runs is started anew, and nothing is installed twice.
  install(input_with({exporter({"--collector.disable-defaults"})}));
  EXPECT_NE(machine_.service(kService), first);
  EXPECT_NE(machine_.read("default/" + kService).find("disable-defaults"), std::string::npos);
  EXPECT_EQ(machine_.read("apt.log"), "install " + kService + "\n");

  ASSERT_EQ(run(release_script(kMark, false).value()).exit_code, 0);
  const MachineView after = look_until([](const MachineView& view) { return view.mark.empty(); });
  EXPECT_EQ(after, MachineView{});
  EXPECT_EQ(machine_.service(kService), 0);
  EXPECT_FALSE(machine_.has("packages/" + kService));
  EXPECT_FALSE(machine_.has("default/" + kService));
  EXPECT_FALSE(machine_.has("lib/click-deploy"));
  EXPECT_EQ(steps(), "");
  EXPECT_EQ(machine_.read("lib/other/file"), "somebody's");
  EXPECT_EQ(machine_.read("default/other"), "somebody's");
  // It is over: once more is a success, too.
  EXPECT_EQ(run(release_script(kMark, false).value()).exit_code, 0);
}

TEST_F(MachineScripts, WhatWasThereBeforeComesBack) {
  machine_.write("packages/" + kService, "");
  machine_.write("default/" + kService, "ARGS=\"--web.listen-address=:1\"");
  ASSERT_EQ(run(take_script(kMark).value()).exit_code, 0);
  install(input_with({exporter()}));
  EXPECT_EQ(machine_.read("default/" + kService).find("=:1\""), std::string::npos);
  ASSERT_EQ(run(release_script(kMark, false).value()).exit_code, 0);
  look_until([](const MachineView& view) { return view.mark.empty(); });
  EXPECT_EQ(machine_.read("default/" + kService), "ARGS=\"--web.listen-address=:1\"");
  EXPECT_TRUE(machine_.has("packages/" + kService));
  EXPECT_GT(machine_.service(kService), 0);  // and runs with its own arguments again
}

TEST_F(MachineScripts, AgentsThatAreNoLongerWantedGo) {
  ASSERT_EQ(run(take_script(kMark).value()).exit_code, 0);
  Agent own = node_exporter(InstallMethod::Package);
  own.name = "own";
  own.install.package = "own-exporter";
  own.port = 9999;
  install(input_with({exporter(), own}));
  EXPECT_TRUE(machine_.has("packages/own-exporter"));
  install(input_with({exporter()}));
  EXPECT_FALSE(machine_.has("packages/own-exporter"));
  EXPECT_TRUE(machine_.has("packages/" + kService));
  EXPECT_EQ(steps().find("own"), std::string::npos);
}

TEST_F(MachineScripts, TheStepThatFailsIsTold) {
  ASSERT_EQ(run(take_script(kMark).value()).exit_code, 0);
  Agent own = node_exporter(InstallMethod::Package);
  own.name = "own";
  own.install.package = "missing";
  own.port = 9999;
  install(input_with({exporter(), own}));
  EXPECT_NE(steps().find("step=\"packages\",outcome=\"failed\",status=\"100\",words=\"E: Unable to "
                         "locate package missing\""),
            std::string::npos)
      << steps();
  EXPECT_EQ(look().failed_step, "packages (exit status 100: E: Unable to locate package missing)");
  const ProcessResult log = run(log_script());
  EXPECT_NE(log.out.find("click-deploy: step \"packages\" failed with exit status 100"),
            std::string::npos);
}

TEST_F(MachineScripts, LetGoItKeepsItsAgents) {
  ASSERT_EQ(run(take_script(kMark).value()).exit_code, 0);
  install(input_with({exporter()}));
  ASSERT_EQ(run(release_script(kMark, true).value()).exit_code, 0);
  EXPECT_EQ(look().mark, MachineMark{});
  EXPECT_GT(machine_.service(kService), 0);
  EXPECT_TRUE(machine_.has("default/" + kService));
}

TEST(MachineMarks, AreLines) {
  EXPECT_FALSE(take_script({}));
  EXPECT_FALSE(take_script({{"a", "b\nc=d"}}));
  EXPECT_FALSE(take_script({{"a=b", "c"}}));
  EXPECT_TRUE(take_script({{"a", "it's $(here) `so`"}}));
}

TEST(MachineViews, NonsenseIsNoView) {
  EXPECT_FALSE(read_look(""));
  EXPECT_FALSE(read_look("click-deploy-end\nclick-deploy-begin\n"));
  const Result<MachineView> view =
      read_look("sudo: lecture\nclick-deploy-begin\nmark a=b=c\ndoing\nclick-deploy-end\n");
  ASSERT_TRUE(view);
  EXPECT_EQ(view->mark, (MachineMark{{"a", "b=c"}}));
}

}  // namespace
}  // namespace clickdeploy::agents
