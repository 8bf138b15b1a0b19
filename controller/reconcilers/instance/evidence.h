// Evidence: the console log of a server that is about to be replaced.
//
// It goes to a file that only the daemon's user reads, never into an object: what boots and scripts
// print may hold passwords. The newest 200 files are kept.

#pragma once

#include "api/meta/object_meta.h"
#include "controller/async/disk.h"
#include "controller/async/task.h"
#include "controller/base/text.h"

#include <string>

namespace clickdeploy::reconcilers {

struct EvidenceStore {
  Disk& disk;
  Executor blocking;   // runs the file calls
  std::string folder;  // "" keeps nothing
};

// The path of the file; "" if nothing is kept.
Task<Result<std::string>> save_evidence(EvidenceStore store, api::ObjectKey instance, WallTime now,
                                        std::string console);

}  // namespace clickdeploy::reconcilers
