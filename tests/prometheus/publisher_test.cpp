#include "controller/prometheus/publisher.h"

#include "controller/async/memory_disk.h"
#include "tests/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <thread>

namespace clickdeploy::prometheus {
namespace {

using Names = std::vector<std::string>;

// A disk on which one file cannot be removed.
class StubbornDisk final : public Disk {
 public:
  StubbornDisk(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}

  Result<std::string> read(const std::string& path) override { return disk_.read(path); }
  Result<void> write_atomic(const std::string& path, std::string_view bytes,
                            unsigned mode) override {
    return disk_.write_atomic(path, bytes, mode);
  }
  Result<void> remove(const std::string& path) override {
    if (path == path_) return fail(ErrorCode::Unavailable, "busy");
    return disk_.remove(path);
  }
  Result<std::vector<FileInfo>> list(const std::string& folder) override {
    return disk_.list(folder);
  }
  Result<void> make_folder(const std::string& path, unsigned mode) override {
    return disk_.make_folder(path, mode);
  }

 private:
  Disk& disk_;
  std::string path_;
};

class Publisher : public ::testing::Test {
 protected:
  Publisher() { EXPECT_TRUE(disk_.make_folder("/targets")); }

  MemoryDisk disk_;
  FilePublisher publisher_{disk_, "/targets", "cluster-a"};
};

TEST_F(Publisher, WritesWhatIsDesiredAndRemovesTheRest) {
  ASSERT_TRUE(publisher_.publish({{"clickdeploy-a.json", "1"}, {"clickdeploy-b.json", "2"}}));
  const Result<PublishResult> result =
      publisher_.publish({{"clickdeploy-b.json", "3"}, {"clickdeploy-c.json", "[]\n"}});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->written, (Names{"clickdeploy-b.json", "clickdeploy-c.json"}));
  EXPECT_EQ(result->removed, Names{"clickdeploy-a.json"});
  EXPECT_EQ(*publisher_.current(),
            (Files{{"clickdeploy-b.json", "3"}, {"clickdeploy-c.json", "[]\n"}}));
}

TEST_F(Publisher, WithAFarewellAFileIsEmptiedAndRemovedOnceItIsReady) {
  ASSERT_TRUE(publisher_.publish({{"clickdeploy-a.json", "1"}, {"clickdeploy-b.json", "2"}}));
  const Files desired = {{"clickdeploy-b.json", "2"}};
  Farewell farewell{.text = "none", .ready = {"clickdeploy-b.json"}};
  for (const Names& written : {Names{"clickdeploy-a.json"}, Names{}}) {
    const Result<PublishResult> result = publisher_.publish(desired, &farewell);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->written, written);
    EXPECT_EQ(result->leaving, Names{"clickdeploy-a.json"});
    EXPECT_TRUE(result->removed.empty());
    EXPECT_EQ(publisher_.current()->at("clickdeploy-a.json"), "none");
  }
  farewell.ready = {"clickdeploy-a.json"};
  const Result<PublishResult> result = publisher_.publish(desired, &farewell);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->removed, Names{"clickdeploy-a.json"});
  EXPECT_TRUE(result->leaving.empty());
  EXPECT_EQ(*publisher_.current(), desired);
}

TEST_F(Publisher, WritesNothingWhenAllIsRight) {
  const Files files = {{"clickdeploy-a.json", "1"}};
  ASSERT_TRUE(publisher_.publish(files));
  const auto before = disk_.list("/targets");
  const Result<PublishResult> again = publisher_.publish(files);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->changed());
  const auto after = disk_.list("/targets");
  ASSERT_EQ(before->size(), after->size());
  for (std::size_t at = 0; at < after->size(); ++at) {
    EXPECT_EQ((*before)[at].mtime_ns, (*after)[at].mtime_ns) << (*after)[at].name;
  }
}

TEST_F(Publisher, RepairsAFileThatSomebodyEdited) {
  ASSERT_TRUE(publisher_.publish({{"clickdeploy-a.json", "1"}}));
  ASSERT_TRUE(disk_.write_atomic("/targets/clickdeploy-a.json", "2"));
  EXPECT_EQ(publisher_.publish({{"clickdeploy-a.json", "1"}})->written,
            Names{"clickdeploy-a.json"});
}

TEST_F(Publisher, NamesForeignFilesAndLeavesThem) {
  for (const char* name : {"mine.json", "rules.yml", "more.yaml", "clickdeploy-a.json.bak",
                           "README", ".clickdeploy-other.swp"}) {
    ASSERT_TRUE(disk_.write_atomic(std::string("/targets/") + name, "x"));
  }
  const Result<PublishResult> result = publisher_.publish({});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->foreign,
            (Names{"clickdeploy-a.json.bak", "mine.json", "more.yaml", "rules.yml"}));
  EXPECT_TRUE(result->removed.empty());
  EXPECT_EQ(*disk_.read("/targets/mine.json"), "x");
  EXPECT_EQ(disk_.list("/targets")->size(), 7u);  // and the stamp
}

TEST_F(Publisher, RemovesTemporaryFilesOfACrash) {
  ASSERT_TRUE(disk_.write_atomic("/targets/.clickdeploy-a.json.0011.tmp", "half"));
  ASSERT_TRUE(disk_.write_atomic("/targets/..clickdeploy-owner.0011.tmp", "half"));
  ASSERT_TRUE(disk_.write_atomic("/targets/.other.json.0011.tmp", "not ours"));
  ASSERT_TRUE(publisher_.publish({}));
  EXPECT_FALSE(disk_.read("/targets/.clickdeploy-a.json.0011.tmp"));
  EXPECT_FALSE(disk_.read("/targets/..clickdeploy-owner.0011.tmp"));
  EXPECT_TRUE(disk_.read("/targets/.other.json.0011.tmp"));
}

TEST_F(Publisher, AnotherClustersFolderIsLeftAlone) {
  ASSERT_TRUE(publisher_.publish({{"clickdeploy-a.json", "1"}}));
  const FilePublisher other(disk_, "/targets", "cluster-b");
  const Result<PublishResult> refused = other.publish({});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::AlreadyExists);
  EXPECT_NE(refused.error().message().find("cluster-a"), std::string::npos);
  EXPECT_EQ(other.current().error().code(), ErrorCode::AlreadyExists);
  EXPECT_EQ(publisher_.current()->size(), 1u);
}

TEST_F(Publisher, AFolderThatWasLeftIsFreeForAnotherOwner) {
  ASSERT_TRUE(publisher_.publish({{"clickdeploy-a.json", "1"}}));
  ASSERT_TRUE(disk_.write_atomic("/targets/theirs.json", "x"));
  const FilePublisher other(disk_, "/targets", "cluster-b");
  EXPECT_EQ(other.leave().error().code(), ErrorCode::AlreadyExists);
  EXPECT_EQ(publisher_.leave()->removed, Names{"clickdeploy-a.json"});
  EXPECT_EQ(disk_.list("/targets")->size(), 1u);  // theirs
  EXPECT_TRUE(publisher_.leave());
  EXPECT_EQ(disk_.list("/targets")->size(), 1u);
  EXPECT_TRUE(other.publish({}));
}

TEST_F(Publisher, AFolderKeepsItsStampUntilItIsEmptyOfOurs) {
  ASSERT_TRUE(publisher_.publish({{"clickdeploy-a.json", "1"}}));
  StubbornDisk stubborn(disk_, "/targets/clickdeploy-a.json");
  const FilePublisher hindered(stubborn, "/targets", "cluster-a");
  EXPECT_FALSE(hindered.leave());
  EXPECT_TRUE(disk_.read("/targets/.clickdeploy-owner"));
  EXPECT_TRUE(publisher_.leave());
  EXPECT_FALSE(disk_.read("/targets/.clickdeploy-owner"));
}

TEST_F(Publisher, UnreadableStampIsNobodysPermission) {
  ASSERT_TRUE(disk_.write_atomic("/targets/.clickdeploy-owner", "garbage"));
  EXPECT_EQ(publisher_.publish({}).error().code(), ErrorCode::AlreadyExists);
}

TEST_F(Publisher, UnclaimedFolderHoldsNothingOfOurs) {
  ASSERT_TRUE(disk_.write_atomic("/targets/clickdeploy-a.json", "1"));
  EXPECT_TRUE(publisher_.current()->empty());
}

TEST_F(Publisher, MissingFolderIsNotFoundAndNotMade) {
  const FilePublisher absent(disk_, "/absent", "cluster-a");
  EXPECT_EQ(absent.current().error().code(), ErrorCode::NotFound);
  EXPECT_EQ(absent.publish({}).error().code(), ErrorCode::NotFound);
  EXPECT_EQ(disk_.list("/absent").error().code(), ErrorCode::NotFound);
}

TEST_F(Publisher, RefusesNamesThatWouldNotBeOurs) {
  for (const char* name : {"a.json", "clickdeploy-a", "clickdeploy-../x.json",
                           "../clickdeploy-a.json", "clickdeploy-a.json.tmp", ""}) {
    EXPECT_EQ(publisher_.publish({{name, "1"}}).error().code(), ErrorCode::InvalidArgument) << name;
  }
}

// A reader that never rests sees whole files only, whatever we do to them meanwhile.
TEST(PublisherOnDisk, ReadersSeeOldOrNewBytesButNeverAPart) {
  const testing::TemporaryFolder folder;
  PosixDisk disk;
  const FilePublisher publisher(disk, folder.path(), "cluster-a");
  const std::string old_bytes(200'000, 'a');
  const std::string new_bytes(300'000, 'b');
  ASSERT_TRUE(publisher.publish({{"clickdeploy-a.json", old_bytes}}));

  std::atomic<bool> done{false};
  std::atomic<int> reads{0};
  std::atomic<int> torn{0};
  std::thread reader([&] {
    while (!done) {
      std::ifstream file(folder / "clickdeploy-a.json", std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(file)), {});
      if (bytes != old_bytes && bytes != new_bytes) ++torn;
      ++reads;
    }
  });
  for (int round = 0; round < 50 || reads < 50; ++round) {
    ASSERT_TRUE(
        publisher.publish({{"clickdeploy-a.json", round % 2 == 0 ? new_bytes : old_bytes}}));
  }
  done = true;
  reader.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(disk.list(folder.path())->size(), 2u);
}

}  // namespace
}  // namespace clickdeploy::prometheus
