#include "controller/async/task_group.h"
#include "tests/store/store_fixture.h"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <future>

namespace clickdeploy::store {
namespace {

class Commit : public StoreTest {};

Task<void> create_and_note(ObjectStore& store, bool& returned) {
  Write write = make_write(Operation::Create, pod("a"));
  Result<DocumentPtr> done = co_await store.commit(std::move(write));
  EXPECT_TRUE(done);
  returned = true;
}

TEST_F(Commit, PutsTheRevisionIntoTheBytes) {
  open();
  DocumentPtr first = create(pod("a"), "one");
  DocumentPtr second = update(pod("a"), "two");
  EXPECT_EQ(first->bytes, "uid-of-a||one|1|end");
  EXPECT_EQ(second->bytes, "uid-of-a||two|2|end");
  EXPECT_EQ(second->facts.uid, "uid-of-a");
  EXPECT_EQ(store_->get(pod("a")), second);
  EXPECT_EQ(store_->revision(), 2u);
}

TEST_F(Commit, RefusesToCreateWhatExists) {
  open();
  create(pod("a"));
  Result<DocumentPtr> again = commit(make_write(Operation::Create, pod("a")));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::AlreadyExists);
  EXPECT_EQ(again.error().message(), "pods \"shop/a\" already exists");
  EXPECT_EQ(store_->revision(), 1u);
}

TEST_F(Commit, RefusesToChangeWhatDoesNotExist) {
  open();
  for (Operation operation : {Operation::Update, Operation::Delete}) {
    Result<DocumentPtr> done = commit(make_write(operation, Key{"nodes", "", "n1"}));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), ErrorCode::NotFound);
    EXPECT_EQ(done.error().message(), "nodes \"n1\" not found");
  }
}

TEST_F(Commit, RefusesAStaleRevision) {
  open();
  create(pod("a"));
  update(pod("a"), "two");
  for (Operation operation : {Operation::Update, Operation::Delete}) {
    Result<DocumentPtr> stale = commit(make_write(operation, pod("a"), "x", 1));
    ASSERT_FALSE(stale);
    EXPECT_EQ(stale.error().code(), ErrorCode::Conflict);
    EXPECT_EQ(stale.error().message(), "pods \"shop/a\" is at revision 2, not at 1");
  }
  Result<DocumentPtr> current = commit(make_write(Operation::Update, pod("a"), "three", 2));
  EXPECT_TRUE(current);
}

TEST_F(Commit, GivesTheLastStateOfWhatItDeletes) {
  open();
  create(pod("a"));
  DocumentPtr gone = remove(pod("a"));
  EXPECT_EQ(gone->bytes, "uid-of-a||last|2|end");
  EXPECT_EQ(store_->get(pod("a")), nullptr);
  EXPECT_EQ(create(pod("a"))->revision, 3u);
}

TEST_F(Commit, KeepsKeysApartThatLookAlike) {
  open();
  create(Key{"pods", "ab", "c"}, "1");
  create(Key{"pods", "a", "bc"}, "2");
  create(Key{"podsa", "b", "c"}, "3");
  create(Key{"pods", "", "abc"}, "4");
  create(Key{"pods", "a", std::string("b\0c", 3)}, "5");
  reopen();
  EXPECT_EQ(text_of(*store_->get(Key{"pods", "ab", "c"})), "1");
  EXPECT_EQ(text_of(*store_->get(Key{"pods", "a", "bc"})), "2");
  EXPECT_EQ(text_of(*store_->get(Key{"pods", "a", std::string("b\0c", 3)})), "5");
}

TEST_F(Commit, ListsByNamespaceThenNameBytewise) {
  open();
  for (const char* name : {"b", "a-1", "a", "a.b", "\xc3\xa4"}) create(pod(name, "shop"));
  create(pod("z", "apps"));
  create(Key{"services", "shop", "a"});
  std::vector<std::string> names;
  ListResult all = store_->list("pods", std::nullopt);
  for (const DocumentPtr& document : all.documents) names.push_back(document->key.name);
  EXPECT_EQ(names, (std::vector<std::string>{"z", "a", "a-1", "a.b", "b", "\xc3\xa4"}));
  EXPECT_EQ(all.revision, 7u);
  EXPECT_EQ(store_->list("pods", "apps").documents.size(), 1u);
  EXPECT_EQ(store_->list("pods", "app").documents.size(), 0u);
}

TEST_F(Commit, FindsDocumentsByOwner) {
  open();
  run(store_->commit(make_write(Operation::Create, pod("a"), "", 0, {"o1", "o2", "o2"})));
  run(store_->commit(make_write(Operation::Create, pod("b"), "", 0, {"o1"})));
  run(store_->commit(make_write(Operation::Create, Key{"nodes", "", "n"}, "", 0, {"o1"})));
  EXPECT_EQ(store_->list_owned("o1").size(), 3u);
  run(store_->commit(make_write(Operation::Update, pod("a"), "", 0, {"o2"})));
  EXPECT_EQ(store_->list_owned("o1").size(), 2u);
  remove(pod("b"));
  reopen();
  ASSERT_EQ(store_->list_owned("o1").size(), 1u);
  EXPECT_EQ(store_->list_owned("o1")[0]->key.name, "n");
  EXPECT_EQ(store_->list_owned("o2").size(), 1u);
  EXPECT_TRUE(store_->list_owned("o3").empty());
}

// The writer is held up, so that what is sent meanwhile becomes one batch.
TEST_F(Commit, JudgesAWriteByTheOnesBeforeItInTheBatch) {
  open();
  std::promise<void> go;
  boost::asio::post(writer_.executor(), [held = go.get_future().share()] { held.wait(); });
  std::vector<Result<DocumentPtr>> results;
  auto send = [&](Write write) {
    boost::asio::co_spawn(loop_, store_->commit(std::move(write)),
                          [&results](std::exception_ptr, Result<DocumentPtr> result) {
                            results.push_back(std::move(result));
                          });
    loop_.poll();
    loop_.restart();
  };
  send(make_write(Operation::Create, pod("a"), "1"));
  send(make_write(Operation::Create, pod("a"), "2"));
  send(make_write(Operation::Update, pod("a"), "3", 1));
  send(make_write(Operation::Update, pod("a"), "4", 1));
  send(make_write(Operation::Delete, pod("a"), "5", 2));
  send(make_write(Operation::Update, pod("a"), "6"));
  go.set_value();
  spin([&] { return results.size() == 6; });

  EXPECT_TRUE(results[0]);
  EXPECT_EQ(results[1].error().code(), ErrorCode::AlreadyExists);
  EXPECT_EQ(results[2].value()->revision, 2u);
  EXPECT_EQ(results[3].error().code(), ErrorCode::Conflict);
  EXPECT_EQ(results[4].value()->revision, 3u);
  EXPECT_EQ(results[5].error().code(), ErrorCode::NotFound);
  EXPECT_EQ(store_->revision(), 3u);
  EXPECT_EQ(store_->get(pod("a")), nullptr);
}

TEST_F(Commit, RefusesMoreThanTheQueueHolds) {
  StoreOptions small = options();
  small.queue_max = 3;
  open(small);
  std::promise<void> go;
  boost::asio::post(writer_.executor(), [held = go.get_future().share()] { held.wait(); });
  int done = 0;
  int refused = 0;
  for (int i = 0; i < 10; ++i) {
    boost::asio::co_spawn(loop_,
                          store_->commit(make_write(Operation::Create, pod(std::to_string(i)))),
                          [&](std::exception_ptr, Result<DocumentPtr> result) {
                            ++done;
                            if (result) return;
                            ++refused;
                            EXPECT_EQ(result.error().code(), ErrorCode::ResourceExhausted);
                          });
  }
  spin([&] { return done == 7; });
  EXPECT_EQ(refused, 7);
  go.set_value();
  spin([&] { return done == 10; });
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(store_->revision(), 3u);
}

TEST_F(Commit, FinishesWhatIsInFlightWhenTheStoreStops) {
  open();
  int written = 0;
  for (int i = 0; i < 100; ++i) {
    boost::asio::co_spawn(loop_,
                          store_->commit(make_write(Operation::Create, pod(std::to_string(i)))),
                          [&](std::exception_ptr, Result<DocumentPtr> result) {
                            EXPECT_TRUE(result);
                            ++written;
                          });
  }
  loop_.poll();
  run(store_->stop());
  run(store_->stop());
  Result<DocumentPtr> late = commit(make_write(Operation::Create, pod("late")));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), ErrorCode::Cancelled);
  spin([&] { return written == 100; });
  store_.reset();
  open();
  EXPECT_EQ(store_->list("pods", std::nullopt).documents.size(), 100u);
}

TEST_F(Commit, CanBeLeftAloneByACancelledTask) {
  open();
  std::promise<void> go;
  boost::asio::post(writer_.executor(), [held = go.get_future().share()] { held.wait(); });
  TaskGroup group(loop_.get_executor());
  bool returned = false;
  group.start("commit", create_and_note(*store_, returned));
  loop_.poll();
  group.cancel();
  run(group.join());
  EXPECT_FALSE(returned);
  go.set_value();
  reopen();
  EXPECT_EQ(store_->revision(), 1u);
}

}  // namespace
}  // namespace clickdeploy::store
