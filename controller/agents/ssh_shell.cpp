#include "controller/agents/remote_shell.h"
#include "controller/agents/ssh_session_internal.h"
#include "controller/async/run_on.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>

namespace clickdeploy::agents {

namespace {

constexpr std::size_t kThreads = 8;
constexpr std::size_t kWaitingMax = 8;  // for each thread

bool is_plain_word(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@";
  return !word.empty() && word.size() <= 128 && word.front() != '-' &&
         word.find_first_not_of(kPlain) == std::string_view::npos;
}

class SshShell final : public RemoteShell {
 public:
  Task<Result<ShellOutcome>> run(SshTarget target, std::vector<std::string> argv,
                                 std::chrono::milliseconds deadline) override {
    if (!is_allowed_command(argv)) {
      co_return fail(ErrorCode::InvalidArgument, "this command is not one that is carried out");
    }
    std::string command = as_root(target) + join(argv, " ");
    Result<ShellOutcome> outcome =
        co_await carry_out(std::move(target), std::move(command), "", deadline);
    co_return outcome;
  }

  Task<Result<ShellOutcome>> run_script(SshTarget target, MachineScript script,
                                        std::chrono::milliseconds deadline) override {
    std::string command = as_root(target) + "sh -s";
    Result<ShellOutcome> outcome =
        co_await carry_out(std::move(target), std::move(command), script.text(), deadline);
    co_return outcome;
  }

 private:
  struct Worker {
    std::atomic<std::size_t> waiting = 0;
    ThreadExecutor thread;  // last: joined first
  };

  static std::string as_root(const SshTarget& target) {
    return target.user == "root" ? "" : "sudo -n ";
  }

  // On the thread that has the least to do: one that hangs holds up nobody while others are idle.
  Task<Result<ShellOutcome>> carry_out(SshTarget target, std::string command, std::string input,
                                       std::chrono::milliseconds deadline) {
    Worker& worker = *std::ranges::min_element(
        workers_, {}, [](const Worker& each) { return each.waiting.load(); });
    if (worker.waiting >= kWaitingMax) {
      co_return fail(ErrorCode::ResourceExhausted, "too many SSH sessions are under way");
    }
    ++worker.waiting;
    auto work = [target = std::move(target), command = std::move(command), input = std::move(input),
                 deadline, waiting = &worker.waiting] {
      Result<ShellOutcome> outcome = run_over_ssh(target, command, input, deadline);
      --*waiting;
      return outcome;
    };
    Executor thread = worker.thread.executor();
    Result<ShellOutcome> outcome = co_await run_on(std::move(thread), std::move(work));
    co_return outcome;
  }

  std::array<Worker, kThreads> workers_;
};

}  // namespace

bool is_allowed_command(const std::vector<std::string>& argv) {
  if (argv.size() == 3 && argv[0] == "systemctl" && argv[1] == "restart") {
    return is_plain_word(argv[2]);
  }
  return argv.size() == 5 && argv[0] == "docker" && argv[1] == "restart" && argv[2] == "--time" &&
         argv[3].size() <= 3 && argv[3].find_first_not_of("0123456789") == std::string::npos &&
         !argv[3].empty() && is_plain_word(argv[4]);
}

std::unique_ptr<RemoteShell> make_ssh_shell() {
  return std::make_unique<SshShell>();
}

}  // namespace clickdeploy::agents
