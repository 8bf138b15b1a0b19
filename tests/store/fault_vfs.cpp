#include "tests/store/fault_vfs.h"

#include <sqlite3.h>
#include <utility>

namespace clickdeploy::store {

struct FaultVfsState {
  std::string name;
  sqlite3_vfs* real = nullptr;
  sqlite3_vfs vfs = {};
  std::atomic<int> write_error = 0;
  std::atomic<int> countdown = 0;
  std::atomic<int> countdown_error = 0;
  std::atomic<int> operations = 0;

  // The code that this operation fails with; 0 for none.
  int next_fault(bool grows) {
    ++operations;
    if (int code = write_error; grows && code != 0) return code;
    const int left = countdown;
    if (left == 0) return 0;
    countdown = left - 1;
    return left == 1 ? countdown_error.load() : 0;
  }
};

namespace {

// SQLite allocates it; the real file follows it in the same block.
struct FaultFile {
  sqlite3_file base;
  FaultVfsState* state;
};

sqlite3_file* real_of(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<FaultFile*>(file) + 1);
}

int next_fault(sqlite3_file* file, bool grows) {
  return reinterpret_cast<FaultFile*>(file)->state->next_fault(grows);
}

int close_file(sqlite3_file* file) {
  return real_of(file)->pMethods->xClose(real_of(file));
}

int read_file(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  return real_of(file)->pMethods->xRead(real_of(file), data, size, offset);
}

int write_file(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  if (int fault = next_fault(file, true)) return fault;
  return real_of(file)->pMethods->xWrite(real_of(file), data, size, offset);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  if (int fault = next_fault(file, false)) return fault;
  return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

// Nothing is synced for real: what these tests break is the call, never the power.
int sync_file(sqlite3_file* file, int) {
  return next_fault(file, false);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

int lock_file(sqlite3_file* file, int level) {
  return real_of(file)->pMethods->xLock(real_of(file), level);
}

int unlock_file(sqlite3_file* file, int level) {
  return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

int check_reserved_lock(sqlite3_file* file, int* held) {
  return real_of(file)->pMethods->xCheckReservedLock(real_of(file), held);
}

int file_control(sqlite3_file* file, int operation, void* argument) {
  return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

int sector_size(sqlite3_file* file) {
  return real_of(file)->pMethods->xSectorSize(real_of(file));
}

int device_characteristics(sqlite3_file* file) {
  return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

// Version 1: no shared memory, which an exclusive connection does not need.
const sqlite3_io_methods kMethods = {
    .iVersion = 1,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
};

FaultVfsState& state_of(sqlite3_vfs* vfs) {
  return *static_cast<FaultVfsState*>(vfs->pAppData);
}

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  FaultVfsState& state = state_of(vfs);
  file->pMethods = nullptr;
  const int opened = state.real->xOpen(state.real, name, real_of(file), flags, out_flags);
  if (opened != SQLITE_OK) return opened;
  reinterpret_cast<FaultFile*>(file)->state = &state;
  file->pMethods = &kMethods;
  return SQLITE_OK;
}

}  // namespace

FaultVfs::FaultVfs(std::string name) : state_(std::make_unique<FaultVfsState>()) {
  state_->name = std::move(name);
  state_->real = sqlite3_vfs_find(nullptr);
  // What is not about opening files stays the real one's, which looks at no field of its own.
  state_->vfs = *state_->real;
  state_->vfs.pNext = nullptr;
  state_->vfs.szOsFile = static_cast<int>(sizeof(FaultFile)) + state_->real->szOsFile;
  state_->vfs.zName = state_->name.c_str();
  state_->vfs.pAppData = state_.get();
  state_->vfs.xOpen = open_file;
  sqlite3_vfs_register(&state_->vfs, 0);
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(&state_->vfs);
}

const std::string& FaultVfs::name() const {
  return state_->name;
}

void FaultVfs::fail_writes(int code) {
  state_->write_error = code;
}

void FaultVfs::fail_operation(int n, int code) {
  state_->countdown_error = code;
  state_->countdown = n;
}

int FaultVfs::operations() const {
  return state_->operations;
}

}  // namespace clickdeploy::store
