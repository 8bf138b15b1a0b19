// ChildProcess: one program started by fork and exec from the thread that owns it.
//
// It leads its own process group and dies with the thread that started it, so that no guest
// outlives the cloud, however that ends. Not movable while running; the destructor kills it.

#pragma once

#include "controller/base/error.h"

#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

namespace clickdeploy::localcloud {

struct ChildOptions {
  std::vector<std::string> argv;         // argv[0] is a path
  std::vector<std::string> environment;  // "NAME=value"; nothing is inherited
  std::string folder;
  std::string log_file;  // standard output and error are appended
};

class ChildProcess {
 public:
  static Result<std::unique_ptr<ChildProcess>> start(const ChildOptions& options);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }

  // Reaps it if it has ended by itself: then a word about how, else "".
  std::string poll();
  bool running() const { return running_; }

  // Returns when it has ended by itself.
  void wait();

  // SIGKILL to the whole group; returns when it is gone.
  void kill();

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  pid_t pid_;
  bool running_ = true;
};

}  // namespace clickdeploy::localcloud
