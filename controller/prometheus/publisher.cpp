#include "controller/prometheus/publisher.h"

#include "controller/base/json.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::prometheus {

namespace {

bool has_watched_suffix(std::string_view name) {
  return name.ends_with(".json") || name.ends_with(".yml") || name.ends_with(".yaml");
}

bool is_ours(std::string_view name) {
  return name.starts_with(kOwnedPrefix) && has_watched_suffix(name);
}

// Left behind by a write that a crash cut short: the name, hidden, with ".tmp" after it.
bool is_stale_temporary(std::string_view name) {
  if (!name.starts_with('.') || !name.ends_with(".tmp")) return false;
  name.remove_prefix(std::min(name.find_first_not_of('.'), name.size()));
  return name.starts_with(kOwnedPrefix);
}

bool is_foreign(std::string_view name) {
  return !is_ours(name) && (has_watched_suffix(name) || name.starts_with(kOwnedPrefix));
}

bool is_publishable(std::string_view name) {
  return is_ours(name) && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

// Whether `folder` belongs to `cluster_id`; false if nobody has claimed it.
Result<bool> is_claimed(Disk& disk, const std::string& folder, const std::string& cluster_id) {
  const Result<std::string> stamp = disk.read(folder + "/" + std::string(kOwnerStamp));
  if (!stamp && stamp.error().code() == ErrorCode::NotFound) return false;
  if (!stamp) return std::unexpected(stamp.error());
  const Result<Json> owner = parse_json(*stamp);
  if (!owner || !(*owner)["clusterID"].is_string()) {
    return fail(ErrorCode::AlreadyExists,
                fmt::format("{} in {} is not a stamp of ours", kOwnerStamp, folder));
  }
  const std::string& owner_id = (*owner)["clusterID"].as_string();
  if (owner_id == cluster_id) return true;
  return fail(ErrorCode::AlreadyExists,
              fmt::format("{} belongs to cluster {}", folder, go_quote(owner_id)));
}

Result<void> write_if_different(Disk& disk, const std::string& folder,
                                const std::map<std::string, std::int64_t>& sizes,
                                const std::string& name, const std::string& bytes,
                                PublishResult& result) {
  const std::string path = folder + "/" + name;
  const auto there = sizes.find(name);
  if (there != sizes.end() && there->second == static_cast<std::int64_t>(bytes.size())) {
    const Result<std::string> old = disk.read(path);
    if (old && *old == bytes) return {};
  }
  Result<void> written = disk.write_atomic(path, bytes);
  if (!written) return written;
  result.written.push_back(name);
  return {};
}

}  // namespace

FilePublisher::FilePublisher(Disk& disk, std::string folder, std::string cluster_id)
    : disk_(disk), folder_(std::move(folder)), cluster_id_(std::move(cluster_id)) {}

Result<Files> FilePublisher::current() const {
  const Result<std::vector<FileInfo>> there = disk_.list(folder_);
  if (!there) return std::unexpected(there.error());
  const Result<bool> claimed = is_claimed(disk_, folder_, cluster_id_);
  if (!claimed) return std::unexpected(claimed.error());
  Files files;
  if (!*claimed) return files;
  for (const FileInfo& info : *there) {
    if (!is_ours(info.name)) continue;
    Result<std::string> bytes = disk_.read(folder_ + "/" + info.name);
    if (!bytes && bytes.error().code() == ErrorCode::NotFound) continue;
    if (!bytes) return std::unexpected(bytes.error());
    files.emplace(info.name, *std::move(bytes));
  }
  return files;
}

Result<PublishResult> FilePublisher::publish(const Files& desired, const Farewell* farewell) const {
  for (const auto& [name, bytes] : desired) {
    if (!is_publishable(name)) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("{} is not a name of a published file", go_quote(name)));
    }
  }
  const Result<std::vector<FileInfo>> there = disk_.list(folder_);
  if (!there) return std::unexpected(there.error());
  Result<void> claimed = claim();
  if (!claimed) return std::unexpected(std::move(claimed).error());

  PublishResult result;
  std::map<std::string, std::int64_t> sizes;
  std::vector<std::string> unwanted;
  for (const FileInfo& info : *there) {
    sizes.emplace(info.name, info.bytes);
    if (is_foreign(info.name)) result.foreign.push_back(info.name);
    if (is_ours(info.name) && !desired.contains(info.name)) unwanted.push_back(info.name);
  }
  for (const auto& [name, bytes] : desired) {
    Result<void> done = write_if_different(disk_, folder_, sizes, name, bytes, result);
    if (!done) return std::unexpected(std::move(done).error().with_context("publish " + name));
  }
  for (const std::string& name : unwanted) {
    if (farewell != nullptr && !farewell->ready.contains(name)) {
      Result<void> done = write_if_different(disk_, folder_, sizes, name, farewell->text, result);
      if (!done) return std::unexpected(std::move(done).error().with_context("empty " + name));
      result.leaving.push_back(name);
      continue;
    }
    Result<void> removed = disk_.remove(folder_ + "/" + name);
    if (!removed) return std::unexpected(std::move(removed).error().with_context("remove " + name));
    result.removed.push_back(name);
  }
  for (const FileInfo& info : *there) {
    if (!is_stale_temporary(info.name)) continue;
    Result<void> removed = disk_.remove(folder_ + "/" + info.name);
    if (!removed) return std::unexpected(std::move(removed).error());
  }
  return result;
}

Result<PublishResult> FilePublisher::leave() const {
  const Result<bool> claimed = is_claimed(disk_, folder_, cluster_id_);
  if (!claimed) return std::unexpected(claimed.error());
  if (!*claimed) return PublishResult{};
  Result<PublishResult> emptied = publish({});
  if (!emptied) return emptied;
  Result<void> left = disk_.remove(folder_ + "/" + std::string(kOwnerStamp));
  if (!left) return std::unexpected(std::move(left).error().with_context("remove the stamp"));
  return emptied;
}

Result<void> FilePublisher::claim() const {
  const Result<bool> claimed = is_claimed(disk_, folder_, cluster_id_);
  if (!claimed) return std::unexpected(claimed.error());
  if (*claimed) return {};
  const Result<std::vector<FileInfo>> there = disk_.list(folder_);
  if (!there) return std::unexpected(there.error());
  const std::string stamp = to_json(Json::object({{"clusterID", cluster_id_}})) + "\n";
  return disk_.write_atomic(folder_ + "/" + std::string(kOwnerStamp), stamp);
}

}  // namespace clickdeploy::prometheus
