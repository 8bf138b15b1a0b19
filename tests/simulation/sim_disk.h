// SimDisk: a disk in memory that knows what was written and what was synced.
//
// Readers see what was written (the page cache). A loss of power leaves what was synced, and of the
// rest any part: each write whole, lost, or torn at sectors of 512 bytes; each file's creation,
// renaming or removal done or undone unless its folder was synced. Everything is drawn from the
// seed.
//
// One process (at a time) writes to it, through SimVfs (the database) and SimFiles (published
// files). Its operations are counted, and fail as `faults` says; those of anybody else who looks
// do not. A process that is killed can do nothing more, though its objects may still try.
//
// To fail the n-th operation of a run, for n = 1, 2, …: set fail_change_at (or fail_read_at) and
// fail_with before the run; the run had an n-th operation if changes() (reads()) reached n. To cut
// the power in the middle of one: cut_power_at. To fail now and then: the rates. Set what you like
// at any moment; `faults = {}` ends them all.
//
// Threads: one.

#pragma once

#include "controller/async/random.h"
#include "tests/simulation/sim_disk_faults.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::simulation {

// A file, by whatever names. Made and changed by SimDisk.
struct SimNode {
  struct Edit {
    std::uint64_t offset = 0;  // of a truncation: the new size
    std::string bytes;
    bool truncates = false;
  };
  // SQLite's locks and shared memory on it; forgotten when the process dies.
  struct Locks {
    std::uint64_t life = 0;
    int shared = 0;
    const void* reserved = nullptr;
    const void* pending = nullptr;
    const void* exclusive = nullptr;
    std::vector<std::unique_ptr<char[]>> regions;
    std::map<int, int> region_locks;  // slot: readers, or -1 for a writer
  };

  std::string bytes;    // what readers see
  std::string durable;  // what is there after a loss of power
  std::vector<Edit> unsynced;
  unsigned mode = 0644;
  std::int64_t mtime_ns = 0;
  Locks locks;
};
using SimNodePtr = std::shared_ptr<SimNode>;

class SimDisk {
 public:
  explicit SimDisk(std::uint64_t seed) : random_(seed) {}
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;

  DiskFaults faults;
  std::function<void()> after_change;  // called after each operation of the process that changes

  // The process. What it opened in an earlier life is dead.
  void start_process();
  void kill_process() { alive_ = false; }
  void resume_process() { alive_ = true; }  // the same life goes on
  std::uint64_t life() const { return life_; }

  // The power is off from the operation that `cut_power_at` names until lose_power() is done.
  bool has_power() const { return on_; }
  // `damage` is the share of what was not synced that is lost or torn.
  void lose_power(double damage);
  // One bit of the file, written and synced. False if there is no such file or it is empty.
  bool flip_bit(const std::string& path);
  // The lowest bit of the byte there.
  bool flip_bit_at(const std::string& path, std::size_t at);

  std::uint64_t changes() const { return changes_; }  // operations of the process so far
  std::uint64_t reads() const { return reads_; }
  std::uint64_t used_bytes() const;

  // Operations of the process. `size` of a write says how much of it was done where it failed.
  DiskError open(const std::string& path, SimNodePtr& node);
  DiskError create(const std::string& path, SimNodePtr& node);  // must not exist
  DiskError read(const SimNode& node);  // may it? the bytes are the caller's to copy
  DiskError write(SimNode& node, std::uint64_t offset, std::string_view bytes, std::size_t& size);
  DiskError truncate(SimNode& node, std::uint64_t size);
  DiskError sync(SimNode& node);
  DiskError rename(const std::string& from, const std::string& to);
  DiskError remove(const std::string& path);
  DiskError sync_folder(const std::string& folder);
  DiskError set_mode(SimNode& node, unsigned mode);

  // How much of so many bytes one write of a published file takes; the caller writes on.
  std::size_t write_size(std::size_t bytes);

  // Of anybody: looks, without faults. Folders are made at once, for good.
  SimNodePtr find(const std::string& path) const;  // nullptr if there is none
  const std::map<std::string, SimNodePtr>& files() const { return names_; }
  bool has_folder(const std::string& folder) const { return folders_.contains(folder); }
  void make_folder(const std::string& path);

  // Contents that somebody meant a file to have, as a whole.
  void note_published(const std::string& path, std::string_view bytes);
  bool was_published(const std::string& path, const std::string& bytes) const;

  std::uint64_t draw() { return random_.next(); }
  std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : random_.next() % n; }

 private:
  using Names = std::map<std::string, SimNodePtr>;
  struct NameChange {
    std::string folder;
    std::string removed;  // "" is none
    std::string added;    // "" is none
    SimNodePtr node;
  };

  bool chance(double probability);
  DiskError begin(DiskOperation operation);
  DiskError end();
  std::size_t room(const SimNode& node, std::uint64_t offset, std::size_t size) const;
  void put(SimNode& node, std::uint64_t offset, std::string_view bytes);
  void drop_dirty(SimNode& node);
  void keep_part(SimNode& node, double damage);
  void keep_names(double damage);
  void change_name(std::string removed, std::string added, SimNodePtr node);

  SeededRandom random_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> unsynced_names_;
  std::set<std::string> folders_{"/"};
  std::map<std::string, std::set<std::string>> published_;
  std::uint64_t life_ = 1;
  bool alive_ = true;
  bool on_ = true;
  bool cut_after_ = false;  // this operation is the last
  std::uint64_t changes_ = 0;
  std::uint64_t reads_ = 0;
  std::int64_t times_ = 0;  // stands in for the time of change
};

std::string folder_of(const std::string& path);

}  // namespace clickdeploy::simulation
