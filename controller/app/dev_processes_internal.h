// ChildProcesses: the programs that dev runs beside itself.
//
// Each leads its own process group, so that Ctrl-C reaches us alone, and gets SIGTERM when we die,
// however that ends. Their output goes to a log file each.
//
// Threads: all calls on the thread that made it. Lifetime: the destructor kills what stop() has not
// ended.

#pragma once

#include "controller/async/clock.h"
#include "controller/async/task.h"
#include "controller/base/error.h"

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace clickdeploy::app {

struct ChildProgram {
  std::string name;               // for people: "Prometheus"
  std::vector<std::string> argv;  // argv[0] is a path
  std::string log_file;           // begun anew at each start
};

class ChildProcesses {
 public:
  explicit ChildProcesses(Clock& clock) : clock_(clock) {}
  ~ChildProcesses();
  ChildProcesses(const ChildProcesses&) = delete;
  ChildProcesses& operator=(const ChildProcesses&) = delete;

  Result<void> start(ChildProgram program);

  // The first program that has ended by itself: how, and the last lines of its log.
  std::optional<Error> first_ended();

  // The last started first: SIGTERM, and SIGKILL for what is still there after 5 s.
  Task<void> stop();

  // SIGKILL to all, now.
  void kill();

 private:
  struct Child {
    ChildProgram program;
    pid_t pid = 0;
    bool running = true;
    int status = 0;  // as waitpid() tells it
  };
  static bool reap(Child& child);

  Clock& clock_;
  std::vector<Child> children_;  // in the order of their start
};

}  // namespace clickdeploy::app
