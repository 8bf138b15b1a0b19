#include "controller/store/database_file_internal.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace clickdeploy::store {
namespace {

constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

std::string reason() {
  return std::system_category().message(errno);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// Takes away what others may do with a file. Works on O_PATH descriptors: closing any other kind
// would drop the POSIX locks that a store of this process may hold on the same file.
Result<void> restrict_to_owner(const std::string& path, bool required) {
  Descriptor file(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat info = {};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0) {
    if (!required && errno == ENOENT) return {};
    return fail(ErrorCode::Unavailable, fmt::format("open {}: {}", path, reason()));
  }
  if (S_ISLNK(info.st_mode)) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} is a symbolic link; name the database file itself", path));
  }
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorCode::InvalidArgument, fmt::format("{} is not a regular file", path));
  }
  if ((info.st_mode & 07777) == kOwnerOnly) return {};
  const std::string handle = fmt::format("/proc/self/fd/{}", file.get());
  if (::chmod(handle.c_str(), kOwnerOnly) != 0) {
    return fail(ErrorCode::Unavailable, fmt::format("chmod {}: {}", path, reason()));
  }
  return {};
}

}  // namespace

Result<std::string> prepare_database_file(const std::string& path) {
  std::error_code failed;
  const std::filesystem::path given(path);
  std::filesystem::path folder = given.parent_path();
  if (folder.empty()) folder = ".";
  folder = std::filesystem::canonical(folder, failed);
  if (failed) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("folder of {}: {}", path, failed.message()));
  }
  const std::string file = (folder / given.filename()).string();

  // Created here, because SQLite would use the umask's idea of who may read it. SQLite gives the
  // files that it makes beside it the same mode.
  Descriptor created(
      ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kOwnerOnly));
  if (created.get() < 0 && errno != EEXIST) {
    return fail(ErrorCode::Unavailable, fmt::format("create {}: {}", file, reason()));
  }
  if (Result<void> done = restrict_to_owner(file, true); !done) {
    return std::unexpected(std::move(done).error());
  }
  for (const char* suffix : {"-wal", "-shm", "-journal"}) {
    Result<void> done = restrict_to_owner(file + suffix, false);
    if (!done) return std::unexpected(std::move(done).error());
  }
  return file;
}

}  // namespace clickdeploy::store
