// localcloud: the cloud as a program.

#include "controller/async/disk.h"
#include "controller/async/event_loop.h"
#include "controller/async/process.h"
#include "controller/async/run_on.h"
#include "controller/async/task_group.h"
#include "controller/http/server.h"
#include "controller/localcloud/container_guests.h"
#include "controller/localcloud/handler.h"
#include "controller/localcloud/ipv4_internal.h"
#include "controller/localcloud/process_guests.h"
#include "controller/localcloud/settings_internal.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <unistd.h>

namespace clickdeploy::localcloud {
namespace {

constexpr std::chrono::milliseconds kTick{50};
constexpr unsigned kPrivate = 0600;  // state and clouds.yaml hold secrets

// Writes the state when it has changed; once per tick is often enough for a file that is renamed
// into place, and answers do not wait for it.
class StateFile {
 public:
  StateFile(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}

  // A cloud without a state file starts with the default contents.
  Result<void> load(Cloud& cloud) {
    if (path_.empty()) return {};
    Result<std::string> text = disk_.read(path_);
    if (!text) {
      if (text.error().code() == ErrorCode::NotFound) return {};
      return std::unexpected(std::move(text).error());
    }
    Result<Json> json = parse_json(*text);
    if (!json) return std::unexpected(std::move(json).error().with_context(path_));
    return cloud.restore(*json);
  }

  Result<void> save(const Cloud& cloud) {
    if (path_.empty() || saved_ == cloud.revision()) return {};
    Result<void> written =
        disk_.write_atomic(path_, to_json(encode_state(cloud.state())), kPrivate);
    if (written) saved_ = cloud.revision();
    return written;
  }

 private:
  Disk& disk_;
  std::string path_;
  std::uint64_t saved_ = 0;
};

Task<void> tick(Cloud& cloud, Clock& clock, StateFile& state) {
  for (;;) {
    cloud.advance();
    cloud.guests().poll();
    Result<void> saved = state.save(cloud);
    if (!saved) spdlog::error("State is not saved: {}", saved.error().message());
    co_await clock.sleep(kTick);
  }
}

// Requests under way still need the loop, so the server is stopped from another thread.
Task<void> shut_down(http::HttpServer& server, Executor helper, EventLoop& loop) {
  const auto stop_server = [&server] {
    server.stop();
    return true;
  };
  const bool stopped = co_await run_on(helper, stop_server);
  if (stopped) loop.stop();
}

int complain(const Error& error) {
  std::cerr << "localcloud: " << error.message() << '\n';
  return 1;
}

// Without a state file the guests' disks are of no use to a later run.
bool is_guests_folder_temporary(const Settings& settings) {
  return settings.guests_folder.empty() && settings.state_file.empty();
}

std::string guests_folder(const Settings& settings) {
  if (!settings.guests_folder.empty()) return settings.guests_folder;
  if (!settings.state_file.empty()) return settings.state_file + ".guests";
  return fmt::format("{}/localcloud-{}", std::filesystem::temp_directory_path().string(), getpid());
}

Result<std::unique_ptr<GuestDriver>> make_guests(const Settings& settings) {
  SystemProcessRunner runner;
  if (settings.guests == "process") {
    ProcessGuestOptions options{.folder = guests_folder(settings), .exporter = settings.exporter};
    return make_process_guests(std::move(options), runner);
  }
  if (settings.guests == "container") {
    // The last address of the pool is never given to a port.
    const std::uint32_t last = parse_ipv4_block(settings.cloud.cidr).value_or(Ipv4Block{}).last();
    ContainerGuestOptions options{.folder = guests_folder(settings),
                                  .rootfs = settings.rootfs,
                                  .host_address = format_ipv4(last)};
    return make_container_guests(std::move(options), runner);
  }
  return std::unique_ptr<GuestDriver>(std::make_unique<NoGuests>());
}

int run(const Settings& settings) {
  Result<std::unique_ptr<GuestDriver>> guests = make_guests(settings);
  if (!guests) return complain(guests.error());
  SystemClock clock;
  SystemRandom random;
  PosixDisk disk;
  EventLoop loop;
  Cloud cloud(settings.cloud, clock, random, **guests);
  StateFile state(disk, settings.state_file);
  Result<void> loaded = state.load(cloud);
  if (!loaded) return complain(loaded.error());

  ThreadExecutor helper;
  http::ServerOptions options;
  options.address = settings.address;
  options.port = settings.port;
  options.drain = std::chrono::milliseconds(500);
  Result<std::unique_ptr<http::HttpServer>> server =
      http::HttpServer::start(options, make_handler(cloud, clock, loop.executor(), ""));
  if (!server) return complain(server.error());
  const std::string url = fmt::format("http://{}:{}", settings.address, (*server)->port());
  if (!settings.clouds_file.empty()) {
    Result<void> written =
        disk.write_atomic(settings.clouds_file, clouds_yaml(cloud, url), kPrivate);
    if (!written) return complain(written.error());
  }

  TaskGroup tasks(loop.executor());
  tasks.start("tick", tick(cloud, clock, state));
  TaskGroup ending(loop.executor());
  bool asked = false;
  loop.on_signal({SIGINT, SIGTERM}, [&](int) {
    if (std::exchange(asked, true)) return;
    ending.start("shut down", shut_down(**server, helper.executor(), loop));
  });
  std::cout << "localcloud listening on " << url << std::endl;
  loop.run();
  if (is_guests_folder_temporary(settings)) {
    guests->reset();
    std::error_code ignored;
    std::filesystem::remove_all(guests_folder(settings), ignored);
  }
  Result<void> saved = state.save(cloud);
  return saved ? 0 : complain(saved.error());
}

}  // namespace
}  // namespace clickdeploy::localcloud

int main(int argc, char** argv) {
  const clickdeploy::localcloud::ParsedSettings parsed =
      clickdeploy::localcloud::parse_settings(argc, argv);
  if (!parsed.settings) return parsed.exit_code;
  spdlog::set_level(parsed.settings->verbose ? spdlog::level::info : spdlog::level::warn);
  return clickdeploy::localcloud::run(*parsed.settings);
}
