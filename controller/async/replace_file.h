// How a file is replaced so that neither a reader nor a loss of power ever finds a part of it: the
// order of steps, written once. The steps themselves are an OpenFolder's: the machine's (PosixDisk)
// or a simulated disk's.
//
// Errors: those of the step that failed; then the file is the old one, unless it was the last step:
// a folder whose sync failed shows the new file, but may not after a loss of power.

#pragma once

#include "controller/base/error.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace clickdeploy {

// A file that was just created, open for writing; destroying it closes it.
class NewFile {
 public:
  virtual ~NewFile() = default;
  // How much of it was written: at least one byte of any.
  virtual Result<std::size_t> write(std::string_view bytes) = 0;
  virtual Result<void> set_mode(unsigned mode) = 0;
  virtual Result<void> sync() = 0;
};

// Names are those of files in the folder.
class OpenFolder {
 public:
  virtual ~OpenFolder() = default;
  // InvalidArgument if something other than a regular file has that name.
  virtual Result<void> check_replaceable(const std::string& name) = 0;
  virtual Result<std::unique_ptr<NewFile>> create(const std::string& name) = 0;  // must not exist
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;  // replaces
  virtual Result<void> remove(const std::string& name) = 0;                         // NotFound
  virtual Result<void> sync() = 0;
};

// `temporary` is the name of the file that is written first; it is gone afterwards.
Result<void> replace_file(OpenFolder& folder, const std::string& name, const std::string& temporary,
                          std::string_view bytes, unsigned mode);

// A file that is gone is a success.
Result<void> remove_file(OpenFolder& folder, const std::string& name);

}  // namespace clickdeploy
