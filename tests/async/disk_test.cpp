#include "controller/async/disk.h"

#include "controller/async/memory_disk.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace clickdeploy {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = testing::TempDir() + "clickdeploy-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string path(const std::string& name = "") const { return path_ + "/" + name; }

 private:
  std::string path_;
};

unsigned mode_of(const std::string& path) {
  struct stat info{};
  EXPECT_EQ(::stat(path.c_str(), &info), 0);
  return info.st_mode & 07777U;
}

// What every Disk promises.
void expect_disk_behaviour(Disk& disk, const std::string& folder) {
  EXPECT_EQ(disk.read(folder + "absent").error().code(), ErrorCode::NotFound);
  EXPECT_EQ(disk.list(folder + "absent").error().code(), ErrorCode::NotFound);
  EXPECT_EQ(disk.write_atomic(folder + "absent/file", "x").error().code(), ErrorCode::NotFound);
  ASSERT_TRUE(disk.make_folder(folder + "a/b"));
  ASSERT_TRUE(disk.make_folder(folder + "a/b/"));
  const std::string bytes("one\0two", 7);
  ASSERT_TRUE(disk.write_atomic(folder + "a/z", bytes));
  ASSERT_TRUE(disk.write_atomic(folder + "a/c", "first"));
  ASSERT_TRUE(disk.write_atomic(folder + "a/c", ""));
  EXPECT_EQ(disk.read(folder + "a/z"), bytes);
  EXPECT_EQ(disk.read(folder + "a/c"), "");

  const Result<std::vector<FileInfo>> files = disk.list(folder + "a");
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 2U) << "no folders, no temporary files";
  EXPECT_EQ((*files)[0].name, "c");
  EXPECT_EQ((*files)[1].name, "z");
  EXPECT_EQ((*files)[1].bytes, 7);
  EXPECT_GT((*files)[1].mtime_ns, 0);

  EXPECT_TRUE(disk.remove(folder + "a/z"));
  EXPECT_TRUE(disk.remove(folder + "a/z"));
  EXPECT_EQ(disk.read(folder + "a/z").error().code(), ErrorCode::NotFound);
}

TEST(PosixDisk, BehavesAsADisk) {
  TemporaryFolder folder;
  PosixDisk disk;
  expect_disk_behaviour(disk, folder.path());
}

TEST(MemoryDisk, BehavesAsADisk) {
  MemoryDisk disk;
  ASSERT_TRUE(disk.make_folder("/data"));
  expect_disk_behaviour(disk, "/data/");
  ASSERT_TRUE(disk.write_atomic("/data/secret", "x", 0600));
  EXPECT_EQ(disk.mode_of("/data/secret"), 0600U);
}

TEST(PosixDisk, ReadersSeeOldOrNewButNeverAPart) {
  TemporaryFolder folder;
  PosixDisk disk;
  const std::string path = folder.path("file");
  const std::string a(300'000, 'a');
  const std::string b(200'000, 'b');
  ASSERT_TRUE(disk.write_atomic(path, a, 0644));
  std::atomic<bool> done{false};
  std::atomic<int> reads{0};
  std::thread reader([&] {
    while (!done) {
      const Result<std::string> bytes = PosixDisk().read(path);
      EXPECT_TRUE(bytes && (*bytes == a || *bytes == b));
      ++reads;
    }
  });
  for (int i = 0; i < 30 || reads < 30; ++i) {
    EXPECT_TRUE(disk.write_atomic(path, i % 2 == 0 ? b : a, 0644));
  }
  done = true;
  reader.join();
}

TEST(PosixDisk, RefusesToWriteThroughALink) {
  TemporaryFolder folder;
  PosixDisk disk;
  std::ofstream(folder.path("target")) << "kept";
  std::filesystem::create_symlink(folder.path("target"), folder.path("link"));
  std::filesystem::create_symlink(folder.path("nowhere"), folder.path("dangling"));
  for (const char* name : {"link", "dangling"}) {
    const Result<void> written = disk.write_atomic(folder.path(name), "new", 0644);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().message(), folder.path(name) + " is a symbolic link");
  }
  EXPECT_EQ(disk.read(folder.path("target")), "kept");
  EXPECT_FALSE(std::filesystem::exists(folder.path("nowhere")));
  std::filesystem::create_directory(folder.path("folder"));
  EXPECT_FALSE(disk.write_atomic(folder.path("folder"), "new", 0644));
}

TEST(PosixDisk, ModesHoldWhateverTheUmask) {
  TemporaryFolder folder;
  PosixDisk disk;
  const mode_t before = ::umask(0077);
  EXPECT_TRUE(disk.write_atomic(folder.path("open"), "x", 0644));
  EXPECT_TRUE(disk.make_folder(folder.path("sub"), 0755));
  ::umask(0);
  EXPECT_TRUE(disk.write_atomic(folder.path("closed"), "x", 0600));
  ::umask(before);
  EXPECT_EQ(mode_of(folder.path("open")), 0644U);
  EXPECT_EQ(mode_of(folder.path("sub")), 0755U);
  EXPECT_EQ(mode_of(folder.path("closed")), 0600U);
}

TEST(PosixDisk, AFailedWriteLeavesNothingBehind) {
  TemporaryFolder folder;
  PosixDisk disk;
  const std::string name(300, 'n');  // longer than a file name may be
  EXPECT_FALSE(disk.write_atomic(folder.path(name), "x", 0644));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace clickdeploy
