#include "controller/async/disk.h"
#include "controller/base/yaml.h"
#include "controller/cli/kubeconfig_internal.h"

#include <filesystem>

namespace clickdeploy::cli {
namespace {

void add_entries(Kubeconfig::Entries& entries, const Json& list, const char* member,
                 const std::string& file) {
  const std::string folder = std::filesystem::path(file).parent_path().string();
  for (const Json& item : list.as_array()) {
    entries.try_emplace(item["name"].as_string(), KubeconfigEntry{item[member], file, folder});
  }
}

}  // namespace

Result<Kubeconfig> read_kubeconfig(const std::vector<std::string>& files) {
  Kubeconfig config;
  PosixDisk disk;
  for (const std::string& name : files) {
    const std::string file = std::filesystem::absolute(name).lexically_normal().string();
    Result<std::string> text = disk.read(file);
    if (!text && text.error().code() == ErrorCode::NotFound) continue;
    if (!text) return std::unexpected(std::move(text).error().with_context("read kubeconfig"));
    Result<Json> json = parse_single_yaml(*text);
    if (!json) return std::unexpected(std::move(json).error().with_context("kubeconfig " + file));
    config.files.push_back(file);
    add_entries(config.clusters, (*json)["clusters"], "cluster", file);
    add_entries(config.contexts, (*json)["contexts"], "context", file);
    add_entries(config.users, (*json)["users"], "user", file);
    if (config.current_context.empty()) {
      config.current_context = (*json)["current-context"].as_string();
    }
  }
  return config;
}

Result<std::string> read_named_file(const KubeconfigEntry& entry, const std::string& name) {
  const std::filesystem::path path = std::filesystem::path(entry.folder) / name;
  Result<std::string> bytes = PosixDisk().read(path.lexically_normal().string());
  if (!bytes) return std::unexpected(std::move(bytes).error().with_context(entry.file));
  return bytes;
}

}  // namespace clickdeploy::cli
