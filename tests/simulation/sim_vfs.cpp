#include "tests/simulation/sim_vfs.h"

#include "tests/simulation/sim_vfs_file_internal.h"

#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <sqlite3.h>

namespace clickdeploy::simulation {

namespace {

// What SQLite's calls find their way back by.
struct World {
  SimDisk& disk;
  Clock& clock;
};

constexpr int kPathBytesMax = 512;
constexpr sqlite3_int64 kEpochJulianMs = 210'866'760'000'000;  // of 1970, as SQLite counts

SimDisk& disk_of(sqlite3_vfs* vfs) {
  return static_cast<World*>(vfs->pAppData)->disk;
}

// The node of a file that SQLite opens, made if it asks for that.
int open_node(SimDisk& disk, const char* name, int flags, SimVfsFile::Opened& opened) {
  if (name == nullptr) {
    opened.node = std::make_shared<SimNode>();
    return SQLITE_OK;
  }
  opened.path = name;
  DiskError error = disk.open(opened.path, opened.node);
  if (error == DiskError::NotFound && (flags & SQLITE_OPEN_CREATE) != 0) {
    error = disk.create(opened.path, opened.node);
  } else if (error == DiskError::None && (flags & SQLITE_OPEN_EXCLUSIVE) != 0) {
    error = DiskError::Exists;
  }
  // As SQLite's own: not for the database itself, whose log or journal has its folder synced.
  opened.sync_folder = (flags & SQLITE_OPEN_CREATE) != 0 &&
                       (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
  return error == DiskError::None ? SQLITE_OK : SQLITE_CANTOPEN;
}

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* handle, int flags, int* out_flags) {
  auto* file = reinterpret_cast<SimVfsFile*>(handle);
  file->methods = nullptr;  // SQLite must not close what did not open
  SimDisk& disk = disk_of(vfs);
  auto opened = std::make_unique<SimVfsFile::Opened>();
  opened->disk = &disk;
  opened->life = disk.life();
  opened->remove_at_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  const int done = open_node(disk, name, flags, *opened);
  if (done != SQLITE_OK) return done;
  if (out_flags != nullptr) *out_flags = flags;
  file->opened = opened.release();
  file->methods = &sim_vfs_methods();
  return SQLITE_OK;
}

int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  SimDisk& disk = disk_of(vfs);
  DiskError error = disk.remove(name);
  if (error == DiskError::NotFound) return SQLITE_IOERR_DELETE_NOENT;
  if (error != DiskError::None) return SQLITE_IOERR_DELETE;
  if (sync_folder == 0) return SQLITE_OK;
  error = disk.sync_folder(folder_of(name));
  return sqlite_code(error, SQLITE_IOERR_DIR_FSYNC);
}

int access(sqlite3_vfs* vfs, const char* name, int flags, int* found) {
  const SimNodePtr node = disk_of(vfs).find(name);
  // As SQLite's own: an empty file does not exist.
  *found = node && (flags != SQLITE_ACCESS_EXISTS || !node->bytes.empty()) ? 1 : 0;
  return SQLITE_OK;
}

int full_path_name(sqlite3_vfs*, const char* name, int size, char* out) {
  if (std::strlen(name) >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::strcpy(out, name);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs* vfs, int count, char* out) {
  std::uint64_t number = 0;
  for (int i = 0; i < count; ++i) {
    if (i % 8 == 0) number = disk_of(vfs).draw();
    out[i] = static_cast<char>(number >> (8 * (i % 8)));
  }
  return count;
}

// Whoever waits for a lock waits in vain: nobody else runs meanwhile.
int sleep(sqlite3_vfs*, int microseconds) {
  return microseconds;
}

int current_time_ms(sqlite3_vfs* vfs, sqlite3_int64* now) {
  const WallTime wall = static_cast<World*>(vfs->pAppData)->clock.wall_now();
  const auto since = std::chrono::floor<std::chrono::milliseconds>(wall.time_since_epoch());
  *now = kEpochJulianMs + since.count();
  return SQLITE_OK;
}

int current_time(sqlite3_vfs* vfs, double* days) {
  constexpr double kDayMs = 86'400'000.0;
  sqlite3_int64 now = 0;
  current_time_ms(vfs, &now);
  *days = static_cast<double>(now) / kDayMs;
  return SQLITE_OK;
}

int last_error(sqlite3_vfs*, int, char*) {
  return 0;
}

}  // namespace

struct SimVfs::State {
  World world;
  std::string name;
  sqlite3_vfs vfs = {};
};

SimVfs::SimVfs(SimDisk& disk, Clock& clock) {
  static std::uint64_t last = 0;
  state_ = std::make_unique<State>(World{disk, clock}, fmt::format("clickdeploy-sim-{}", ++last));
  sqlite3_vfs& vfs = state_->vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(SimVfsFile);
  vfs.mxPathname = kPathBytesMax;
  vfs.zName = state_->name.c_str();
  vfs.pAppData = &state_->world;
  vfs.xOpen = open;
  vfs.xDelete = remove;
  vfs.xAccess = access;
  vfs.xFullPathname = full_path_name;
  vfs.xRandomness = randomness;
  vfs.xSleep = sleep;
  vfs.xCurrentTime = current_time;
  vfs.xGetLastError = last_error;
  vfs.xCurrentTimeInt64 = current_time_ms;
  sqlite3_vfs_register(&vfs, 0);
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(disk.draw() | 1), nullptr);
}

SimVfs::~SimVfs() {
  sqlite3_vfs_unregister(&state_->vfs);
}

const std::string& SimVfs::name() const {
  return state_->name;
}

}  // namespace clickdeploy::simulation
