#include "controller/async/memory_disk.h"

#include <fmt/format.h>

namespace clickdeploy {

namespace {

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string without_slash(std::string folder) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  return folder;
}

}  // namespace

Result<std::string> MemoryDisk::read(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto at = files_.find(path);
  if (at == files_.end()) return fail(ErrorCode::NotFound, fmt::format("open {}: no file", path));
  return at->second.bytes;
}

Result<void> MemoryDisk::write_atomic(const std::string& path, std::string_view bytes,
                                      unsigned mode) {
  const std::lock_guard lock(mutex_);
  const std::string folder = folder_of(path);
  if (!folders_.contains(folder)) {
    return fail(ErrorCode::NotFound, fmt::format("open folder {}: no folder", folder));
  }
  files_[path] = File{.bytes = std::string(bytes), .mode = mode, .mtime_ns = ++writes_};
  return {};
}

Result<void> MemoryDisk::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  files_.erase(path);
  return {};
}

Result<std::vector<FileInfo>> MemoryDisk::list(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  const std::string wanted = without_slash(folder);
  if (!folders_.contains(wanted)) {
    return fail(ErrorCode::NotFound, fmt::format("open folder {}: no folder", wanted));
  }
  std::vector<FileInfo> found;
  for (const auto& [path, file] : files_) {
    if (folder_of(path) != wanted) continue;
    found.push_back({.name = path.substr(path.rfind('/') + 1),
                     .bytes = static_cast<std::int64_t>(file.bytes.size()),
                     .mtime_ns = file.mtime_ns});
  }
  return found;
}

Result<void> MemoryDisk::make_folder(const std::string& path, unsigned) {
  const std::lock_guard lock(mutex_);
  for (std::string folder = without_slash(path); folder != "/"; folder = folder_of(folder)) {
    folders_.insert(folder);
  }
  return {};
}

std::optional<unsigned> MemoryDisk::mode_of(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto at = files_.find(path);
  if (at == files_.end()) return std::nullopt;
  return at->second.mode;
}

}  // namespace clickdeploy
