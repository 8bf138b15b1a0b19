#include "tests/store/fault_vfs.h"
#include "tests/store/store_fixture.h"

#include <fmt/format.h>

#include <map>
#include <sqlite3.h>

namespace clickdeploy::store {
namespace {

class Faults : public StoreTest {
 protected:
  ~Faults() override {
    if (store_) close();  // before its file system goes
  }

  StoreOptions faulty() {
    StoreOptions faulty = options();
    faulty.vfs = vfs_.name();
    return faulty;
  }

  FaultVfs vfs_{"faults"};
};

TEST_F(Faults, AFullDiskFailsWritesUntilThereIsSpaceAgain) {
  open(faulty());
  create(pod("a"), "1");
  std::unique_ptr<Watch> watch = *store_->watch("", 0);
  vfs_.fail_writes(SQLITE_FULL);
  for (int i = 0; i < 5; ++i) {
    Result<DocumentPtr> full = commit(make_write(Operation::Update, pod("a"), "lost"));
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code(), ErrorCode::Unavailable);
    EXPECT_NE(full.error().message().find("is full"), std::string::npos);
  }
  EXPECT_EQ(store_->revision(), 1u);
  EXPECT_EQ(text_of(*store_->get(pod("a"))), "1");
  vfs_.fail_writes(0);
  EXPECT_EQ(update(pod("a"), "2")->revision, 2u);
  EXPECT_EQ(run(watch->next(10))->size(), 2u);
  close();
  open(faulty());
  EXPECT_EQ(text_of(*store_->get(pod("a"))), "2");
}

TEST_F(Faults, AFailingDiskIsUnavailable) {
  open(faulty());
  create(pod("a"));
  vfs_.fail_writes(SQLITE_IOERR_WRITE);
  EXPECT_EQ(commit(make_write(Operation::Create, pod("b"))).error().code(), ErrorCode::Unavailable);
  vfs_.fail_writes(0);
  create(pod("b"));
}

// For each operation of a short history: fail it once. Whatever was acknowledged is there, in
// memory and after reopening; what was refused is not.
void run_with_failing_operation(const std::function<Result<DocumentPtr>(Write)>& commit,
                                std::map<std::string, std::string>& acknowledged) {
  for (int i = 0; i < 12; ++i) {
    const std::string name = std::to_string(i % 4);
    const Operation operation = acknowledged.contains(name) ? Operation::Update : Operation::Create;
    const std::string text = fmt::format("{}{}", i, std::string(3000, 'x'));
    if (commit(make_write(operation, pod(name), text))) acknowledged[name] = text;
  }
}

TEST_F(Faults, AnyOneFailedOperationLosesNothingAcknowledged) {
  for (int code : {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC}) {
    bool reached = true;
    for (int n = 1; reached; ++n) {
      SCOPED_TRACE(fmt::format("operation {} fails with {}", n, code));
      StoreOptions fresh = faulty();
      fresh.path = file(fmt::format("{}-{}.db", code, n));
      fresh.log_events_max = 3;
      fresh.compact_batch = 2;
      open(fresh);
      const int before = vfs_.operations();
      vfs_.fail_operation(n, code);
      std::map<std::string, std::string> acknowledged;
      run_with_failing_operation([this](Write write) { return commit(std::move(write)); },
                                 acknowledged);
      reached = vfs_.operations() - before >= n;
      vfs_.fail_operation(0, 0);
      const Revision revision = store_->revision();
      for (int opened = 0; opened < 2; ++opened) {
        std::map<std::string, std::string> found;
        for (const DocumentPtr& document : store_->list("pods", "shop").documents) {
          found[document->key.name] = text_of(*document);
        }
        ASSERT_EQ(found, acknowledged);
        ASSERT_EQ(store_->revision(), revision);
        close();
        open(fresh);
      }
      create(pod("new"));
      close();
    }
  }
}

TEST_F(Faults, AFailedCheckpointIsMadeUpForLater) {
  open(faulty());
  int failed = 0;
  for (int i = 0; i < 3000; ++i) {
    if (i % 500 == 0) vfs_.fail_operation(3 + i / 100, SQLITE_IOERR_FSYNC);
    const Operation operation = store_->get(pod("a")) ? Operation::Update : Operation::Create;
    if (!commit(make_write(operation, pod("a"), std::string(2000, 'x')))) ++failed;
  }
  EXPECT_LE(failed, 6);
  EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), 20u << 20);
}

TEST_F(Faults, OpeningOnAFailingDiskIsAnError) {
  vfs_.fail_writes(SQLITE_FULL);
  EXPECT_EQ(try_open(faulty()).error().code(), ErrorCode::ResourceExhausted);
  vfs_.fail_writes(0);
  open(faulty());
  create(pod("a"));
  close();
  vfs_.fail_writes(SQLITE_FULL);
  open(faulty());  // reading needs no space
  EXPECT_NE(store_->get(pod("a")), nullptr);
  EXPECT_EQ(commit(make_write(Operation::Create, pod("b"))).error().code(), ErrorCode::Unavailable);
  vfs_.fail_writes(0);
  create(pod("b"));
}

}  // namespace
}  // namespace clickdeploy::store
