// This file starts programs itself, where the rest of the product asks a ProcessRunner: these run
// for as long as we do, and must not outlive us.

#include "controller/app/dev_processes_internal.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace clickdeploy::app {

namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::milliseconds kLook{20};
constexpr std::size_t kLogLines = 8;
constexpr std::size_t kLogLineBytes = 300;

// Runs in the child of a program with threads: only async-signal-safe calls.
[[noreturn]] void become(pid_t parent, int log, char** argv) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(126);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) signal(number, SIG_DFL);
  const int empty = open("/dev/null", O_RDONLY);
  if (empty < 0 || dup2(empty, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) _exit(126);
  close_range(3, ~0U, 0);
  execv(argv[0], argv);
  _exit(127);
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) {
    return fmt::format("was killed by signal {} ({})", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
  }
  return fmt::format("ended with exit code {}", WEXITSTATUS(status));
}

std::string last_lines(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (trim(line).empty()) continue;
    if (lines.size() == kLogLines) lines.erase(lines.begin());
    lines.push_back("    " + line.substr(0, kLogLineBytes));
  }
  return join(lines, "\n");
}

}  // namespace

ChildProcesses::~ChildProcesses() {
  kill();
}

Result<void> ChildProcesses::start(ChildProgram program) {
  const int log = open(program.log_file.c_str(),
                       O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (log < 0) {
    return fail(ErrorCode::Unavailable,
                fmt::format("open {}: {}", program.log_file, std::strerror(errno)));
  }
  std::vector<char*> argv;
  for (std::string& argument : program.argv) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(parent, log, argv.data());
  const int problem = errno;
  close(log);
  if (pid < 0) {
    return fail(ErrorCode::ResourceExhausted,
                fmt::format("start {}: {}", program.argv.front(), std::strerror(problem)));
  }
  setpgid(pid, pid);  // also here: kill() may come before the child has done it
  Child child;
  child.program = std::move(program);
  child.pid = pid;
  children_.push_back(std::move(child));
  return {};
}

// True if it has ended, now or before.
bool ChildProcesses::reap(Child& child) {
  if (child.running && waitpid(child.pid, &child.status, WNOHANG) == child.pid) {
    child.running = false;
  }
  return !child.running;
}

std::optional<Error> ChildProcesses::first_ended() {
  for (Child& child : children_) {
    if (!reap(child)) continue;
    const ChildProgram& program = child.program;
    std::string message = program.name + " " + how_it_ended(child.status);
    const std::string lines = last_lines(program.log_file);
    if (!lines.empty()) message += "; the last lines of its log:\n" + lines;
    message += "\n  The whole log is " + program.log_file + "; the command was\n    " +
               join(program.argv, " ") +
               "\n  Everything is stopped now. Mend what the log says, and run dev again";
    return Error(ErrorCode::Unavailable, std::move(message));
  }
  return std::nullopt;
}

Task<void> ChildProcesses::stop() {
  while (!children_.empty()) {
    Child& child = children_.back();
    if (!reap(child)) ::kill(child.pid, SIGTERM);
    const SteadyTime deadline = clock_.steady_now() + kPatience;
    while (!reap(child) && clock_.steady_now() < deadline) {
      co_await clock_.sleep(kLook);
    }
    if (!reap(child)) {
      ::kill(child.pid, SIGKILL);
      while (waitpid(child.pid, &child.status, 0) < 0 && errno == EINTR) {
      }
    }
    children_.pop_back();
  }
}

void ChildProcesses::kill() {
  for (Child& child : children_) {
    if (reap(child)) continue;
    ::kill(child.pid, SIGKILL);
    while (waitpid(child.pid, &child.status, 0) < 0 && errno == EINTR) {
    }
    child.running = false;
  }
}

}  // namespace clickdeploy::app
