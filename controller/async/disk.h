// Disk: the files that we publish or read. (The database has its own door: an SQLite VFS by name.)
//
// All calls block; use run_on. Paths are absolute. Production: PosixDisk; tests: MemoryDisk.

#pragma once

#include "controller/base/error.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy {

struct FileInfo {
  std::string name;  // without the folder
  std::int64_t bytes = 0;
  std::int64_t mtime_ns = 0;  // since the epoch
};

class Disk {
 public:
  virtual ~Disk() = default;

  // The whole file; NotFound if there is none, InvalidArgument if it is not a regular file,
  // ResourceExhausted if it is larger than 64 MiB.
  virtual Result<std::string> read(const std::string& path) = 0;

  // Readers see the old bytes or the new, never a part: a temporary file in the same folder (its
  // name ends in ".tmp"), fsync, rename, fsync of the folder. `mode` as in chmod.
  virtual Result<void> write_atomic(const std::string& path, std::string_view bytes,
                                    unsigned mode = 0644) = 0;

  // A file that is gone is a success.
  virtual Result<void> remove(const std::string& path) = 0;

  // Regular files of a folder, by name; NotFound if there is no such folder.
  virtual Result<std::vector<FileInfo>> list(const std::string& folder) = 0;

  // With parents; existing is a success.
  virtual Result<void> make_folder(const std::string& path, unsigned mode = 0755) = 0;
};

// The machine's own files. Never follows a symbolic link in the last part of a path when writing.
class PosixDisk final : public Disk {
 public:
  Result<std::string> read(const std::string& path) override;
  Result<void> write_atomic(const std::string& path, std::string_view bytes,
                            unsigned mode) override;
  Result<void> remove(const std::string& path) override;
  Result<std::vector<FileInfo>> list(const std::string& folder) override;
  Result<void> make_folder(const std::string& path, unsigned mode) override;
};

}  // namespace clickdeploy
