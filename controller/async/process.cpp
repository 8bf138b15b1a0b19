#include "controller/async/process.h"

#include "controller/base/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

extern char** environ;

namespace clickdeploy {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kOutputBytesMax = 1024 * 1024;

// How long to look for the end of a child that has closed its output, between two looks.
constexpr int kExitPollMs = 5;

class FileDescriptor {
 public:
  FileDescriptor() = default;
  ~FileDescriptor() { close(); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void reset(int fd) {
    close();
    fd_ = fd;
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

struct Pipe {
  FileDescriptor read_end;
  FileDescriptor write_end;

  bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
    return true;
  }
};

// What the child starts with: no input, its output in our pipes, default signals.
class SpawnSetup {
 public:
  SpawnSetup(const Pipe& out, const Pipe& err) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, out.write_end.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, err.write_end.get(), STDERR_FILENO);
    sigset_t none;
    sigset_t ours;
    ::sigemptyset(&none);
    ::sigemptyset(&ours);
    for (const int number : {SIGPIPE, SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&ours, number);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &ours);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSetup() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  int start(const std::vector<std::string>& argv, pid_t& child) const {
    std::vector<char*> pointers;
    for (const std::string& argument : argv)
      pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    return ::posix_spawnp(&child, pointers[0], &actions_, &attributes_, pointers.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// Reads what is there. Past the limit it reads on, so that the child does not block, and drops it.
void drain(FileDescriptor& fd, std::string& into) {
  std::array<char, 16384> buffer{};
  const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) {
    fd.close();
    return;
  }
  const std::size_t room = kOutputBytesMax - into.size();
  into.append(buffer.data(), std::min(static_cast<std::size_t>(got), room));
}

int milliseconds_until(steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

// Until both pipes are closed or the deadline has passed.
void collect_output(Pipe& out, Pipe& err, ProcessResult& result,
                    steady_clock::time_point deadline) {
  while (out.read_end.get() >= 0 || err.read_end.get() >= 0) {
    const int wait = milliseconds_until(deadline);
    if (wait == 0) return;
    // poll() passes over negative descriptors.
    std::array<pollfd, 2> polled{pollfd{out.read_end.get(), POLLIN, 0},
                                 pollfd{err.read_end.get(), POLLIN, 0}};
    if (::poll(polled.data(), polled.size(), wait) <= 0) continue;
    if (polled[0].revents != 0) drain(out.read_end, result.out);
    if (polled[1].revents != 0) drain(err.read_end, result.err);
  }
}

// True if the child has ended; its exit status is then in `status`.
bool wait_for_exit(pid_t child, int& status, steady_clock::time_point deadline) {
  while (true) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) return true;
    CHECK(ended == 0 || errno == EINTR, "nobody else waits for our child");
    const int left = milliseconds_until(deadline);
    if (left == 0) return false;
    ::poll(nullptr, 0, std::min(left, kExitPollMs));
  }
}

}  // namespace

Result<ProcessResult> SystemProcessRunner::run(const std::vector<std::string>& argv,
                                               milliseconds deadline) {
  CHECK(!argv.empty(), "a program has a name");
  const steady_clock::time_point end = steady_clock::now() + deadline;
  Pipe out;
  Pipe err;
  if (!out.open() || !err.open()) {
    return fail(ErrorCode::ResourceExhausted, "cannot open a pipe");
  }
  pid_t child = 0;
  const int error = SpawnSetup(out, err).start(argv, child);
  if (error != 0) {
    return fail(error == ENOENT ? ErrorCode::NotFound : ErrorCode::Internal,
                fmt::format("start {}: {}", argv[0], std::generic_category().message(error)));
  }
  out.write_end.close();
  err.write_end.close();

  ProcessResult result;
  collect_output(out, err, result, end);
  int status = 0;
  if (!wait_for_exit(child, status, end)) {
    ::kill(child, SIGKILL);
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return fail(ErrorCode::DeadlineExceeded,
                fmt::format("{} ran longer than {} ms and was killed", argv[0], deadline.count()));
  }
  result.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return result;
}

}  // namespace clickdeploy
