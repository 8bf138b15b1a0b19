#include "controller/async/disk.h"
#include "controller/async/random.h"
#include "controller/async/replace_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace clickdeploy {

namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::unexpected<Error> fail_with_errno(int number, std::string_view what, const std::string& path) {
  ErrorCode code = ErrorCode::Internal;
  if (number == ENOENT) code = ErrorCode::NotFound;
  if (number == EACCES || number == EPERM || number == EROFS) code = ErrorCode::PermissionDenied;
  if (number == ENOSPC || number == EDQUOT || number == EMFILE || number == ENFILE) {
    code = ErrorCode::ResourceExhausted;
  }
  return fail(code, fmt::format("{} {}: {}", what, path, std::generic_category().message(number)));
}

constexpr std::size_t kReadBytesMax = 64u << 20;

struct SplitPath {
  std::string folder;
  std::string name;
};

SplitPath split_path(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

class PosixNewFile final : public NewFile {
 public:
  PosixNewFile(int fd, std::string path) : file_(fd), path_(std::move(path)) {}

  Result<std::size_t> write(std::string_view bytes) override {
    while (true) {
      const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
      if (written >= 0) return static_cast<std::size_t>(written);
      if (errno != EINTR) return fail_with_errno(errno, "write", path_);
    }
  }

  Result<void> set_mode(unsigned mode) override {
    // fchmod, unlike open, does not ask the umask.
    if (::fchmod(file_.get(), static_cast<mode_t>(mode)) == 0) return {};
    return fail_with_errno(errno, "set the mode of", path_);
  }

  Result<void> sync() override {
    if (::fsync(file_.get()) == 0) return {};
    return fail_with_errno(errno, "sync", path_);
  }

 private:
  const FileDescriptor file_;
  const std::string path_;
};

class PosixFolder final : public OpenFolder {
 public:
  static Result<std::unique_ptr<PosixFolder>> open(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fail_with_errno(errno, "open folder", path);
    return std::make_unique<PosixFolder>(fd, path);
  }
  PosixFolder(int fd, std::string path) : folder_(fd), path_(std::move(path)) {}

  // Replacing a link would be harmless, but it means that somebody expects the bytes elsewhere.
  Result<void> check_replaceable(const std::string& name) override {
    struct stat info{};
    if (::fstatat(folder_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return {};
      return fail_with_errno(errno, "look at", path_of(name));
    }
    if (S_ISREG(info.st_mode)) return {};
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} is {}", path_of(name),
                            S_ISLNK(info.st_mode) ? "a symbolic link" : "not a regular file"));
  }

  Result<std::unique_ptr<NewFile>> create(const std::string& name) override {
    const int fd = ::openat(folder_.get(), name.c_str(),
                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return fail_with_errno(errno, "create", path_of(name));
    return std::make_unique<PosixNewFile>(fd, path_of(name));
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::renameat(folder_.get(), from.c_str(), folder_.get(), to.c_str()) == 0) return {};
    return fail_with_errno(errno, "rename to", path_of(to));
  }

  Result<void> remove(const std::string& name) override {
    if (::unlinkat(folder_.get(), name.c_str(), 0) == 0) return {};
    return fail_with_errno(errno, "remove", path_of(name));
  }

  Result<void> sync() override {
    if (::fsync(folder_.get()) == 0) return {};
    return fail_with_errno(errno, "sync folder", path_);
  }

 private:
  std::string path_of(const std::string& name) const {
    return path_ == "/" ? "/" + name : path_ + "/" + name;
  }

  const FileDescriptor folder_;
  const std::string path_;
};

}  // namespace

Result<std::string> PosixDisk::read(const std::string& path) {
  // Without O_NONBLOCK, opening a FIFO that nobody writes to would hold this thread for ever.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open()) return fail_with_errno(errno, "open", path);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_with_errno(errno, "stat", path);
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::InvalidArgument, path + " is not a regular file");
  }
  std::string bytes;
  std::string buffer(65536, '\0');
  while (true) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_with_errno(errno, "read", path);
    if (got == 0) return bytes;
    if (bytes.size() + static_cast<std::size_t>(got) > kReadBytesMax) {
      return fail(ErrorCode::ResourceExhausted, path + " is larger than 64 MiB");
    }
    bytes.append(buffer, 0, static_cast<std::size_t>(got));
  }
}

Result<void> PosixDisk::write_atomic(const std::string& path, std::string_view bytes,
                                     unsigned mode) {
  const SplitPath where = split_path(path);
  Result<std::unique_ptr<PosixFolder>> folder = PosixFolder::open(where.folder);
  if (!folder) return std::unexpected(std::move(folder).error());
  const std::string temporary =
      fmt::format(".{}.{}.tmp", where.name.substr(0, 200), SystemRandom().hex(8));
  return replace_file(**folder, where.name, temporary, bytes, mode);
}

Result<void> PosixDisk::remove(const std::string& path) {
  const SplitPath where = split_path(path);
  Result<std::unique_ptr<PosixFolder>> folder = PosixFolder::open(where.folder);
  if (!folder && folder.error().code() == ErrorCode::NotFound) return {};
  if (!folder) return std::unexpected(std::move(folder).error());
  return remove_file(**folder, where.name);
}

Result<std::vector<FileInfo>> PosixDisk::list(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.c_str()), ::closedir);
  if (!entries) return fail_with_errno(errno, "open folder", folder);
  std::vector<FileInfo> files;
  errno = 0;
  while (const dirent* entry = ::readdir(entries.get())) {
    struct stat info{};
    const bool seen =
        ::fstatat(::dirfd(entries.get()), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0;
    if (seen && S_ISREG(info.st_mode)) {
      files.push_back({.name = entry->d_name,
                       .bytes = info.st_size,
                       .mtime_ns = info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec});
    }
    errno = 0;
  }
  if (errno != 0) return fail_with_errno(errno, "list", folder);
  std::sort(files.begin(), files.end(),
            [](const FileInfo& a, const FileInfo& b) { return a.name < b.name; });
  return files;
}

Result<void> PosixDisk::make_folder(const std::string& path, unsigned mode) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return {};
    return fail(ErrorCode::InvalidArgument, fmt::format("{} is not a folder", path));
  }
  const SplitPath where = split_path(path);
  if (where.name.empty()) return make_folder(where.folder, mode);  // a slash at the end
  if (Result<void> parent = make_folder(where.folder, mode); !parent) return parent;
  if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) != 0) {
    if (errno == EEXIST) return {};  // another process was faster
    return fail_with_errno(errno, "create folder", path);
  }
  if (::chmod(path.c_str(), static_cast<mode_t>(mode)) != 0) {
    return fail_with_errno(errno, "set the mode of", path);
  }
  return {};
}

}  // namespace clickdeploy
