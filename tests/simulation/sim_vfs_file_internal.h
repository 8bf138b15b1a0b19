// An open file of SimVfs: the methods that SQLite calls.

#pragma once

#include "tests/simulation/sim_disk.h"

#include <cstdint>
#include <sqlite3.h>
#include <string>

namespace clickdeploy::simulation {

// SQLite allocates it, and takes it for its own sqlite3_file, which is the first member alone.
struct SimVfsFile {
  struct Opened {
    SimDisk* disk = nullptr;
    SimNodePtr node;
    std::string path;          // "" for a temporary file
    std::uint64_t life = 0;    // of the process that opened it
    bool sync_folder = false;  // with the next sync
    bool remove_at_close = false;
    int lock = 0;                    // SQLITE_LOCK_NONE
    std::uint64_t shared_slots = 0;  // of the shared memory's locks
    std::uint64_t exclusive_slots = 0;
  };

  const sqlite3_io_methods* methods;
  Opened* opened;
};

const sqlite3_io_methods& sim_vfs_methods();

// SQLite's code for a failure of an operation, which has a code of its own for EIO.
int sqlite_code(DiskError error, int io_error);

}  // namespace clickdeploy::simulation
