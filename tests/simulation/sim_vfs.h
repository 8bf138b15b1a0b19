// SimVfs: a SimDisk as an SQLite file system, registered under a name of its own while it lives.
//
// It does what SQLite's own does on a Linux machine: when it syncs folders, what it promises of the
// device, locks, shared memory, short reads. Time is the clock's, randomness the disk's; SQLite's
// own generator is seeded too, which is the whole program's: let worlds live one after another.
//
// Lifetime: disk and clock outlive it; no database is open through it when it is destroyed.

#pragma once

#include "controller/async/clock.h"
#include "tests/simulation/sim_disk.h"

#include <memory>
#include <string>

namespace clickdeploy::simulation {

class SimVfs {
 public:
  SimVfs(SimDisk& disk, Clock& clock);
  ~SimVfs();
  SimVfs(const SimVfs&) = delete;
  SimVfs& operator=(const SimVfs&) = delete;

  const std::string& name() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace clickdeploy::simulation
