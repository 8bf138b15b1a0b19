#include "controller/async/replace_file.h"

#include "controller/base/planted.h"

namespace clickdeploy {
namespace {

Result<void> write_new(OpenFolder& folder, const std::string& name, std::string_view bytes,
                       unsigned mode) {
  Result<std::unique_ptr<NewFile>> file = folder.create(name);
  if (!file) return std::unexpected(std::move(file).error());
  while (!bytes.empty()) {
    Result<std::size_t> written = (*file)->write(bytes);
    if (!written) return std::unexpected(std::move(written).error());
    bytes.remove_prefix(*written);
  }
  if (Result<void> set = (*file)->set_mode(mode); !set) return set;
  // Before the rename: otherwise the new name may outlive a loss of power, but not the bytes.
  return planted(Bug::FileNotSynced) ? Result<void>{} : (*file)->sync();
}

}  // namespace

Result<void> replace_file(OpenFolder& folder, const std::string& name, const std::string& temporary,
                          std::string_view bytes, unsigned mode) {
  if (Result<void> safe = folder.check_replaceable(name); !safe) return safe;
  if (planted(Bug::WrittenInPlace)) {
    const Result<void> ignored = folder.remove(name);
    return write_new(folder, name, bytes, mode);
  }
  Result<void> written = write_new(folder, temporary, bytes, mode);
  if (written) written = folder.rename(temporary, name);
  if (!written) {
    // Where this fails too, a file is left that nobody reads.
    const Result<void> ignored = folder.remove(temporary);
    static_cast<void>(ignored);
    return written;
  }
  return folder.sync();
}

Result<void> remove_file(OpenFolder& folder, const std::string& name) {
  Result<void> removed = folder.remove(name);
  if (!removed && removed.error().code() != ErrorCode::NotFound) return removed;
  return folder.sync();
}

}  // namespace clickdeploy
