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

constexpr std::size_t kThreads = 2;
constexpr std::size_t kWaitingMax = 32;

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
    if (waiting_ >= kWaitingMax) {
      co_return fail(ErrorCode::ResourceExhausted, "too many SSH sessions are under way");
    }
    ++waiting_;
    const std::string command = (target.user == "root" ? "" : "sudo -n ") + join(argv, " ");
    auto work = [target = std::move(target), command, deadline, waiting = &waiting_] {
      Result<ShellOutcome> outcome = run_over_ssh(target, command, deadline);
      --*waiting;
      return outcome;
    };
    Executor thread = threads_[next_++ % kThreads].executor();
    Result<ShellOutcome> outcome = co_await run_on(std::move(thread), std::move(work));
    co_return outcome;
  }

 private:
  std::atomic<std::size_t> waiting_ = 0;
  std::size_t next_ = 0;
  std::array<ThreadExecutor, kThreads> threads_;  // last: joined first
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
