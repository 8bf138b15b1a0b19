#include "tests/store/store_fixture.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <fstream>
#include <iterator>

namespace clickdeploy::store {
namespace {

class Damage : public StoreTest {
 protected:
  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void write(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }

  void fill(const std::string& text) {
    for (int i = 0; i < 20; ++i) create(pod(std::to_string(i)), text + std::string(300, 'x'));
    for (int i = 0; i < 20; i += 3) update(pod(std::to_string(i)), text);
    for (int i = 0; i < 20; i += 7) remove(pod(std::to_string(i)));
  }

  std::vector<std::string> contents() {
    std::vector<std::string> lines = describe(store_->list("pods", std::nullopt).documents);
    Result<std::unique_ptr<Watch>> all = store_->watch("", store_->oldest_revision());
    for (std::string& line : describe(*run((*all)->next(1000)))) lines.push_back(std::move(line));
    return lines;
  }

  void expect_damaged(const StoreOptions& damaged, const std::string& what) {
    Result<void> opened = try_open(damaged);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), ErrorCode::Internal) << opened.error().message();
    EXPECT_NE(opened.error().message().find("is damaged"), std::string::npos)
        << opened.error().message();
    EXPECT_NE(opened.error().message().find(what), std::string::npos) << opened.error().message();
  }
};

TEST_F(Damage, IsReportedAndNotRepaired) {
  open();
  fill("text");
  close();
  const std::string sound = read(path_);
  ASSERT_GT(sound.size(), 4 * 4096u);
  std::string bad = sound;
  bad.replace(2 * 4096, 4096, std::string(4096, '\x5a'));
  write(path_, bad);
  expect_damaged(options(), path_);
  EXPECT_EQ(read(path_), bad);
  write(path_, sound);
  open();
  EXPECT_EQ(store_->revision(), 30u);
}

TEST_F(Damage, RubbishIsNotADatabase) {
  write(path_, std::string(10'000, 'x'));
  expect_damaged(options(), "not a database");
  EXPECT_EQ(read(path_), std::string(10'000, 'x'));
}

// One flipped bit anywhere either does not matter or is noticed: never other documents.
TEST_F(Damage, OneFlippedBitIsNeverServed) {
  open();
  fill("text");
  const std::vector<std::string> want = contents();
  close();
  const std::string sound = read(path_);
  int noticed = 0;
  int harmless = 0;
  for (std::size_t at = 0; at < sound.size(); at += at < 128 ? 1 : 61) {
    std::string bad = sound;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    write(path_, bad);
    Result<void> opened = try_open(options());
    if (!opened) {
      EXPECT_FALSE(opened.error().message().empty());
      ++noticed;
    } else {
      ASSERT_EQ(contents(), want) << "byte " << at;
      ++harmless;
      close();
    }
    std::filesystem::remove(path_ + "-wal");
  }
  EXPECT_GT(noticed, 100);
  EXPECT_GT(harmless, 10);  // free space
}

TEST_F(Damage, AWriteAheadLogOfAnotherDatabaseIsNotServed) {
  open();
  fill("ours");
  const std::vector<std::string> want = contents();
  close();

  StoreOptions other = options();
  other.path = file("other.db");
  open(other);
  fill("theirs");
  std::filesystem::copy_file(other.path + "-wal", path_ + "-wal");
  close();

  expect_damaged(options(), "belongs to another database");
  std::filesystem::remove(path_ + "-wal");
  open();
  EXPECT_EQ(contents(), want);
}

TEST_F(Damage, AWriteAheadLogWithoutItsFileIsNotThrownAway) {
  open();
  create(pod("a"));
  const std::string log = read(path_ + "-wal");
  close();
  std::filesystem::remove(path_);
  write(path_ + "-wal", log);
  expect_damaged(options(), "-wal");
  EXPECT_EQ(read(path_ + "-wal"), log);
}

TEST_F(Damage, TablesThatContradictEachOtherAreNoticed) {
  const std::vector<std::string> edits = {
      "DELETE FROM log WHERE revision = 5",
      "DELETE FROM log WHERE revision = 30",
      "DELETE FROM log",
      "DELETE FROM documents WHERE name = '3'",
      "UPDATE documents SET bytes = CAST('uid-of-4||changed|5|end' AS BLOB) WHERE name = '4'",
      "UPDATE documents SET name = 'four' WHERE name = '4'",
      "UPDATE documents SET uid = 'another' WHERE name = '4'",
      "UPDATE log SET type = 0 WHERE revision = 25",
      "UPDATE meta SET value = 29 WHERE key = 'revision'",
      "UPDATE meta SET value = 31 WHERE key = 'revision'",
      "UPDATE meta SET value = 'x' WHERE key = 'cluster_id'",
      "DELETE FROM meta WHERE key = 'cluster_id'",
      "DELETE FROM meta WHERE key = 'schema_version'",
      "DROP TABLE log"};
  open();
  fill("text");
  close();
  const std::string sound = read(path_);
  for (const std::string& edit : edits) {
    SCOPED_TRACE(edit);
    write(path_, sound);
    SQLite::Database(path_, SQLite::OPEN_READWRITE).exec(edit);
    expect_damaged(options(), "");
  }
}

TEST_F(Damage, BytesThatCannotBeReadAreNamed) {
  open();
  create(pod("a"));
  close();
  auto refuse = [](const Key&, std::string_view) -> Result<Facts> {
    return fail(ErrorCode::Internal, "no such field");
  };
  Result<std::unique_ptr<ObjectStore>> opened = ObjectStore::open(options(), refuse);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message().find(
                "read the stored document at revision 1 (pods shop/a): no such field"),
            std::string::npos)
      << opened.error().message();
}

}  // namespace
}  // namespace clickdeploy::store
