#include "controller/reconcilers/instance/evidence.h"

#include "controller/async/run_on.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

namespace {

constexpr std::size_t kFilesMax = 200;
constexpr unsigned kOnlyUs = 0600;

// Names begin with the time, so the oldest come first.
Result<void> drop_oldest(Disk& disk, const std::string& folder) {
  Result<std::vector<FileInfo>> files = disk.list(folder);
  if (!files) return std::unexpected(std::move(files).error());
  std::erase_if(*files, [](const FileInfo& file) { return !file.name.ends_with(".console.log"); });
  std::ranges::sort(*files, {}, &FileInfo::name);
  for (std::size_t i = 0; i + kFilesMax < files->size(); ++i) {
    Result<void> removed = disk.remove(folder + "/" + (*files)[i].name);
    if (!removed) return removed;
  }
  return {};
}

}  // namespace

Task<Result<std::string>> save_evidence(EvidenceStore store, api::ObjectKey instance, WallTime now,
                                        std::string console) {
  if (store.folder.empty()) co_return std::string();
  const std::string path = store.folder + "/" + format_time(now) + "_" + instance.namespace_name +
                           "_" + instance.name + ".console.log";
  Disk* disk = &store.disk;
  const std::string folder = store.folder;
  auto write = [disk, folder, path, console = std::move(console)]() -> Result<std::string> {
    Result<void> made = disk->make_folder(folder, 0700);
    if (!made) return std::unexpected(std::move(made).error());
    Result<void> written = disk->write_atomic(path, console, kOnlyUs);
    if (!written) return std::unexpected(std::move(written).error());
    Result<void> bounded = drop_oldest(*disk, folder);
    if (!bounded) return std::unexpected(std::move(bounded).error());
    return path;
  };
  Result<std::string> saved = co_await run_on(store.blocking, std::move(write));
  co_return saved;
}

}  // namespace clickdeploy::reconcilers
