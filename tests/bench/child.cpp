#include "tests/bench/child.h"

#include "tests/bench/measure.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace clickdeploy::bench {

std::vector<double> in_child(const std::function<std::vector<double>()>& function) {
  int ends[2];
  if (::pipe(ends) != 0) give_up("cannot make a pipe");
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) give_up("cannot fork");
  if (child == 0) {
    ::close(ends[0]);
    const std::vector<double> values = function();
    const std::size_t bytes = values.size() * sizeof(double);
    const bool sent = ::write(ends[1], values.data(), bytes) == static_cast<ssize_t>(bytes);
    ::_exit(sent ? 0 : 1);
  }
  ::close(ends[1]);
  std::vector<double> values;
  double value = 0;
  while (::read(ends[0], &value, sizeof value) == sizeof value) values.push_back(value);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) give_up("a measurement in a process of its own failed");
  return values;
}

double resident_bytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word != "VmRSS:") continue;
    double kib = 0;
    status >> kib;
    return kib * 1024;
  }
  return 0;
}

}  // namespace clickdeploy::bench
