#include "tests/simulation/sim_vfs_file_internal.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <sqlite3.h>

namespace clickdeploy::simulation {
namespace {

using Opened = SimVfsFile::Opened;

Opened& opened_of(sqlite3_file* file) {
  return *reinterpret_cast<SimVfsFile*>(file)->opened;
}

bool is_dead(const Opened& file) {
  return file.life != file.disk->life();
}

SimNode::Locks& locks_of(Opened& file) {
  SimNode::Locks& locks = file.node->locks;
  if (locks.life != file.disk->life()) {
    locks = {};
    locks.life = file.disk->life();
  }
  return locks;
}

int read(sqlite3_file* handle, void* to, int count, sqlite3_int64 offset) {
  Opened& file = opened_of(handle);
  if (is_dead(file)) return SQLITE_IOERR_READ;
  const DiskError error = file.disk->read(*file.node);
  if (error != DiskError::None) return sqlite_code(error, SQLITE_IOERR_READ);
  const std::string& bytes = file.node->bytes;
  const auto wanted = static_cast<std::size_t>(count);
  const auto begin = std::min(static_cast<std::size_t>(offset), bytes.size());
  const std::size_t got = std::min(wanted, bytes.size() - begin);
  std::memcpy(to, bytes.data() + begin, got);
  if (got == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + got, 0, wanted - got);
  return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* handle, const void* from, int count, sqlite3_int64 offset) {
  Opened& file = opened_of(handle);
  if (is_dead(file)) return SQLITE_IOERR_WRITE;
  std::size_t written = 0;
  const std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(count));
  const DiskError error =
      file.disk->write(*file.node, static_cast<std::uint64_t>(offset), bytes, written);
  return sqlite_code(error, SQLITE_IOERR_WRITE);
}

int truncate(sqlite3_file* handle, sqlite3_int64 size) {
  Opened& file = opened_of(handle);
  if (is_dead(file)) return SQLITE_IOERR_TRUNCATE;
  const DiskError error = file.disk->truncate(*file.node, static_cast<std::uint64_t>(size));
  return sqlite_code(error, SQLITE_IOERR_TRUNCATE);
}

int sync(sqlite3_file* handle, int) {
  Opened& file = opened_of(handle);
  if (is_dead(file)) return SQLITE_IOERR_FSYNC;
  DiskError error = file.disk->sync(*file.node);
  if (error != DiskError::None) return sqlite_code(error, SQLITE_IOERR_FSYNC);
  if (!file.sync_folder) return SQLITE_OK;
  // SQLite's own would say nothing of a folder that could not be synced.
  error = file.disk->sync_folder(folder_of(file.path));
  if (error != DiskError::None) return sqlite_code(error, SQLITE_IOERR_DIR_FSYNC);
  file.sync_folder = false;
  return SQLITE_OK;
}

int file_size(sqlite3_file* handle, sqlite3_int64* size) {
  Opened& file = opened_of(handle);
  if (is_dead(file)) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(file.node->bytes.size());
  return SQLITE_OK;
}

int lock(sqlite3_file* handle, int wanted) {
  Opened& file = opened_of(handle);
  if (is_dead(file)) return SQLITE_IOERR_LOCK;
  if (file.lock >= wanted) return SQLITE_OK;
  SimNode::Locks& locks = locks_of(file);
  auto others = [&file](const void* holder) { return holder != nullptr && holder != &file; };
  const int mine = file.lock >= SQLITE_LOCK_SHARED ? 1 : 0;
  if (wanted == SQLITE_LOCK_SHARED) {
    if (others(locks.pending) || others(locks.exclusive)) return SQLITE_BUSY;
    ++locks.shared;
  } else if (wanted == SQLITE_LOCK_RESERVED) {
    if (others(locks.reserved)) return SQLITE_BUSY;
    locks.reserved = &file;
  } else {
    if (others(locks.pending) || others(locks.reserved)) return SQLITE_BUSY;
    locks.pending = &file;
    if (file.lock < SQLITE_LOCK_PENDING) file.lock = SQLITE_LOCK_PENDING;
    if (locks.shared > mine || file.disk->faults.database_locked) return SQLITE_BUSY;
    locks.exclusive = &file;
  }
  file.lock = wanted;
  return SQLITE_OK;
}

void release(Opened& file, int wanted) {
  if (is_dead(file) || file.lock <= wanted) return;
  SimNode::Locks& locks = locks_of(file);
  if (locks.exclusive == &file) locks.exclusive = nullptr;
  if (locks.pending == &file) locks.pending = nullptr;
  if (locks.reserved == &file) locks.reserved = nullptr;
  if (wanted == SQLITE_LOCK_NONE && file.lock >= SQLITE_LOCK_SHARED) --locks.shared;
  file.lock = wanted;
}

int unlock(sqlite3_file* handle, int wanted) {
  release(opened_of(handle), wanted);
  return SQLITE_OK;
}

int check_reserved_lock(sqlite3_file* handle, int* held) {
  *held = locks_of(opened_of(handle)).reserved != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) {
  return SQLITE_NOTFOUND;
}

int sector_size(sqlite3_file*) {
  return 4096;  // as SQLite's own
}

int device_characteristics(sqlite3_file*) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int map_region(sqlite3_file* handle, int region, int size, int extend, void volatile** memory) {
  Opened& file = opened_of(handle);
  if (is_dead(file)) return SQLITE_IOERR_SHMMAP;
  std::vector<std::unique_ptr<char[]>>& regions = locks_of(file).regions;
  const auto index = static_cast<std::size_t>(region);
  *memory = nullptr;
  if (index >= regions.size() && extend == 0) return SQLITE_OK;
  while (regions.size() <= index) {
    regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
  }
  *memory = regions[index].get();
  return SQLITE_OK;
}

int lock_region(sqlite3_file* handle, int first, int count, int flags) {
  Opened& file = opened_of(handle);
  if (is_dead(file)) return SQLITE_IOERR_SHMLOCK;
  std::map<int, int>& slots = locks_of(file).region_locks;
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  std::uint64_t& mine = exclusive ? file.exclusive_slots : file.shared_slots;
  if ((flags & SQLITE_SHM_LOCK) != 0) {
    for (int slot = first; slot < first + count; ++slot) {
      if (exclusive ? slots[slot] != 0 : slots[slot] < 0) return SQLITE_BUSY;
    }
  }
  for (int slot = first; slot < first + count; ++slot) {
    const std::uint64_t bit = std::uint64_t{1} << slot;
    const bool held = (mine & bit) != 0;
    if ((flags & SQLITE_SHM_LOCK) != 0) {
      if (!held) slots[slot] += exclusive ? -1 : 1;
      mine |= bit;
    } else {
      if (held) slots[slot] += exclusive ? 1 : -1;
      mine &= ~bit;
    }
  }
  return SQLITE_OK;
}

void barrier(sqlite3_file*) {}

int unmap_regions(sqlite3_file* handle, int remove) {
  Opened& file = opened_of(handle);
  if (!is_dead(file) && remove != 0) locks_of(file).regions.clear();
  return SQLITE_OK;
}

int close(sqlite3_file* handle) {
  auto* file = reinterpret_cast<SimVfsFile*>(handle);
  const std::unique_ptr<Opened> opened(file->opened);
  file->opened = nullptr;
  if (is_dead(*opened)) return SQLITE_OK;
  release(*opened, SQLITE_LOCK_NONE);
  if (opened->remove_at_close && !opened->path.empty()) opened->disk->remove(opened->path);
  return SQLITE_OK;
}

static_assert(sizeof(sqlite3_file) == sizeof(SimVfsFile::methods));

constexpr sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = close,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = file_size,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = map_region,
    .xShmLock = lock_region,
    .xShmBarrier = barrier,
    .xShmUnmap = unmap_regions,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

}  // namespace

const sqlite3_io_methods& sim_vfs_methods() {
  return kMethods;
}

int sqlite_code(DiskError error, int io_error) {
  switch (error) {
    case DiskError::None:
      return SQLITE_OK;
    case DiskError::NoSpace:
      return SQLITE_FULL;
    default:
      return io_error;  // SQLite's own file system says no more of a read-only one
  }
}

}  // namespace clickdeploy::simulation
