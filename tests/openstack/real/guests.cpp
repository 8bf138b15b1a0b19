// openstack_guests: makes the servers of a real Nova real.
//
// Our nova-compute writes into FOLDER/wanted what should run; this program starts and stops guests
// until it is so, and writes into FOLDER/running.json which processes they are. They are the same
// guests as localcloud's: the first so many as containers with cloud-init, the others as processes.

#include "controller/base/json.h"
#include "controller/localcloud/container_guests.h"
#include "controller/localcloud/process_guests.h"

#include <spdlog/spdlog.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <thread>

namespace clickdeploy::localcloud {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kTick{100};

std::atomic<bool> stopping{false};

struct Options {
  std::string folder;
  std::string rootfs;
  std::string host_address;
  std::size_t containers = 0;
};

struct Guest {
  GuestFacts facts;
  bool on = false;
  std::int64_t boots = 0;
  std::int64_t disk = 0;
  GuestDriver* driver = nullptr;
};

// What nova-compute asks for; a file that is just being replaced is read at the next tick.
std::map<std::string, Guest> wanted(const std::string& folder) {
  std::map<std::string, Guest> guests;
  std::error_code problem;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, problem)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    const Result<Json> json = parse_json(text.str());
    if (!json) continue;
    Guest guest;
    guest.facts.id = (*json)["id"].as_string();
    guest.facts.name = (*json)["name"].as_string();
    guest.facts.address = (*json)["address"].as_string();
    guest.facts.user_data = (*json)["userData"].as_string();
    guest.on = (*json)["on"].as_bool();
    guest.boots = (*json)["boots"].as_int();
    guest.disk = (*json)["disk"].as_int();
    guests[guest.facts.id] = guest;
  }
  return guests;
}

class House {
 public:
  House(std::unique_ptr<GuestDriver> processes, std::unique_ptr<GuestDriver> containers,
        const Options& options)
      : processes_(std::move(processes)), containers_(std::move(containers)), options_(options) {}

  void step() {
    const std::map<std::string, Guest> all = wanted(options_.folder + "/wanted");
    std::erase_if(guests_, [&](const auto& entry) {
      if (all.contains(entry.first)) return false;
      entry.second.driver->destroy(entry.first);
      return true;
    });
    for (const auto& [id, want] : all) settle(want);
    processes_->poll();
    if (containers_) containers_->poll();
    write_running();
  }

 private:
  void settle(const Guest& want) {
    auto [entry, is_new] = guests_.try_emplace(want.facts.id, want);
    Guest& guest = entry->second;
    if (is_new) {
      guest.driver = choose();
      guest.on = false;
      guest.disk = 0;
    }
    if (guest.on && !want.on) guest.driver->stop(want.facts.id);
    const bool boots = want.on && (!guest.on || guest.boots != want.boots);
    const bool fresh = guest.disk != want.disk;
    if (boots || (want.on && fresh)) {
      Result<void> started = guest.driver->start(want.facts, fresh ? Boot::First : Boot::Again);
      if (!started) spdlog::error("{}: {}", want.facts.name, started.error().message());
    }
    guest = {want.facts, want.on, want.boots, want.disk, guest.driver};
  }

  GuestDriver* choose() {
    if (!containers_) return processes_.get();
    std::size_t containers = 0;
    for (const auto& [id, guest] : guests_) {
      if (guest.driver == containers_.get()) ++containers;
    }
    return containers < options_.containers ? containers_.get() : processes_.get();
  }

  void write_running() {
    Json list = Json::array({});
    for (GuestDriver* driver : {processes_.get(), containers_.get()}) {
      if (!driver) continue;
      const std::string kind = driver == containers_.get() ? "container" : "process";
      for (const RunningGuest& guest : driver->running()) {
        Json pids = Json::array({});
        for (const pid_t pid : guest.pids) pids.push_back(pid);
        list.push_back(Json::object({{"id", guest.id}, {"kind", kind}, {"pids", pids}}));
      }
    }
    const std::string text = to_json(list);
    if (text == written_) return;
    const std::string path = options_.folder + "/running.json";
    std::ofstream(path + ".new") << text << '\n';
    std::error_code problem;
    fs::rename(path + ".new", path, problem);
    if (!problem) written_ = text;
  }

  std::unique_ptr<GuestDriver> processes_;
  std::unique_ptr<GuestDriver> containers_;
  Options options_;
  std::map<std::string, Guest> guests_;
  std::string written_;
};

Result<Options> parse(const std::vector<std::string>& words) {
  Options options;
  const std::map<std::string, std::string*> texts = {{"--folder", &options.folder},
                                                     {"--rootfs", &options.rootfs},
                                                     {"--host-address", &options.host_address}};
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    const std::string& value = words[i + 1];
    if (auto text = texts.find(words[i]); text != texts.end()) {
      *text->second = value;
    } else if (words[i] == "--containers") {
      std::from_chars(value.data(), value.data() + value.size(), options.containers);
    } else {
      return fail(ErrorCode::InvalidArgument, "unknown option " + words[i]);
    }
  }
  if (options.folder.empty()) return fail(ErrorCode::InvalidArgument, "--folder is missing");
  return options;
}

Result<void> run(const std::vector<std::string>& words) {
  Result<Options> options = parse(words);
  if (!options) return std::unexpected(std::move(options).error());
  SystemProcessRunner runner;
  Result<std::unique_ptr<GuestDriver>> processes = make_process_guests({options->folder}, runner);
  if (!processes) return std::unexpected(std::move(processes).error());
  std::unique_ptr<GuestDriver> containers;
  if (options->containers > 0) {
    Result<std::unique_ptr<GuestDriver>> made =
        make_container_guests({options->folder, options->rootfs, options->host_address}, runner);
    if (!made) return std::unexpected(std::move(made).error());
    containers = std::move(*made);
  }
  House house(std::move(*processes), std::move(containers), *options);
  while (!stopping) {
    house.step();
    std::this_thread::sleep_for(kTick);
  }
  return {};
}

}  // namespace
}  // namespace clickdeploy::localcloud

int main(int argc, char** argv) {
  using clickdeploy::localcloud::stopping;
  for (const int number : {SIGTERM, SIGINT}) std::signal(number, [](int) { stopping = true; });
  const clickdeploy::Result<void> done =
      clickdeploy::localcloud::run(std::vector<std::string>(argv + 1, argv + argc));
  if (done) return 0;
  std::cerr << "openstack_guests: " << done.error().message() << '\n';
  return 1;
}
