#include "tests/simulation/drivers/branches.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace clickdeploy::simulation {

namespace {

// One that hangs without virtual time going on is ended by this: real seconds.
constexpr unsigned kSecondsMax = 600;

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    return number == SIGALRM ? "does not end" : std::string("died: ") + ::strsignal(number);
  }
  return "ended with code " + std::to_string(WEXITSTATUS(status)) + " before its report";
}

}  // namespace

Branches::~Branches() {
  if (!is_forked()) wait();
}

std::optional<std::string> Branches::take(std::uint64_t place,
                                          const std::vector<std::string>& ways) {
  if (is_branch()) return std::nullopt;
  for (const std::string& way : ways) {
    if (options_.only) {
      if (options_.only->place != place || options_.only->way != way) continue;
      branch_ = options_.only;
      return way;
    }
    if (counted_++ % options_.stride != 0) {
      ++left_out_;
      continue;
    }
    if (fork_one(place, way)) return way;
  }
  return std::nullopt;
}

// True in the branch.
bool Branches::fork_one(std::uint64_t place, const std::string& way) {
  while (children_.size() >= options_.jobs) collect();
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) {
    options_.ended({place, way, "", "has no pipe"});
    return false;
  }
  std::fflush(nullptr);  // or the branch would print it again
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (const auto& [other, child] : children_) ::close(other);
    children_.clear();
    ::close(ends[0]);
    ::alarm(kSecondsMax);
    pipe_ = ends[1];
    branch_ = BranchOptions::Only{place, way};
    return true;
  }
  ::close(ends[1]);
  if (pid < 0) {
    ::close(ends[0]);
    options_.ended({place, way, "", "cannot be forked"});
    return false;
  }
  ++begun_;
  children_[ends[0]] = {pid, {place, way, "", ""}};
  return false;
}

void Branches::finish(const std::string& report) {
  std::fflush(nullptr);
  std::size_t written = 0;
  while (written < report.size()) {
    const ssize_t size = ::write(pipe_, report.data() + written, report.size() - written);
    if (size < 0 && errno != EINTR) ::_exit(3);
    if (size > 0) written += static_cast<std::size_t>(size);
  }
  ::_exit(0);
}

void Branches::collect() {
  std::vector<pollfd> waiting;
  for (const auto& [end, child] : children_) waiting.push_back({end, POLLIN, 0});
  if (::poll(waiting.data(), waiting.size(), -1) < 0) return;
  for (const pollfd& ready : waiting) {
    if (ready.revents == 0) continue;
    Child& child = children_[ready.fd];
    std::array<char, 65536> piece{};
    const ssize_t size = ::read(ready.fd, piece.data(), piece.size());
    if (size > 0) {
      child.end.report.append(piece.data(), static_cast<std::size_t>(size));
      continue;
    }
    int status = 0;
    ::waitpid(child.pid, &status, 0);
    ::close(ready.fd);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      child.end.report.clear();
      child.end.death = describe_end(status);
    }
    const BranchEnd end = std::move(child.end);
    children_.erase(ready.fd);
    options_.ended(end);
  }
}

void Branches::wait() {
  while (!children_.empty()) collect();
}

}  // namespace clickdeploy::simulation
