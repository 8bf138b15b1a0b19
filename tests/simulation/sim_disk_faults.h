// DiskFaults: what goes wrong on the simulated disk, from the moment it is set (sim_disk.h).

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace clickdeploy::simulation {

enum class DiskError : std::uint8_t {
  None,
  NotFound,
  Exists,
  Io,        // EIO
  NoSpace,   // ENOSPC; a write was done in part, or not at all
  ReadOnly,  // EROFS
};

enum class DiskOperation : std::uint8_t {
  Read,  // and opening; all others change
  Write,
  Truncate,
  Sync,
  Create,
  Rename,
  Remove,
  SyncFolder,
};

struct DiskFaults {
  // Once: the operation of this number of the whole run (SimDisk::changes(), reads()); 0 is never.
  std::uint64_t fail_change_at = 0;
  std::uint64_t fail_read_at = 0;
  DiskError fail_with = DiskError::Io;
  std::uint64_t cut_power_at = 0;  // a change; what it wrote counts as not synced

  // Of operations, 0 to 1. A write that fails may have been done in part. What a sync that failed
  // should have made durable never is, as on Linux: the next sync knows nothing of it.
  double read_fails = 0;
  double write_fails = 0;
  double sync_fails = 0;
  double short_write = 0;  // published files only: SQLite takes one for a full disk

  // Until it is set back.
  std::optional<std::uint64_t> capacity_bytes;  // used_bytes() cannot grow beyond it
  bool read_only = false;
  bool database_locked = false;       // a backup tool reads it: it cannot be opened
  std::chrono::nanoseconds delay{0};  // before each piece of work on the disk (SimWorld)
};

}  // namespace clickdeploy::simulation
