// GuestDriver: what runs "inside" a server of the cloud.
//
// The cloud calls it from its own thread and expects it not to block for long: start() returns when
// the boot has begun. A driver that cannot start a guest says so in the guest's console.

#pragma once

#include "controller/base/error.h"

#include <string>
#include <sys/types.h>
#include <vector>

namespace clickdeploy::localcloud {

struct GuestFacts {
  std::string id;
  std::string name;
  std::string address;    // the first fixed IP; "" if there is none
  std::string user_data;  // decoded; "" if there is none
};

enum class Boot : std::uint8_t {
  First,  // a fresh disk: all of the user data is carried out
  Again,  // the disk is kept: only what starts by itself at boot is started
};

struct RunningGuest {
  std::string id;
  std::vector<pid_t> pids;
};

class GuestDriver {
 public:
  virtual ~GuestDriver() = default;

  // An error puts the server into ERROR with this message as its fault.
  virtual Result<void> start(const GuestFacts& facts, Boot boot) = 0;
  virtual void stop(const std::string& id) = 0;     // power off; the disk is kept
  virtual void destroy(const std::string& id) = 0;  // power off and forget the disk
  virtual std::string console_output(const std::string& id) = 0;
  virtual std::vector<RunningGuest> running() = 0;  // by id
  virtual void poll() = 0;                          // notices what has ended by itself
};

// Servers with nothing inside: for the simulation and for tests of the API alone.
class NoGuests final : public GuestDriver {
 public:
  Result<void> start(const GuestFacts&, Boot) override { return {}; }
  void stop(const std::string&) override {}
  void destroy(const std::string&) override {}
  std::string console_output(const std::string&) override { return ""; }
  std::vector<RunningGuest> running() override { return {}; }
  void poll() override {}
};

}  // namespace clickdeploy::localcloud
