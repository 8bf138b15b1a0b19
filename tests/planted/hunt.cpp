#include "tests/planted/hunt.h"

#include "controller/async/clock.h"
#include "controller/base/check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace clickdeploy::planted_bugs {

namespace {

using namespace std::chrono_literals;

// What the child says, a line each: "run DRIVER NUMBER" before a run, "found WHAT" after one that
// was not clean, "end" at the end.
void say(int pipe, std::string line) {
  std::ranges::replace(line, '\n', ' ');
  line = line.substr(0, 400) + "\n";
  CHECK(::write(pipe, line.data(), line.size()) == static_cast<ssize_t>(line.size()),
        "the parent reads");
}

// What one child does.
struct Part {
  Bug bug = Bug::None;
  std::span<const Driver> drivers;
  const std::set<Run>* unclean = nullptr;
  // The control goes on after a finding, and each child has one run of so many.
  std::uint64_t part = 0;
  std::uint64_t parts = 1;

  bool has(const Driver& driver, std::uint64_t number) const {
    return number % parts == part && !unclean->contains({driver.name, number});
  }
};

std::optional<std::string> run_one(const Driver& driver, std::uint64_t number) {
  std::optional<std::string> wrong = driver.run(number);
  if (!wrong && ::testing::Test::HasFailure()) wrong = "an expectation of the run failed";
  return wrong;
}

[[noreturn]] void run_part(const Part& part, int pipe) {
  // What tests print on a failure is not for the table.
  if (std::freopen("/dev/null", "w", stdout) == nullptr) std::_Exit(2);
  if (std::freopen("/dev/null", "w", stderr) == nullptr) std::_Exit(2);
  plant(part.bug);
  for (const Driver& driver : part.drivers) {
    for (std::uint64_t i = 0; i < driver.runs; ++i) {
      const std::uint64_t number = driver.first + i;
      if (!part.has(driver, number)) continue;
      say(pipe, "run " + driver.name + " " + std::to_string(number));
      const std::optional<std::string> wrong = run_one(driver, number);
      if (!wrong) continue;
      say(pipe, "found " + *wrong);
      if (part.bug != Bug::None) std::_Exit(0);
    }
  }
  say(pipe, "end");
  std::_Exit(0);
}

struct Child {
  Finding finding;
  std::size_t place = 0;  // in the order of bugs
  pid_t pid = 0;
  int pipe = -1;
  std::string text;  // read, but not yet a line
  bool ended = false;
  bool hung = false;
  std::vector<Finding> findings{};  // of the control
  SteadyTime began{};
  SteadyTime run_began{};
};

class Hunt {
 public:
  explicit Hunt(HuntLimits limits) : limits_(limits) {}

  void start(const Part& part, std::size_t place) {
    int ends[2] = {-1, -1};
    CHECK(::pipe(ends) == 0, "a pipe can be made");
    std::fflush(stdout);
    const pid_t pid = ::fork();
    CHECK(pid >= 0, "a process can be made");
    if (pid == 0) {
      ::close(ends[0]);
      run_part(part, ends[1]);
    }
    ::close(ends[1]);
    Child child;
    child.finding.bug = part.bug;
    child.place = place;
    child.pid = pid;
    child.pipe = ends[0];
    child.began = child.run_began = clock_.steady_now();
    children_.push_back(std::move(child));
  }

  std::size_t running() const { return children_.size(); }

  // Waits until something happens; the children that have ended.
  std::vector<Child> wait() {
    std::vector<pollfd> polled;
    for (const Child& child : children_) polled.push_back({child.pipe, POLLIN, 0});
    ::poll(polled.data(), polled.size(), 500);
    for (std::size_t i = 0; i < children_.size(); ++i) {
      if (polled[i].revents != 0) read(children_[i]);
      watch_time(children_[i]);
    }
    std::vector<Child> done;
    for (Child& child : children_) {
      if (child.ended) done.push_back(std::move(child));
    }
    std::erase_if(children_, [](const Child& child) { return child.ended; });
    return done;
  }

 private:
  void read(Child& child) {
    char buffer[4096];
    const ssize_t got = ::read(child.pipe, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) return end(child);
    child.text.append(buffer, static_cast<std::size_t>(got));
    for (std::size_t at = child.text.find('\n'); at != std::string::npos;
         at = child.text.find('\n')) {
      take_line(child, child.text.substr(0, at));
      child.text.erase(0, at + 1);
    }
  }

  void take_line(Child& child, const std::string& line) {
    Finding& finding = child.finding;
    if (line.starts_with("run ")) {
      const std::size_t space = line.rfind(' ');
      const std::string driver = line.substr(4, space - 4);
      finding.runs = driver == finding.driver ? finding.runs + 1 : 1;
      finding.driver = driver;
      finding.number = std::stoull(line.substr(space + 1));
      child.run_began = clock_.steady_now();
    } else if (line.starts_with("found ")) {
      finding.found = true;
      finding.what = line.substr(6);
      child.findings.push_back(finding);
    } else if (finding.bug != Bug::None) {
      finding.driver.clear();
    }
  }

  // The child has closed its pipe: it has ended, or is about to.
  void end(Child& child) {
    ::close(child.pipe);
    int status = 0;
    while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
    }
    child.ended = true;
    child.finding.seconds =
        std::chrono::duration<double>(clock_.steady_now() - child.began).count();
    const bool control = child.finding.bug == Bug::None;
    if ((child.finding.found && !control) || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
      return;
    if (!child.finding.in_time || child.hung) return;
    child.finding.found = true;
    child.finding.what = WIFSIGNALED(status)
                             ? "the process ended by signal " + std::to_string(WTERMSIG(status))
                             : "the process ended with " + std::to_string(WEXITSTATUS(status));
    child.findings.push_back(child.finding);
  }

  void watch_time(Child& child) {
    if (child.ended) return;
    const SteadyTime now = clock_.steady_now();
    const bool hangs = now - child.run_began > limits_.run;
    const bool control = child.finding.bug == Bug::None;
    if (!hangs && (control || now - child.began < limits_.bug)) return;
    child.hung = hangs;
    child.finding.found = hangs;
    child.finding.in_time = hangs;
    if (hangs) child.finding.what = "the run does not end";
    if (hangs) child.findings.push_back(child.finding);
    ::kill(child.pid, SIGKILL);
    end(child);
  }

  const SystemClock clock_;
  const HuntLimits limits_;
  std::vector<Child> children_;
};

}  // namespace

std::vector<Finding> control(std::span<const Driver> drivers, HuntLimits limits) {
  const std::set<Run> all_count;
  Hunt hunt(limits);
  for (std::uint64_t part = 0; part < limits.jobs; ++part) {
    hunt.start({Bug::None, drivers, &all_count, part, limits.jobs}, part);
  }
  std::vector<Finding> findings;
  while (hunt.running() > 0) {
    for (const Child& child : hunt.wait()) {
      findings.insert(findings.end(), child.findings.begin(), child.findings.end());
    }
  }
  return findings;
}

std::vector<Finding> hunt(std::span<const Bug> bugs, std::span<const Driver> drivers,
                          const std::set<Run>& unclean, HuntLimits limits,
                          const std::function<void(const Finding&)>& told) {
  std::vector<Finding> findings(bugs.size());
  Hunt hunt(limits);
  std::size_t next = 0;
  while (next < bugs.size() || hunt.running() > 0) {
    while (next < bugs.size() && hunt.running() < limits.jobs) {
      hunt.start({bugs[next], drivers, &unclean}, next);
      ++next;
    }
    for (Child& child : hunt.wait()) {
      findings[child.place] = child.finding;
      told(child.finding);
    }
  }
  return findings;
}

}  // namespace clickdeploy::planted_bugs
