// RemoteShell against a real sshd on a loopback address.

#include "controller/agents/remote_shell.h"
#include "controller/async/block_on.h"
#include "controller/async/clock.h"
#include "controller/async/disk.h"
#include "controller/async/process.h"
#include "controller/base/text.h"
#include "tests/testing/child_process.h"
#include "tests/testing/free_address.h"
#include "tests/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <memory>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace clickdeploy::agents {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::vector<std::string> kRestart = {"systemctl", "restart", "prometheus-node-exporter"};

class Sshd : public ::testing::Test {
 protected:
  Sshd() {
    key_ = make_key("user", "ed25519");
    make_key("host", "ed25519");
    if (::getuid() == 0) ::mkdir("/run/sshd", 0755);  // where sshd puts its children, empty
    write("authorized", disk_.read(folder_ / "user.pub").value(), 0600);
    write("said.sh",
          "#!/bin/sh\necho \"$SSH_ORIGINAL_COMMAND\" >>" + (folder_ / "said") +
              "\ncase $SSH_ORIGINAL_COMMAND in\n*hang*) sleep 600 ;;\n"
              "*broken*) echo 'Unit broken not found.' >&2; exit 5 ;;\nesac\n",
          0755);
    const std::size_t colon = address_.find(':');
    write("config",
          "ListenAddress " + address_.substr(0, colon) + "\nPort " + address_.substr(colon + 1) +
              "\nHostKey " + (folder_ / "host") + "\nAuthorizedKeysFile " +
              (folder_ / "authorized") + "\nForceCommand " + (folder_ / "said.sh") +
              "\nPidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n"
              "KbdInteractiveAuthentication no\n",
          0600);
    sshd_ = std::make_unique<testing::ChildProcess>(
        std::vector<std::string>{"/usr/sbin/sshd", "-D", "-e", "-f", folder_ / "config"},
        folder_ / "sshd.log");
    const SteadyTime end = clock_.steady_now() + seconds(60);
    while (!run(target(), kRestart) && clock_.steady_now() < end) {
      block_on(clock_.sleep(milliseconds(50)));
    }
    EXPECT_TRUE(disk_.remove(folder_ / "said"));
  }

  SecretString make_key(const std::string& name, const std::string& kind) {
    SystemProcessRunner processes;
    const Result<ProcessResult> made = processes.run(
        {"ssh-keygen", "-q", "-t", kind, "-N", "", "-f", folder_ / name}, seconds(60));
    EXPECT_TRUE(made && made->exit_code == 0);
    return SecretString(disk_.read(folder_ / name).value_or(""));
  }

  void write(const std::string& name, std::string_view text, unsigned mode) {
    EXPECT_TRUE(disk_.write_atomic(folder_ / name, text, mode));
  }

  SshTarget target() const {
    const std::size_t colon = address_.find(':');
    SshTarget target;
    target.host = address_.substr(0, colon);
    target.port = static_cast<std::uint16_t>(std::stoi(address_.substr(colon + 1)));
    target.user = ::getpwuid(::getuid())->pw_name;
    target.private_key = key_;
    return target;
  }

  Result<ShellOutcome> run(SshTarget target, std::vector<std::string> argv,
                           milliseconds deadline = seconds(30)) {
    return block_on(shell_->run(std::move(target), std::move(argv), deadline));
  }

  std::string said() { return disk_.read(folder_ / "said").value_or(""); }

  testing::TemporaryFolder folder_;
  PosixDisk disk_;
  SystemClock clock_;
  std::string address_ = testing::free_address();
  SecretString key_;
  std::unique_ptr<testing::ChildProcess> sshd_;
  std::unique_ptr<RemoteShell> shell_ = make_ssh_shell();
};

TEST_F(Sshd, RunsTheCommandAndTellsTheHostKey) {
  const Result<ShellOutcome> outcome = run(target(), kRestart);
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(outcome->exit_status, 0);
  const std::string sudo = ::getuid() == 0 ? "" : "sudo -n ";
  EXPECT_EQ(said(), sudo + "systemctl restart prometheus-node-exporter\n");
  const std::string host = disk_.read(folder_ / "host.pub").value();
  EXPECT_EQ(outcome->host_key, host.substr(0, host.find(' ', host.find(' ') + 1)));

  SshTarget known = target();
  known.host_key = outcome->host_key;
  EXPECT_TRUE(run(known, {"docker", "restart", "--time", "5", "click-deploy-cadvisor"}));
}

TEST_F(Sshd, SaysWhatTheCommandSays) {
  const Result<ShellOutcome> outcome = run(target(), {"systemctl", "restart", "broken"});
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(outcome->exit_status, 5);
  EXPECT_EQ(outcome->words, "Unit broken not found.");
}

TEST_F(Sshd, AnotherHostKeyIsAnotherServerAndHearsNothing) {
  make_key("other", "ed25519");
  const std::string other = disk_.read(folder_ / "other.pub").value();
  SshTarget known = target();
  known.host_key = other.substr(0, other.find(' ', other.find(' ') + 1));
  const Result<ShellOutcome> outcome = run(known, kRestart);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::PermissionDenied) << outcome.error().message();
  EXPECT_EQ(said(), "");
  EXPECT_EQ(disk_.read(folder_ / "sshd.log").value().find("Failed publickey"), std::string::npos);
}

TEST_F(Sshd, KeysThatAreRefusedOrUnreadableAreToldApart) {
  SshTarget stranger = target();
  stranger.private_key = make_key("stranger", "ecdsa");
  Result<ShellOutcome> outcome = run(stranger, kRestart);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::Unauthenticated) << outcome.error().message();
  stranger.private_key = SecretString("no key at all");
  outcome = run(stranger, kRestart);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::InvalidArgument) << outcome.error().message();
  EXPECT_EQ(outcome.error().message().find("no key at all"), std::string::npos);
  EXPECT_EQ(said(), "");
}

TEST_F(Sshd, NothingLastsLongerThanTheDeadline) {
  const SteadyTime before = clock_.steady_now();
  Result<ShellOutcome> outcome = run(target(), {"systemctl", "restart", "hang"}, seconds(3));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::DeadlineExceeded) << outcome.error().message();

  ::kill(sshd_->pid(), SIGSTOP);  // accepts, and says nothing
  outcome = run(target(), kRestart, milliseconds(500));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::DeadlineExceeded) << outcome.error().message();
  EXPECT_LT(clock_.steady_now() - before, seconds(30));

  sshd_.reset();
  outcome = run(target(), kRestart);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::Unavailable) << outcome.error().message();
}

TEST(AllowedCommands, RestartAgentsAndNothingElse) {
  EXPECT_TRUE(is_allowed_command(kRestart));
  EXPECT_TRUE(is_allowed_command({"docker", "restart", "--time", "10", "click-deploy-x"}));
  for (const std::vector<std::string>& argv :
       std::vector<std::vector<std::string>>{{},
                                             {"reboot"},
                                             {"systemctl", "stop", "a"},
                                             {"systemctl", "restart"},
                                             {"systemctl", "restart", "a", "b"},
                                             {"systemctl", "restart", "a;reboot"},
                                             {"systemctl", "restart", "$(reboot)"},
                                             {"systemctl", "restart", "a b"},
                                             {"systemctl", "restart", "-H"},
                                             {"systemctl", "restart", ""},
                                             {"docker", "rm", "--time", "5", "x"},
                                             {"docker", "restart", "--time", "x", "x"},
                                             {"docker", "restart", "--time", "5", "a/x"}}) {
    EXPECT_FALSE(is_allowed_command(argv)) << join(argv, " ");
    const auto outcome =
        block_on(make_ssh_shell()->run(SshTarget{}, argv, std::chrono::seconds(1)));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), ErrorCode::InvalidArgument);
  }
}

}  // namespace
}  // namespace clickdeploy::agents
