#include "tests/simulation/sim_files.h"

#include "controller/async/replace_file.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::simulation {
namespace {

// As PosixDisk reports them.
std::unexpected<Error> failed(DiskError error, std::string_view what, const std::string& path) {
  switch (error) {
    case DiskError::NotFound:
      return fail(ErrorCode::NotFound, fmt::format("{} {}: no such file", what, path));
    case DiskError::NoSpace:
      return fail(ErrorCode::ResourceExhausted, fmt::format("{} {}: no space left", what, path));
    case DiskError::ReadOnly:
      return fail(ErrorCode::PermissionDenied, fmt::format("{} {}: read-only", what, path));
    default:
      return fail(ErrorCode::Internal, fmt::format("{} {}: input/output error", what, path));
  }
}

Result<void> done(DiskError error, std::string_view what, const std::string& path) {
  if (error == DiskError::None) return {};
  return failed(error, what, path);
}

class SimNewFile final : public NewFile {
 public:
  SimNewFile(SimDisk& disk, SimNodePtr node, std::string path)
      : disk_(disk), node_(std::move(node)), path_(std::move(path)) {}

  Result<std::size_t> write(std::string_view bytes) override {
    bytes = bytes.substr(0, disk_.write_size(bytes.size()));
    std::size_t size = 0;
    const DiskError error = disk_.write(*node_, node_->bytes.size(), bytes, size);
    // The machine says how much it wrote, and only then, asked for more, what is wrong.
    if (size > 0 && disk_.has_power()) return size;
    if (error != DiskError::None) return failed(error, "write", path_);
    return size;
  }
  Result<void> set_mode(unsigned mode) override {
    return done(disk_.set_mode(*node_, mode), "set the mode of", path_);
  }
  Result<void> sync() override { return done(disk_.sync(*node_), "sync", path_); }

 private:
  SimDisk& disk_;
  const SimNodePtr node_;
  const std::string path_;
};

class SimFolder final : public OpenFolder {
 public:
  SimFolder(SimDisk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}

  Result<void> check_replaceable(const std::string&) override { return {}; }

  Result<std::unique_ptr<NewFile>> create(const std::string& name) override {
    SimNodePtr node;
    const DiskError error = disk_.create(path_of(name), node);
    if (error != DiskError::None) return failed(error, "create", path_of(name));
    return std::make_unique<SimNewFile>(disk_, std::move(node), path_of(name));
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return done(disk_.rename(path_of(from), path_of(to)), "rename to", path_of(to));
  }
  Result<void> remove(const std::string& name) override {
    return done(disk_.remove(path_of(name)), "remove", path_of(name));
  }
  Result<void> sync() override { return done(disk_.sync_folder(path_), "sync folder", path_); }

 private:
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }

  SimDisk& disk_;
  const std::string path_;
};

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

Result<std::string> SimFiles::read(const std::string& path) {
  SimNodePtr node = disk_.find(path);
  if (view_ == FilesView::Process) {
    DiskError error = disk_.open(path, node);
    if (error == DiskError::None) error = disk_.read(*node);
    if (error != DiskError::None) return failed(error, "read", path);
  }
  if (!node) return failed(DiskError::NotFound, "open", path);
  return node->bytes;
}

Result<void> SimFiles::write_atomic(const std::string& path, std::string_view bytes,
                                    unsigned mode) {
  const std::string folder = folder_of(path);
  if (!disk_.has_folder(folder)) return failed(DiskError::NotFound, "open folder", folder);
  disk_.note_published(path, bytes);
  SimFolder open(disk_, folder);
  const std::string temporary = fmt::format(".{}.{:016x}.tmp", name_of(path), disk_.draw());
  return replace_file(open, name_of(path), temporary, bytes, mode);
}

Result<void> SimFiles::remove(const std::string& path) {
  SimFolder open(disk_, folder_of(path));
  return remove_file(open, name_of(path));
}

Result<std::vector<FileInfo>> SimFiles::list(const std::string& folder) {
  std::string wanted = folder;
  while (wanted.size() > 1 && wanted.ends_with('/')) wanted.pop_back();
  if (!disk_.has_folder(wanted)) return failed(DiskError::NotFound, "open folder", wanted);
  if (view_ == FilesView::Process) {
    SimNodePtr none;
    const DiskError error = disk_.open(wanted, none);
    if (error == DiskError::Io) return failed(error, "list", wanted);
  }
  std::vector<FileInfo> files;
  for (const auto& [path, node] : disk_.files()) {
    if (folder_of(path) != wanted) continue;
    files.push_back({.name = name_of(path),
                     .bytes = static_cast<std::int64_t>(node->bytes.size()),
                     .mtime_ns = node->mtime_ns});
  }
  return files;
}

Result<void> SimFiles::make_folder(const std::string& path, unsigned) {
  disk_.make_folder(path);
  return {};
}

}  // namespace clickdeploy::simulation
