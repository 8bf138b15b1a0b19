// SimFiles: files on a SimDisk, as a program sees them.
//
// The process's own view has the disk's faults, and writes by the same steps as PosixDisk does.
// The others' (Prometheus, the test) has none, and changes nothing.

#pragma once

#include "controller/async/disk.h"
#include "tests/simulation/sim_disk.h"

#include <string>

namespace clickdeploy::simulation {

enum class FilesView : std::uint8_t { Process, Others };

class SimFiles final : public Disk {
 public:
  SimFiles(SimDisk& disk, FilesView view) : disk_(disk), view_(view) {}

  Result<std::string> read(const std::string& path) override;
  Result<void> write_atomic(const std::string& path, std::string_view bytes,
                            unsigned mode = 0644) override;
  Result<void> remove(const std::string& path) override;
  Result<std::vector<FileInfo>> list(const std::string& folder) override;
  Result<void> make_folder(const std::string& path, unsigned mode = 0755) override;

 private:
  SimDisk& disk_;
  const FilesView view_;
};

}  // namespace clickdeploy::simulation
