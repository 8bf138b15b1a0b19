// Kubeconfig: the files of KUBECONFIG, merged as kubectl does: of entries with the same name, and
// of current-context, the first one counts.

#pragma once

#include "controller/base/error.h"
#include "controller/base/json.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace clickdeploy::cli {

struct KubeconfigEntry {
  Json value;
  std::string file;    // for messages
  std::string folder;  // that relative paths of the entry start from
};

struct Kubeconfig {
  using Entries = std::map<std::string, KubeconfigEntry, std::less<>>;
  Entries clusters;
  Entries contexts;
  Entries users;
  std::string current_context;
  std::vector<std::string> files;  // that were read
};

// Files that do not exist are left out.
Result<Kubeconfig> read_kubeconfig(const std::vector<std::string>& files);

// The bytes of a file named by an entry; relative names start from the entry's folder.
Result<std::string> read_named_file(const KubeconfigEntry& entry, const std::string& name);

}  // namespace clickdeploy::cli
