// MemoryDisk: files in a map, for tests and the simulation. Folders must be made, as on a disk.
//
// Threads: any; one lock inside.

#pragma once

#include "controller/async/disk.h"

#include <map>
#include <mutex>
#include <set>

namespace clickdeploy {

class MemoryDisk final : public Disk {
 public:
  Result<std::string> read(const std::string& path) override;
  Result<void> write_atomic(const std::string& path, std::string_view bytes,
                            unsigned mode = 0644) override;
  Result<void> remove(const std::string& path) override;
  Result<std::vector<FileInfo>> list(const std::string& folder) override;
  Result<void> make_folder(const std::string& path, unsigned mode = 0755) override;

  // The mode the file was written with; nullopt if there is none.
  std::optional<unsigned> mode_of(const std::string& path) const;

 private:
  struct File {
    std::string bytes;
    unsigned mode = 0;
    std::int64_t mtime_ns = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::string, File, std::less<>> files_;
  std::set<std::string, std::less<>> folders_{"/"};
  std::int64_t writes_ = 0;  // stands in for the time of change
};

}  // namespace clickdeploy
