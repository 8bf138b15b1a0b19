// clickdeployd: the daemon, and `clickdeployd dev`.

#include "controller/app/daemon.h"
#include "controller/app/dev.h"
#include "controller/async/disk.h"
#include "controller/async/event_loop.h"
#include "controller/async/task_group.h"
#include "controller/base/log.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace clickdeploy::app {
namespace {

int fail_with(const Error& error) {
  std::cerr << "clickdeployd: " << error.message() << "\n";
  return 1;
}

Task<void> run_daemon(Daemon& daemon, EventLoop& loop, int& exit_code) {
  Result<void> running = co_await daemon.run();
  if (running) co_return;
  exit_code = fail_with(running.error());
  loop.stop();
}

Task<void> stop_daemon(Daemon& daemon, EventLoop& loop) {
  co_await daemon.stop();
  loop.stop();
}

int serve(const Settings& settings) {
  EventLoop loop;
  Result<std::unique_ptr<Daemon>> daemon = Daemon::start(settings, loop);
  if (!daemon) return fail_with(daemon.error());
  int exit_code = 0;
  bool stopping = false;
  TaskGroup tasks(loop.executor());
  loop.on_signal({SIGTERM, SIGINT}, [&](int) {
    // A second signal does not wait for anybody.
    if (stopping) std::_Exit(130);
    stopping = true;
    tasks.start("stop", stop_daemon(**daemon, loop));
  });
  tasks.start("run", run_daemon(**daemon, loop, exit_code));
  loop.run();
  return exit_code;
}

int run(std::vector<std::string> arguments) {
  const bool dev = !arguments.empty() && arguments.front() == "dev";
  if (dev) arguments.erase(arguments.begin());
  PosixDisk disk;
  auto environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
  auto read_file = [&disk](const std::string& path) { return disk.read(path); };
  Result<CommandLine> line = read_settings(arguments, environment, read_file);
  if (!line) {
    std::cerr << "clickdeployd: " << line.error().message() << "\n";
    return 2;
  }
  if (line->help) {
    std::cout << line->help_text;
    return 0;
  }
  if (line->version) {
    std::cout << "clickdeployd " CLICKDEPLOY_VERSION "\n";
    return 0;
  }
  if (dev) return run_dev(*line);
  set_up_logging({.level = line->settings.log_level, .json = line->settings.log_format == "json"});
  return serve(line->settings);
}

}  // namespace
}  // namespace clickdeploy::app

int main(int argc, char** argv) {
  return clickdeploy::app::run(std::vector<std::string>(argv + 1, argv + argc));
}
