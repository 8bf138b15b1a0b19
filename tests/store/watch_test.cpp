#include "tests/store/store_fixture.h"

#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>

#include <atomic>
#include <random>
#include <thread>

namespace clickdeploy::store {
namespace {

class Watching : public StoreTest {
 protected:
  std::unique_ptr<Watch> watch(const std::string& resource, Revision from) {
    Result<std::unique_ptr<Watch>> opened = store_->watch(resource, from);
    EXPECT_TRUE(opened) << opened.error().message();
    return *std::move(opened);
  }
};

TEST_F(Watching, GivesEventsOfOneResourceAfterARevision) {
  open();
  create(pod("a"), "1");
  create(Key{"nodes", "", "n"});
  update(pod("a"), "2");
  remove(pod("a"));
  std::unique_ptr<Watch> pods = watch("pods", 1);
  Result<std::vector<Event>> events = run(pods->next(10));
  ASSERT_TRUE(events);
  EXPECT_EQ(describe(*events),
            (std::vector<std::string>{
                "Modified pods shop/a 3 uid-of-a||2|3|end after uid-of-a||1|1|end",
                "Deleted pods shop/a 4 uid-of-a||last|4|end after uid-of-a||2|3|end"}));
  EXPECT_EQ(pods->position(), 4u);
}

TEST_F(Watching, HandsOutAtMostWhatIsAskedFor) {
  open();
  for (int i = 0; i < 5; ++i) create(pod(std::to_string(i)));
  std::unique_ptr<Watch> all = watch("", 0);
  EXPECT_EQ(run(all->next(2))->size(), 2u);
  EXPECT_EQ(all->position(), 2u);
  EXPECT_EQ(run(all->next(2))->size(), 2u);
  EXPECT_EQ(run(all->next(2))->size(), 1u);
  EXPECT_EQ(all->position(), 5u);
}

TEST_F(Watching, WaitsForTheNextEventOfItsResource) {
  open();
  std::unique_ptr<Watch> pods = watch("pods", 0);
  std::optional<Result<std::vector<Event>>> got;
  boost::asio::co_spawn(loop_, pods->next(10),
                        [&got](std::exception_ptr, Result<std::vector<Event>> events) {
                          got.emplace(std::move(events));
                        });
  create(Key{"nodes", "", "n"});
  loop_.poll();
  EXPECT_FALSE(got);
  create(pod("a"));
  spin([&] { return got.has_value(); });
  EXPECT_EQ((*got)->size(), 1u);
  EXPECT_EQ(pods->position(), 2u);
}

TEST_F(Watching, IsRefusedFromBeforeTheLogAndFromTheFuture) {
  StoreOptions small = options();
  small.log_events_max = 3;
  open(small);
  create(pod("a"));
  for (int i = 0; i < 9; ++i) update(pod("a"), std::to_string(i));
  EXPECT_EQ(store_->oldest_revision(), 7u);
  EXPECT_EQ(store_->watch("pods", 6).error().code(), ErrorCode::Expired);
  EXPECT_TRUE(store_->watch("pods", 7));
  EXPECT_TRUE(store_->watch("pods", 10));
  EXPECT_EQ(store_->watch("pods", 11).error().code(), ErrorCode::InvalidArgument);
}

TEST_F(Watching, ExpiresWhenItIsTooSlow) {
  StoreOptions small = options();
  small.log_events_max = 3;
  open(small);
  create(pod("a"));
  std::unique_ptr<Watch> slow = watch("pods", 1);
  for (int i = 0; i < 4; ++i) update(pod("a"), std::to_string(i));
  Result<std::vector<Event>> events = run(slow->next(10));
  ASSERT_FALSE(events);
  EXPECT_EQ(events.error().code(), ErrorCode::Expired);
}

TEST_F(Watching, ForgetsByBytesToo) {
  StoreOptions small = options();
  small.log_bytes_max = 100'000;
  open(small);
  create(pod("a"));
  for (int i = 0; i < 20; ++i) update(pod("a"), std::string(30'000, 'x'));
  EXPECT_EQ(store_->revision() - store_->oldest_revision(), 3u);
  update(pod("a"), std::string(300'000, 'x'));
  EXPECT_EQ(store_->revision() - store_->oldest_revision(), 1u);
}

TEST_F(Watching, EndsWhenTheStoreStopsAfterTheLastEvent) {
  open();
  std::unique_ptr<Watch> late = watch("pods", 0);
  std::unique_ptr<Watch> waiting = watch("nodes", 0);
  std::optional<Result<std::vector<Event>>> got;
  boost::asio::co_spawn(loop_, waiting->next(10),
                        [&got](std::exception_ptr, Result<std::vector<Event>> events) {
                          got.emplace(std::move(events));
                        });
  create(pod("a"));
  run(store_->stop());
  spin([&] { return got.has_value(); });
  EXPECT_EQ(got->error().code(), ErrorCode::Cancelled);
  EXPECT_EQ(run(late->next(10))->size(), 1u);
  EXPECT_EQ(run(late->next(10)).error().code(), ErrorCode::Cancelled);
}

TEST_F(Watching, ResumesAcrossARestart) {
  open();
  create(pod("a"), "1");
  update(pod("a"), "2");
  create(pod("b"), "3");
  remove(pod("b"));
  create(pod("b"), "4");
  std::vector<std::string> before = describe(*run(watch("", 0)->next(100)));
  reopen();
  EXPECT_EQ(store_->revision(), 5u);
  EXPECT_EQ(describe(*run(watch("", 0)->next(100))), before);
  EXPECT_EQ(describe(*run(watch("", 3)->next(100))),
            (std::vector<std::string>(before.begin() + 3, before.end())));
  EXPECT_EQ(create(pod("c"))->revision, 6u);
}

Task<std::vector<Event>> collect(std::unique_ptr<Watch> watch, Revision until, std::size_t batch) {
  std::vector<Event> all;
  while (watch->position() < until) {
    Result<std::vector<Event>> events = co_await watch->next(batch);
    if (!events) co_return all;
    all.insert(all.end(), events->begin(), events->end());
  }
  co_return all;
}

// Random writes of one writer; counts those that were done.
Task<int> write_randomly(ObjectStore& store, int seed, int count) {
  std::mt19937 random(static_cast<unsigned>(seed));
  int done = 0;
  for (int i = 0; i < count; ++i) {
    const auto operation = static_cast<Operation>(random() % 3);
    Key key{random() % 2 ? "pods" : "nodes", "shop", std::to_string(random() % 8)};
    DocumentPtr current = store.get(key);
    const Revision expected = current && random() % 2 ? current->revision : 0;
    Write write = make_write(operation, std::move(key), fmt::format("{}.{}", seed, i), expected);
    Result<DocumentPtr> result = co_await store.commit(std::move(write));
    if (result) ++done;
  }
  co_return done;
}

// Every committed change exactly once, in order, each starting from the state the last one left.
TEST_F(Watching, SeesEveryChangeOnceInOrderUnderConcurrentWriters) {
  StoreOptions batches = options();
  batches.batch_max = 7;
  open(batches);
  constexpr int kWriters = 12;
  constexpr int kWrites = 60;
  boost::asio::thread_pool pool(3);
  std::vector<std::future<std::vector<Event>>> watchers;
  for (std::size_t batch : {1u, 5u, 1000u}) {
    watchers.push_back(boost::asio::co_spawn(pool, collect(watch("", 0), UINT64_MAX, batch),
                                             boost::asio::use_future));
  }
  std::future<std::vector<Event>> pods = boost::asio::co_spawn(
      pool, collect(watch("pods", 0), UINT64_MAX, 3), boost::asio::use_future);
  std::vector<std::future<int>> writers;
  for (int seed = 0; seed < kWriters; ++seed) {
    writers.push_back(boost::asio::co_spawn(pool, write_randomly(*store_, seed, kWrites),
                                            boost::asio::use_future));
  }
  int committed = 0;
  for (std::future<int>& writer : writers) committed += writer.get();
  run(store_->stop());

  std::vector<std::string> first;
  for (std::future<std::vector<Event>>& watcher : watchers) {
    std::vector<Event> events = watcher.get();
    ASSERT_EQ(events.size(), static_cast<std::size_t>(committed));
    std::map<Key, DocumentPtr> state;
    Revision revision = 0;
    for (const Event& event : events) {
      ASSERT_EQ(event.document->revision, ++revision);
      DocumentPtr& known = state[event.document->key];
      ASSERT_EQ(event.previous, known);
      ASSERT_EQ(event.type == EventType::Added, known == nullptr);
      known = event.type == EventType::Deleted ? nullptr : event.document;
    }
    for (const auto& [key, document] : state) EXPECT_EQ(store_->get(key), document);
    if (first.empty()) first = describe(events);
    EXPECT_EQ(describe(events), first);
  }
  std::erase_if(first, [](const std::string& line) { return !line.contains(" pods "); });
  EXPECT_EQ(describe(pods.get()), first);
  pool.join();
}

}  // namespace
}  // namespace clickdeploy::store
