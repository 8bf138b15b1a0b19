#include "tests/store/fault_vfs.h"
#include "tests/store/store_fixture.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <sqlite3.h>

namespace clickdeploy::store {
namespace {

class Compaction : public StoreTest {
 protected:
  int log_rows() {
    close();
    SQLite::Database file(path_);
    return file.execAndGet("SELECT count(*) FROM log").getInt();
  }

  std::uintmax_t size() {
    return std::filesystem::file_size(path_) + std::filesystem::file_size(path_ + "-wal");
  }
};

Task<void> churn(ObjectStore& store, Key key, int count, int& done) {
  for (int i = 0; i < count; ++i) {
    Write write = make_write(Operation::Update, key, std::string(500, 'x'));
    Result<DocumentPtr> result = co_await store.commit(std::move(write));
    EXPECT_TRUE(result);
    ++done;
  }
}

TEST_F(Compaction, BoundsTheFileUnderFiftyThousandUpdates) {
  FaultVfs unsynced("churn");  // none of its faults, but quick
  StoreOptions small = options();
  small.vfs = unsynced.name();
  small.log_events_max = 500;
  small.compact_batch = 100;
  open(small);
  int done = 0;
  constexpr int kKeys = 50;
  for (int i = 0; i < kKeys; ++i) create(pod(std::to_string(i)));
  for (int i = 0; i < kKeys; ++i) {
    boost::asio::co_spawn(loop_, churn(*store_, pod(std::to_string(i)), 1000, done),
                          [](std::exception_ptr failed) { EXPECT_FALSE(failed); });
  }
  std::uintmax_t early = 0;
  spin([&] {
    if (done >= 10'000 && early == 0) early = size();
    return done == kKeys * 1000;
  });
  EXPECT_EQ(store_->revision(), 50'050u);
  EXPECT_EQ(store_->oldest_revision(), 50'050u - 500);
  EXPECT_LT(size(), early + (4u << 20));
  EXPECT_LT(size(), 16u << 20);
  EXPECT_LT(log_rows(), 600);
}

TEST_F(Compaction, ResumesAfterAFailure) {
  FaultVfs vfs("compaction");
  StoreOptions small = options();
  small.vfs = vfs.name();
  small.log_events_max = 10;
  small.compact_batch = 5;
  open(small);
  create(pod("a"));
  for (int i = 0; i < 40; ++i) {
    // Every operation of the writer's piece in turn: the commit's, then the compaction's.
    vfs.fail_operation(1 + i % 8, SQLITE_IOERR_WRITE);
    Result<DocumentPtr> done = commit(make_write(Operation::Update, pod("a")));
    run(run_on(writer_.executor(), [] { return true; }));  // the rest of the piece, too
  }
  vfs.fail_operation(0, 0);
  for (int i = 0; i < 10; ++i) update(pod("a"), "");
  EXPECT_EQ(store_->revision() - store_->oldest_revision(), 10u);
  EXPECT_LT(log_rows(), 15);
}

TEST_F(Compaction, ALogKeptShorterThanBeforeIsCutDown) {
  open();
  create(pod("a"));
  for (int i = 0; i < 100; ++i) update(pod("a"), "");
  close();
  StoreOptions small = options();
  small.log_events_max = 10;
  small.compact_batch = 20;
  open(small);
  EXPECT_EQ(store_->oldest_revision(), 91u);
  update(pod("a"), "");
  EXPECT_LT(log_rows(), 31);
}

}  // namespace
}  // namespace clickdeploy::store
