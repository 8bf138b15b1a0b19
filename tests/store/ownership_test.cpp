#include "tests/store/store_fixture.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <fstream>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace clickdeploy::store {
namespace {

class Ownership : public StoreTest {
 protected:
  unsigned mode_of(const std::string& path) {
    struct stat info = {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }
};

TEST_F(Ownership, KeepsTheFilesToItsOwner) {
  const mode_t mask = ::umask(0);
  open();
  ::umask(mask);
  create(pod("a"));
  EXPECT_EQ(mode_of(path_), 0600u);
  EXPECT_EQ(mode_of(path_ + "-wal"), 0600u);
  EXPECT_FALSE(std::filesystem::exists(path_ + "-shm"));
}

TEST_F(Ownership, TightensAFileThatIsOpenToOthers) {
  open();
  close();
  ASSERT_EQ(::chmod(path_.c_str(), 0666), 0);
  open();
  EXPECT_EQ(mode_of(path_), 0600u);
}

TEST_F(Ownership, RefusesASymbolicLink) {
  std::filesystem::create_symlink(file("elsewhere.db"), path_);
  Result<void> opened = try_open(options());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::InvalidArgument);
  EXPECT_NE(opened.error().message().find("is a symbolic link"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(file("elsewhere.db")));
}

TEST_F(Ownership, RefusesASymbolicLinkInPlaceOfTheWriteAheadLog) {
  std::ofstream(file("precious")) << "precious";
  std::filesystem::create_symlink(file("precious"), path_ + "-wal");
  std::ofstream(path_) << "";
  EXPECT_FALSE(try_open(options()));
  EXPECT_EQ(std::filesystem::file_size(file("precious")), 8u);
}

TEST_F(Ownership, FollowsALinkToTheFolder) {
  std::filesystem::create_directory(file("real"));
  std::filesystem::create_directory_symlink(file("real"), file("link"));
  StoreOptions linked = options();
  linked.path = file("link/store.db");
  open(linked);
  create(pod("a"));
  EXPECT_TRUE(std::filesystem::exists(file("real/store.db")));
}

TEST_F(Ownership, RefusesWhatIsNotAFile) {
  std::filesystem::create_directory(path_);
  EXPECT_EQ(try_open(options()).error().code(), ErrorCode::InvalidArgument);
  StoreOptions lost = options();
  lost.path = file("nowhere/store.db");
  EXPECT_EQ(try_open(lost).error().code(), ErrorCode::InvalidArgument);
  StoreOptions odd = options();
  odd.vfs = "no-such-vfs";
  EXPECT_EQ(try_open(odd).error().code(), ErrorCode::InvalidArgument);
}

TEST_F(Ownership, RefusesASecondOpenInTheSameProcess) {
  open();
  create(pod("a"));
  for (int attempt = 0; attempt < 2; ++attempt) {
    Result<std::unique_ptr<ObjectStore>> second = ObjectStore::open(options(), read_facts);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::Unavailable);
    EXPECT_NE(second.error().message().find("in use by another process"), std::string::npos);
  }
  create(pod("b"));
}

TEST_F(Ownership, RefusesASecondProcessEvenAfterARefusedOpenInTheFirst) {
  open();
  create(pod("a"));
  EXPECT_FALSE(ObjectStore::open(options(), read_facts));
  const pid_t child = ::fork();
  if (child == 0) {
    Result<std::unique_ptr<ObjectStore>> second = ObjectStore::open(options(), read_facts);
    ::_exit(!second && second.error().code() == ErrorCode::Unavailable ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  reopen();
  EXPECT_EQ(store_->revision(), 1u);
}

TEST_F(Ownership, LetsNoOtherProgramWrite) {
  open();
  create(pod("a"));
  SQLite::Database other(path_, SQLite::OPEN_READWRITE);
  EXPECT_THROW(other.exec("DELETE FROM documents"), SQLite::Exception);
}

TEST_F(Ownership, RefusesANewerSchemaAndLeavesItAlone) {
  open();
  create(pod("a"));
  close();
  SQLite::Database(path_, SQLite::OPEN_READWRITE)
      .exec("UPDATE meta SET value = 99 WHERE key = 'schema_version'");
  Result<void> opened = try_open(options());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::InvalidArgument);
  EXPECT_NE(opened.error().message().find("its schema version is 99, this program knows 1"),
            std::string::npos)
      << opened.error().message();
  SQLite::Database(path_, SQLite::OPEN_READWRITE)
      .exec("UPDATE meta SET value = 1 WHERE key = 'schema_version'");
  open();
  EXPECT_NE(store_->get(pod("a")), nullptr);
}

TEST_F(Ownership, RefusesAnotherProgramsDatabase) {
  SQLite::Database(path_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec("CREATE TABLE recipes (name)");
  Result<void> opened = try_open(options());
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message().find("is not a Click Deploy database"), std::string::npos);
}

TEST_F(Ownership, StartsAnewWhereCreationWasCutShort) {
  std::ofstream(path_) << "";
  open();
  EXPECT_EQ(create(pod("a"))->revision, 1u);
}

}  // namespace
}  // namespace clickdeploy::store
