// FilePublisher: makes one folder hold exactly our files, and touches nothing else in it.
//
// Ours are the files whose name begins with "clickdeploy-" and that the stamp file
// (".clickdeploy-owner", JSON with the cluster id) allows us to own. A stamp of another cluster
// makes every call fail with AlreadyExists that names it. Writing is whole-file and atomic; a
// file whose bytes are already right is not written. Blocks; use run_on.

#pragma once

#include "controller/async/disk.h"
#include "controller/base/error.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace clickdeploy::prometheus {

inline constexpr std::string_view kOwnedPrefix = "clickdeploy-";
inline constexpr std::string_view kOwnerStamp = ".clickdeploy-owner";

using Files = std::map<std::string, std::string>;  // name → bytes

// Ours that nobody wants any more get this text before they are removed.
struct Farewell {
  std::string text;
  std::set<std::string> ready;  // names that have had it for long enough
};

struct PublishResult {
  std::vector<std::string> written;
  std::vector<std::string> removed;
  std::vector<std::string> leaving;  // not desired, and there with the farewell's text
  std::vector<std::string> foreign;  // names with our prefix's look but another suffix, and others'

  bool changed() const { return !written.empty() || !removed.empty(); }
};

class FilePublisher {
 public:
  FilePublisher(Disk& disk, std::string folder, std::string cluster_id);

  // Puts our stamp into a folder that nobody has claimed. NotFound if the folder is missing.
  Result<void> claim() const;

  // Our files that are there now. NotFound if the folder is missing.
  Result<Files> current() const;

  // Writes what differs, then removes what is ours and not in `desired`, with a farewell only what
  // is ready. Stops at the first failure; calling again goes on.
  Result<PublishResult> publish(const Files& desired, const Farewell* farewell = nullptr) const;

  // Removes what is ours, and the stamp last: another owner may have the folder then. A folder that
  // nobody has claimed is left as it is.
  Result<PublishResult> leave() const;

 private:
  Disk& disk_;
  std::string folder_;
  std::string cluster_id_;
};

}  // namespace clickdeploy::prometheus
