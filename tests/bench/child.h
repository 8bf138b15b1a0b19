// Other processes: functions that run in one of their own, whose heap nobody has used before, and
// whole programs.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace clickdeploy::bench {

// Gives up if the child fails. Call it while this process has one thread only.
std::vector<double> in_child(const std::function<std::vector<double>()>& function);

// VmRSS of this process, or of another one, in bytes.
double resident_bytes(pid_t process = 0);

// The processor time that a process has used.
double cpu_seconds(pid_t process);

// A program that runs beside the bench, and is ended with it, also by give_up().
class Program {
 public:
  // What it says goes to `log`.
  Program(const std::vector<std::string>& words, const std::string& log);
  ~Program() { stop(); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Asks it to end, and waits until it has.
  void stop();
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
};

// A port of 127.0.0.1 that nobody listens on.
std::uint16_t free_port();

// Asks for `path`, in clear, until the answer is 200; returns the seconds. Gives up after half a
// minute.
double wait_until_ready(std::uint16_t port, const std::string& path);

}  // namespace clickdeploy::bench
