#include "controller/localcloud/child_process_internal.h"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace clickdeploy::localcloud {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> list;
  for (const std::string& text : strings) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

// Runs in the child of a program with threads: only async-signal-safe calls.
[[noreturn]] void become(pid_t parent, const char* folder, int log, char** argv,
                         char** environment) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) signal(number, SIG_DFL);
  const int empty = open("/dev/null", O_RDONLY);
  if (empty < 0 || dup2(empty, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) _exit(126);
  close_range(3, ~0U, 0);
  if (chdir(folder) != 0) _exit(126);
  execve(argv[0], argv, environment);
  _exit(127);
}

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(const ChildOptions& options) {
  const int log =
      open(options.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (log < 0) {
    return fail(ErrorCode::Unavailable,
                fmt::format("open {}: {}", options.log_file, std::strerror(errno)));
  }
  const std::vector<char*> argv = pointers(options.argv);
  const std::vector<char*> environment = pointers(options.environment);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    become(parent, options.folder.c_str(), log, const_cast<char**>(argv.data()),
           const_cast<char**>(environment.data()));
  }
  const int problem = errno;
  close(log);
  if (pid < 0) {
    return fail(ErrorCode::ResourceExhausted,
                fmt::format("start {}: {}", options.argv[0], std::strerror(problem)));
  }
  setpgid(pid, pid);  // also here: kill() may come before the child has done it
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid));
}

ChildProcess::~ChildProcess() {
  kill();
}

std::string ChildProcess::poll() {
  int status = 0;
  if (!running_ || waitpid(pid_, &status, WNOHANG) != pid_) return "";
  running_ = false;
  ::kill(-pid_, SIGKILL);  // what it may have left behind
  if (WIFSIGNALED(status)) return fmt::format("killed by signal {}", WTERMSIG(status));
  return fmt::format("ended with exit code {}", WEXITSTATUS(status));
}

void ChildProcess::wait() {
  int status = 0;
  while (running_ && waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  running_ = false;
}

void ChildProcess::kill() {
  if (!running_) return;
  ::kill(-pid_, SIGKILL);
  wait();
}

}  // namespace clickdeploy::localcloud
