#include "tests/simulation/sim_files.h"

#include <gtest/gtest.h>

#include <set>

namespace clickdeploy::simulation {
namespace {

const std::string kFolder = "/data";
const std::string kPath = "/data/file";
const std::string kOld(4000, 'o');
const std::string kNew(6000, 'n');

struct Machine {
  explicit Machine(std::uint64_t seed) : disk(seed) { disk.make_folder(kFolder); }

  SimNodePtr make(const std::string& path, const std::string& bytes) {
    SimNodePtr node;
    EXPECT_EQ(disk.create(path, node), DiskError::None);
    put(*node, bytes);
    return node;
  }
  void put(SimNode& node, const std::string& bytes) {
    std::size_t size = 0;
    EXPECT_EQ(disk.write(node, 0, bytes, size), DiskError::None);
    EXPECT_EQ(size, bytes.size());
  }
  // "" if there is no such file.
  std::string bytes(const std::string& path = kPath) const {
    const SimNodePtr node = disk.find(path);
    return node ? node->bytes : "";
  }

  SimDisk disk;
  SimFiles files{disk, FilesView::Process};
  SimFiles seen{disk, FilesView::Others};
};

TEST(SimDisk, WhatWasSyncedSurvivesALossOfPowerAndWhatWasWrittenAKill) {
  Machine machine(1);
  const SimNodePtr node = machine.make(kPath, kOld);
  EXPECT_EQ(machine.disk.sync(*node), DiskError::None);
  EXPECT_EQ(machine.disk.sync_folder(kFolder), DiskError::None);
  machine.put(*node, kNew);
  machine.disk.kill_process();
  machine.disk.start_process();
  EXPECT_EQ(machine.bytes(), kNew);
  machine.disk.lose_power(1.0);
  EXPECT_NE(machine.bytes(), kNew);
  EXPECT_GE(machine.bytes().size(), kOld.size());
}

TEST(SimDisk, WritesThatWereNotSyncedAreLostTornAndReordered) {
  std::set<std::string> outcomes;
  bool second_without_first = false;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Machine machine(seed);
    const SimNodePtr node = machine.make(kPath, std::string(2048, '.'));
    EXPECT_EQ(machine.disk.sync(*node), DiskError::None);
    EXPECT_EQ(machine.disk.sync_folder(kFolder), DiskError::None);
    std::size_t size = 0;
    EXPECT_EQ(machine.disk.write(*node, 0, std::string(1024, '1'), size), DiskError::None);
    EXPECT_EQ(machine.disk.write(*node, 1024, std::string(1024, '2'), size), DiskError::None);
    machine.disk.lose_power(0.8);
    const std::string bytes = machine.bytes();
    for (std::size_t sector = 0; sector < 2048; sector += 512) {
      EXPECT_EQ(bytes.substr(sector, 512), std::string(512, bytes[sector])) << "within a sector";
    }
    second_without_first |= bytes[0] == '.' && bytes[1024] == '2';
    outcomes.insert(bytes);
  }
  EXPECT_EQ(outcomes.size(), 16U) << "each sector is written or not";
  EXPECT_TRUE(second_without_first);
}

TEST(SimDisk, NamesHoldOnceTheirFolderIsSynced) {
  int kept = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Machine machine(seed);
    const SimNodePtr node = machine.make(kPath, kOld);
    EXPECT_EQ(machine.disk.sync(*node), DiskError::None);
    machine.disk.lose_power(0.9);
    kept += machine.bytes().empty() ? 0 : 1;
  }
  EXPECT_GT(kept, 0);
  EXPECT_LT(kept, 50);
}

TEST(SimDisk, ASyncThatFailedIsNotMadeUpForByTheNext) {
  int lost = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Machine machine(seed);
    const SimNodePtr node = machine.make(kPath, kNew);
    EXPECT_EQ(machine.disk.sync_folder(kFolder), DiskError::None);
    machine.disk.faults.fail_change_at = machine.disk.changes() + 1;
    EXPECT_EQ(machine.disk.sync(*node), DiskError::Io);
    EXPECT_EQ(machine.disk.sync(*node), DiskError::None);
    EXPECT_EQ(machine.bytes(), kNew) << "readers see it all the same";
    machine.disk.lose_power(1.0);
    lost += machine.bytes() == kNew ? 0 : 1;
  }
  EXPECT_GT(lost, 10);
}

TEST(SimDisk, IsFullUntilSpaceIsFreed) {
  Machine machine(1);
  ASSERT_TRUE(machine.files.write_atomic(kPath, kOld));
  machine.disk.faults.capacity_bytes = machine.disk.used_bytes() + 100;
  const Result<void> full = machine.files.write_atomic(kPath, kNew);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code(), ErrorCode::ResourceExhausted);
  EXPECT_EQ(machine.seen.list(kFolder)->size(), 1U) << "the temporary file is gone";
  EXPECT_EQ(machine.seen.read(kPath), kOld);
  machine.disk.faults = {};
  ASSERT_TRUE(machine.files.write_atomic(kPath, kNew));
}

TEST(SimDisk, AProcessThatWasKilledChangesNothing) {
  Machine machine(1);
  ASSERT_TRUE(machine.files.write_atomic(kPath, kOld));
  machine.disk.kill_process();
  EXPECT_FALSE(machine.files.write_atomic(kPath, kNew));
  EXPECT_FALSE(machine.files.remove(kPath));
  EXPECT_EQ(machine.seen.read(kPath), kOld);
  EXPECT_EQ(machine.seen.list(kFolder)->size(), 1U);
}

// For each step of a replacement: the power goes, or the step fails. At every moment and
// afterwards the file is the old one or the new one, and what was acknowledged is the new one.
TEST(ReplaceFile, IsAllOrNothingAtEachStep) {
  for (const bool power : {false, true}) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      bool reached = true;
      for (std::uint64_t n = 1; reached; ++n) {
        Machine machine(seed);
        ASSERT_TRUE(machine.files.write_atomic(kPath, kOld));
        machine.disk.after_change = [&machine] {
          const std::string bytes = machine.bytes();
          EXPECT_TRUE(bytes == kOld || bytes == kNew);
        };
        const std::uint64_t before = machine.disk.changes();
        machine.disk.faults.short_write = 0.5;
        (power ? machine.disk.faults.cut_power_at : machine.disk.faults.fail_change_at) =
            before + n;
        const bool acknowledged = machine.files.write_atomic(kPath, kNew).has_value();
        reached = machine.disk.changes() >= before + n;
        // A write that failed after a part of it is gone on with.
        if (power || !reached) EXPECT_NE(acknowledged, reached);
        machine.disk.lose_power(0.9);
        if (acknowledged) EXPECT_EQ(machine.bytes(), kNew);
      }
    }
  }
}

// That the test above can fail: the same without the sync before the renaming.
TEST(ReplaceFile, WouldTearWithoutItsSync) {
  int torn = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Machine machine(seed);
    ASSERT_TRUE(machine.files.write_atomic(kPath, kOld));
    machine.make("/data/temporary", kNew);
    EXPECT_EQ(machine.disk.rename("/data/temporary", kPath), DiskError::None);
    machine.disk.lose_power(0.9);
    torn += machine.bytes() == kOld || machine.bytes() == kNew ? 0 : 1;
  }
  EXPECT_GT(torn, 3);
}

}  // namespace
}  // namespace clickdeploy::simulation
