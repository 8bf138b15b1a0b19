// A machine that exists already: its files and processes, as enter.sh makes them.

#pragma once

#include "controller/async/disk.h"
#include "controller/async/process.h"
#include "controller/base/text.h"
#include "tests/testing/paths.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <signal.h>
#include <string>
#include <vector>

namespace clickdeploy::testing {

class Machine {
 public:
  // `folder` comes to be. Its services listen at `address`.
  Machine(std::string folder, std::string address)
      : folder_(std::move(folder)), address_(std::move(address)) {
    std::filesystem::create_directories(folder_);
  }
  ~Machine() {
    for (const int pid : services()) ::kill(pid, SIGKILL);
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // What a command line begins with that is run on the machine, as its root.
  std::vector<std::string> enter() const {
    return {"sh", source_folder() + "/tests/machine/enter.sh", folder_, address_};
  }

  // A file of the machine: "lib/…" is /var/lib, and likewise opt, default, units, packages.
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string read(const std::string& name) { return disk_.read(path(name)).value_or(""); }
  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    EXPECT_TRUE(disk_.write_atomic(path(name), text, 0644));
  }
  bool has(const std::string& name) const { return std::filesystem::exists(path(name)); }

  std::string mark() { return read("lib/click-deploy/owner"); }
  // The process of a service that runs; 0 if none does.
  int service(const std::string& name) {
    const std::string pid = read("services/" + name);
    return pid.empty() ? 0 : std::stoi(pid);
  }

  const std::string& folder() const { return folder_; }
  const std::string& address() const { return address_; }

 private:
  std::vector<int> services() {
    std::vector<int> pids;
    std::error_code gone;
    for (const auto& each : std::filesystem::directory_iterator(path("services"), gone)) {
      const std::string name = each.path().filename().string();
      if (!name.ends_with(".log")) pids.push_back(service(name));
    }
    std::erase(pids, 0);
    return pids;
  }

  std::string folder_;
  std::string address_;
  PosixDisk disk_;
};

}  // namespace clickdeploy::testing
