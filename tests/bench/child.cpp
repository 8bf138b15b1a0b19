#include "tests/bench/child.h"

#include "tests/bench/load_client.h"
#include "tests/bench/measure.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <set>
#include <signal.h>
#include <spawn.h>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

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

double resident_bytes(pid_t process) {
  std::ifstream status("/proc/" + (process == 0 ? "self" : std::to_string(process)) + "/status");
  std::string word;
  while (status >> word) {
    if (word != "VmRSS:") continue;
    double kib = 0;
    status >> kib;
    return kib * 1024;
  }
  give_up("a process whose memory is asked for is gone");
}

double cpu_seconds(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string line;
  std::getline(stat, line);
  // After the name, which may have spaces: the state, and ten other fields before the times.
  std::istringstream fields(line.substr(std::min(line.rfind(')'), line.size() - 1) + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double in_program = 0;
  double in_kernel = 0;
  if (!(fields >> in_program >> in_kernel)) give_up("a process whose time is asked for is gone");
  return (in_program + in_kernel) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

namespace {

// Those that run. give_up() ends this process without unwinding, so they are ended at exit.
std::set<Program*>& running() {
  static std::set<Program*> programs;
  return programs;
}

void stop_all() {
  while (!running().empty()) (*running().begin())->stop();
}

}  // namespace

Program::Program(const std::vector<std::string>& words, const std::string& log) {
  static const int registered = (running(), std::atexit(stop_all));
  if (registered != 0) give_up("cannot promise to end what is started");
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  if (::posix_spawnp(&pid_, pointers[0], &actions, nullptr, pointers.data(), environ) != 0) {
    give_up("cannot start " + words[0]);
  }
  running().insert(this);
  ::posix_spawn_file_actions_destroy(&actions);
}

void Program::stop() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
  running().erase(this);
}

namespace {

class Socket {
 public:
  Socket() : number_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() { ::close(number_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return name;
}

// Whether it answers 200.
bool is_ready(std::uint16_t port, const std::string& request) {
  const Socket socket;
  const sockaddr_in name = loopback(port);
  const auto* address = reinterpret_cast<const sockaddr*>(&name);
  if (::connect(socket.number(), address, sizeof name) != 0) return false;
  if (::write(socket.number(), request.data(), request.size()) < 0) return false;
  char answer[13] = {};
  const ssize_t bytes = ::recv(socket.number(), answer, sizeof answer - 1, MSG_WAITALL);
  return bytes > 0 && std::string_view(answer, static_cast<std::size_t>(bytes)) == "HTTP/1.1 200";
}

}  // namespace

std::uint16_t free_port() {
  const Socket socket;
  sockaddr_in name = loopback(0);
  socklen_t size = sizeof name;
  auto* address = reinterpret_cast<sockaddr*>(&name);
  if (::bind(socket.number(), address, size) != 0) give_up("cannot bind to 127.0.0.1");
  if (::getsockname(socket.number(), address, &size) != 0) give_up("cannot name a socket");
  return ntohs(name.sin_port);
}

double wait_until_ready(std::uint16_t port, const std::string& path) {
  const Stopwatch watch;
  const std::string request = http_get(path);
  while (!is_ready(port, request)) {
    if (watch.seconds() > 30) give_up("a server that was started does not become ready");
    ::usleep(500);
  }
  return watch.seconds();
}

}  // namespace clickdeploy::bench
