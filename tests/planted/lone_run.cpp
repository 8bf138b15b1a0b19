#include "tests/planted/lone_run.h"

#include "controller/base/check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace clickdeploy::planted_bugs {

namespace {

constexpr int kClean = 0;
constexpr int kBroken = 1;
constexpr int kNoMemory = 77;
constexpr std::size_t kWordsMax = 400;

void limit(int resource, std::uint64_t most) {
  const rlimit both{most, most};
  CHECK(::setrlimit(static_cast<__rlimit_resource>(resource), &both) == 0, "limits can be lowered");
}

[[noreturn]] void run_alone(Bug bug, const Driver& driver, std::uint64_t number,
                            const HuntLimits& limits, int pipe) {
  // What tests print on a failure is not for the table.
  if (std::freopen("/dev/null", "w", stdout) == nullptr) std::_Exit(kNoMemory);
  if (std::freopen("/dev/null", "w", stderr) == nullptr) std::_Exit(kNoMemory);
  std::set_new_handler([] { std::_Exit(kNoMemory); });
  limit(RLIMIT_AS, limits.memory_bytes);
  limit(RLIMIT_CPU, static_cast<std::uint64_t>(limits.cpu.count()));
  limit(RLIMIT_CORE, 0);
  plant(bug);
  std::optional<std::string> wrong = driver.run(number);
  if (!wrong && ::testing::Test::HasFailure()) wrong = "run: an expectation failed";
  if (!wrong) std::_Exit(kClean);
  const std::string words = wrong->substr(0, kWordsMax);
  if (::write(pipe, words.data(), words.size()) < 0) std::_Exit(kNoMemory);
  std::_Exit(kBroken);
}

Outcome judge(int status, std::string words) {
  std::ranges::replace(words, '\n', ' ');
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    if (number == SIGXCPU) return {.what = "run: does not end"};
    if (number == SIGKILL) return {.known = false, .what = "was killed"};
    return {.what = "run: died by signal " + std::to_string(number)};
  }
  if (WEXITSTATUS(status) == kClean) return {};
  if (WEXITSTATUS(status) == kNoMemory) return {.known = false, .what = "has no memory left"};
  if (words.starts_with(kUnknown)) return {.known = false, .what = words};
  return {.what = words.empty() ? "run: ended before its report" : words};
}

}  // namespace

LoneRun::LoneRun(Bug bug, const Driver& driver, std::uint64_t number, const HuntLimits& limits)
    : limits_(limits), began_(clock_.steady_now()) {
  int ends[2] = {-1, -1};
  CHECK(::pipe(ends) == 0, "a pipe can be made");
  std::fflush(stdout);
  pid_ = ::fork();
  CHECK(pid_ >= 0, "a process can be made");
  if (pid_ == 0) {
    ::setpgid(0, 0);  // with its branches
    ::close(ends[0]);
    run_alone(bug, driver, number, limits, ends[1]);
  }
  ::setpgid(pid_, pid_);
  ::close(ends[1]);
  pipe_ = ends[0];
}

LoneRun::~LoneRun() {
  if (pid_ < 0) return;
  ::kill(-pid_, SIGKILL);
  end();
}

std::optional<Outcome> LoneRun::look() {
  if (clock_.steady_now() - began_ > limits_.run) {
    late_ = true;
    ::kill(-pid_, SIGKILL);
    return end();
  }
  pollfd polled{pipe_, POLLIN, 0};
  if (::poll(&polled, 1, 0) <= 0) return std::nullopt;
  char buffer[1024];
  const ssize_t got = ::read(pipe_, buffer, sizeof(buffer));
  if (got < 0 && errno == EINTR) return std::nullopt;
  if (got <= 0) return end();
  text_.append(buffer, static_cast<std::size_t>(got));
  return std::nullopt;
}

std::optional<Outcome> LoneRun::end() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ::kill(-pid_, SIGKILL);  // branches that it left
  ::close(pipe_);
  pid_ = -1;
  if (late_) return Outcome{.known = false, .what = "took too long"};
  return judge(status, std::move(text_));
}

}  // namespace clickdeploy::planted_bugs
