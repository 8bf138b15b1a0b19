#include "tests/simulation/sim_disk.h"

#include <algorithm>
#include <utility>

namespace clickdeploy::simulation {
namespace {

constexpr std::uint64_t kSectorBytes = 512;

void write_into(std::string& file, std::uint64_t offset, std::string_view bytes) {
  if (file.size() < offset) file.resize(offset, '\0');
  const std::size_t inside = std::min<std::size_t>(bytes.size(), file.size() - offset);
  std::copy_n(bytes.begin(), inside, file.begin() + static_cast<std::ptrdiff_t>(offset));
  file.append(bytes.substr(inside));
}

void apply(std::string& file, const SimNode::Edit& edit) {
  if (edit.truncates) {
    file.resize(edit.offset, '\0');
  } else {
    write_into(file, edit.offset, edit.bytes);
  }
}

}  // namespace

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

bool SimDisk::chance(double probability) {
  // Nothing is drawn for what cannot happen, so a run without faults is the same with or without.
  if (probability <= 0) return false;
  return static_cast<double>(below(1'000'000)) < probability * 1'000'000.0;
}

void SimDisk::start_process() {
  ++life_;
  alive_ = true;
}

std::uint64_t SimDisk::used_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [path, node] : names_) bytes += node->bytes.size();
  return bytes;
}

// Counts an operation and says whether it fails.
DiskError SimDisk::begin(DiskOperation operation) {
  if (!alive_ || !on_) return DiskError::Io;
  if (operation == DiskOperation::Read) {
    if (++reads_ == faults.fail_read_at) return faults.fail_with;
    return chance(faults.read_fails) ? DiskError::Io : DiskError::None;
  }
  ++changes_;
  if (changes_ == faults.cut_power_at) cut_after_ = true;
  if (changes_ == faults.fail_change_at) return faults.fail_with;
  if (faults.read_only) return DiskError::ReadOnly;
  const bool syncs = operation == DiskOperation::Sync || operation == DiskOperation::SyncFolder;
  return chance(syncs ? faults.sync_fails : faults.write_fails) ? DiskError::Io : DiskError::None;
}

// After an operation that changed something.
DiskError SimDisk::end() {
  if (cut_after_) {
    cut_after_ = false;
    on_ = false;
  }
  if (after_change) after_change();
  return on_ ? DiskError::None : DiskError::Io;
}

DiskError SimDisk::open(const std::string& path, SimNodePtr& node) {
  if (const DiskError error = begin(DiskOperation::Read); error != DiskError::None) return error;
  node = find(path);
  return node ? DiskError::None : DiskError::NotFound;
}

DiskError SimDisk::create(const std::string& path, SimNodePtr& node) {
  const DiskError error = begin(DiskOperation::Create);
  if (error != DiskError::None) return end(), error;
  if (!folders_.contains(folder_of(path))) return end(), DiskError::NotFound;
  if (names_.contains(path)) return end(), DiskError::Exists;
  node = std::make_shared<SimNode>();
  node->mtime_ns = ++times_;
  change_name("", path, node);
  return end();
}

DiskError SimDisk::read(const SimNode&) {
  return begin(DiskOperation::Read);
}

// How much of a write there is space for.
std::size_t SimDisk::room(const SimNode& node, std::uint64_t offset, std::size_t size) const {
  if (!faults.capacity_bytes) return size;
  const std::uint64_t used = used_bytes();
  const std::uint64_t left = *faults.capacity_bytes > used ? *faults.capacity_bytes - used : 0;
  const std::uint64_t most = node.bytes.size() + left;
  return most <= offset ? 0 : std::min<std::uint64_t>(size, most - offset);
}

void SimDisk::put(SimNode& node, std::uint64_t offset, std::string_view bytes) {
  if (bytes.empty()) return;
  write_into(node.bytes, offset, bytes);
  node.unsynced.push_back({.offset = offset, .bytes = std::string(bytes)});
  node.mtime_ns = ++times_;
}

DiskError SimDisk::write(SimNode& node, std::uint64_t offset, std::string_view bytes,
                         std::size_t& size) {
  DiskError error = begin(DiskOperation::Write);
  if (!alive_ || !on_) return DiskError::Io;
  size = bytes.size();
  if (error == DiskError::Io) size = below(bytes.size() + 1);
  if (error == DiskError::ReadOnly || error == DiskError::NoSpace) size = 0;
  const std::size_t fits = room(node, offset, size);
  if (fits < size) {
    size = fits;
    if (error == DiskError::None) error = DiskError::NoSpace;
  }
  put(node, offset, bytes.substr(0, size));
  const DiskError after = end();
  return error != DiskError::None ? error : after;
}

std::size_t SimDisk::write_size(std::size_t bytes) {
  return bytes > 1 && chance(faults.short_write) ? 1 + below(bytes - 1) : bytes;
}

DiskError SimDisk::truncate(SimNode& node, std::uint64_t size) {
  const DiskError error = begin(DiskOperation::Truncate);
  if (error != DiskError::None) return end(), error;
  node.bytes.resize(size, '\0');
  node.unsynced.push_back({.offset = size, .truncates = true});
  node.mtime_ns = ++times_;
  return end();
}

// What a sync that failed leaves: some of it reached the disk, the rest is believed to have.
void SimDisk::drop_dirty(SimNode& node) {
  for (const SimNode::Edit& edit : node.unsynced) {
    if (chance(0.5)) apply(node.durable, edit);
  }
  node.unsynced.clear();
}

DiskError SimDisk::sync(SimNode& node) {
  const DiskError error = begin(DiskOperation::Sync);
  if (!alive_ || !on_) return DiskError::Io;
  if (cut_after_) return end(), DiskError::Io;
  if (error != DiskError::None) return drop_dirty(node), end(), error;
  for (const SimNode::Edit& edit : node.unsynced) apply(node.durable, edit);
  node.unsynced.clear();
  return end();
}

void SimDisk::change_name(std::string removed, std::string added, SimNodePtr node) {
  const std::string folder = folder_of(added.empty() ? removed : added);
  if (!removed.empty()) names_.erase(removed);
  if (!added.empty()) names_[added] = node;
  unsynced_names_.push_back({folder, std::move(removed), std::move(added), std::move(node)});
}

DiskError SimDisk::rename(const std::string& from, const std::string& to) {
  const DiskError error = begin(DiskOperation::Rename);
  if (error != DiskError::None) return end(), error;
  SimNodePtr node = find(from);
  if (!node) return end(), DiskError::NotFound;
  change_name(from, to, std::move(node));
  return end();
}

DiskError SimDisk::remove(const std::string& path) {
  const DiskError error = begin(DiskOperation::Remove);
  if (error != DiskError::None) return end(), error;
  if (!names_.contains(path)) return end(), DiskError::NotFound;
  change_name(path, "", nullptr);
  return end();
}

DiskError SimDisk::sync_folder(const std::string& folder) {
  const DiskError error = begin(DiskOperation::SyncFolder);
  if (!alive_ || !on_) return DiskError::Io;
  if (cut_after_) return end(), DiskError::Io;
  if (error != DiskError::None) return end(), error;
  std::vector<NameChange> others;
  for (NameChange& change : unsynced_names_) {
    if (change.folder != folder) {
      others.push_back(std::move(change));
      continue;
    }
    if (!change.removed.empty()) durable_names_.erase(change.removed);
    if (!change.added.empty()) durable_names_[change.added] = change.node;
  }
  unsynced_names_ = std::move(others);
  return end();
}

DiskError SimDisk::set_mode(SimNode& node, unsigned mode) {
  const DiskError error = begin(DiskOperation::Write);
  if (error != DiskError::None) return end(), error;
  node.mode = mode;
  return end();
}

// Of the writes that were not synced, those that survive, each whole or some of its sectors.
void SimDisk::keep_part(SimNode& node, double damage) {
  for (const SimNode::Edit& edit : node.unsynced) {
    if (!chance(damage)) {
      apply(node.durable, edit);
      continue;
    }
    if (edit.truncates || chance(0.5)) continue;
    const std::string_view bytes = edit.bytes;
    std::uint64_t at = edit.offset;
    while (at < edit.offset + bytes.size()) {
      const std::uint64_t end =
          std::min((at / kSectorBytes + 1) * kSectorBytes, edit.offset + bytes.size());
      if (chance(0.5)) {
        write_into(node.durable, at, bytes.substr(at - edit.offset, end - at));
      }
      at = end;
    }
  }
  node.unsynced.clear();
  node.bytes = node.durable;
}

// A file system with a journal keeps a prefix of what was done to its names; others any part.
void SimDisk::keep_names(double damage) {
  const bool journal = chance(0.5);
  bool cut = false;
  for (NameChange& change : unsynced_names_) {
    const bool lost = chance(damage);
    cut = cut || lost;
    if (journal ? cut : lost) continue;
    if (!change.removed.empty()) durable_names_.erase(change.removed);
    if (!change.added.empty()) durable_names_[change.added] = change.node;
  }
  unsynced_names_.clear();
  names_ = durable_names_;
}

void SimDisk::lose_power(double damage) {
  alive_ = false;
  cut_after_ = false;
  keep_names(damage);
  for (auto& [path, node] : names_) keep_part(*node, damage);
  on_ = true;
  if (after_change) after_change();
}

bool SimDisk::flip_bit(const std::string& path) {
  const SimNodePtr node = find(path);
  if (!node || node->durable.empty()) return false;
  const std::size_t at = below(node->durable.size());
  const auto bit = static_cast<char>(1 << below(8));
  node->durable[at] = static_cast<char>(node->durable[at] ^ bit);
  if (at < node->bytes.size()) node->bytes[at] = static_cast<char>(node->bytes[at] ^ bit);
  return true;
}

bool SimDisk::flip_bit_at(const std::string& path, std::size_t at) {
  const SimNodePtr node = find(path);
  if (!node || at >= node->durable.size()) return false;
  node->durable[at] = static_cast<char>(node->durable[at] ^ 1);
  if (at < node->bytes.size()) node->bytes[at] = static_cast<char>(node->bytes[at] ^ 1);
  return true;
}

SimNodePtr SimDisk::find(const std::string& path) const {
  const auto at = names_.find(path);
  return at == names_.end() ? nullptr : at->second;
}

void SimDisk::note_published(const std::string& path, std::string_view bytes) {
  published_[path].emplace(bytes);
}

bool SimDisk::was_published(const std::string& path, const std::string& bytes) const {
  const auto known = published_.find(path);
  return known != published_.end() && known->second.contains(bytes);
}

void SimDisk::make_folder(const std::string& path) {
  std::string folder = path;
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  for (; folder != "/"; folder = folder_of(folder)) folders_.insert(folder);
}

}  // namespace clickdeploy::simulation
