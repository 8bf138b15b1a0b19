#include "tests/simulation/sim_context.h"
#include "tests/store/fault_vfs.h"
#include "tests/store/store_fixture.h"

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace clickdeploy::store {
namespace {

using simulation::SimContext;

constexpr std::chrono::hours kLimit{1};

// What the coroutines of one simulated process did.
struct Record {
  std::map<std::string, Revision> acknowledged;
  std::vector<std::string> seen;
  std::uint64_t committed = 0;
  int finished = 0;
};

constexpr int kWriters = 5;

Task<void> write(ObjectStore& store, Record& record, int writer) {
  for (int i = 0; i < 15; ++i) {
    Key key = pod(std::to_string((writer + i) % 4));
    const Operation operation = store.get(key) ? Operation::Update : Operation::Create;
    Write write = make_write(operation, key, fmt::format("{}.{}", writer, i));
    Result<DocumentPtr> done = co_await store.commit(std::move(write));
    if (!done) continue;  // two created it at once
    record.acknowledged[key.name] = (*done)->revision;
    ++record.committed;
  }
  ++record.finished;
}

Task<void> follow(std::unique_ptr<Watch> watch, Record& record) {
  for (;;) {
    Result<std::vector<Event>> events = co_await watch->next(3);
    if (!events) co_return;
    for (std::string& line : describe(*events)) record.seen.push_back(std::move(line));
  }
}

Task<void> stop(ObjectStore& store, bool& stopped) {
  co_await store.stop();
  stopped = true;
}

class Simulated : public ::testing::Test {
 protected:
  Simulated() : path_(folder_ / "store.db") {}

  std::unique_ptr<ObjectStore> open(SimContext& context) {
    StoreOptions options;
    options.path = path_;
    options.vfs = vfs_.name();
    options.writer = context.executor();
    options.batch_max = 3;
    options.log_events_max = 20;
    options.compact_batch = 4;
    Result<std::unique_ptr<ObjectStore>> store = ObjectStore::open(options, read_facts);
    EXPECT_TRUE(store) << store.error().message();
    return *std::move(store);
  }

  void start(SimContext& context, ObjectStore& store, Record& record) {
    auto rethrow = [](std::exception_ptr failed) { EXPECT_FALSE(failed); };
    boost::asio::co_spawn(context.executor(), follow(*store.watch("", store.revision()), record),
                          rethrow);
    for (int writer = 0; writer < kWriters; ++writer) {
      boost::asio::co_spawn(context.executor(), write(store, record, writer), rethrow);
    }
  }

  void erase() {
    std::filesystem::remove(path_);
    std::filesystem::remove(path_ + "-wal");
  }

  testing::TemporaryFolder folder_;
  std::string path_;
  FaultVfs vfs_{"simulated"};
};

struct Trace {
  std::uint64_t hash = 0;
  std::vector<std::string> seen;
  bool operator==(const Trace&) const = default;
};

TEST_F(Simulated, TheSameSeedGivesTheSameRun) {
  std::vector<Trace> traces;
  for (std::uint64_t seed : {1u, 1u, 2u, 2u}) {
    erase();
    Record record;
    std::unique_ptr<ObjectStore> store;
    SimContext context(seed);
    store = open(context);
    start(context, *store, record);
    bool stopped = false;
    ASSERT_TRUE(context.run_until([&] { return record.finished == kWriters; }, kLimit));
    boost::asio::co_spawn(context.executor(), stop(*store, stopped), [](std::exception_ptr) {});
    ASSERT_TRUE(context.run_until([&] { return stopped; }, kLimit));
    context.run_for(std::chrono::seconds(1));
    EXPECT_GT(record.committed, 60u);
    EXPECT_EQ(record.seen.size(), record.committed);
    traces.push_back(Trace{context.hash(), record.seen});
  }
  EXPECT_EQ(traces[0], traces[1]);
  EXPECT_EQ(traces[2], traces[3]);
  EXPECT_NE(traces[0], traces[2]);
}

// A crash at every third step or so of a run, with the store or the loop going first; then a second
// life on the same file.
TEST_F(Simulated, LosesNothingAcknowledgedWhereverItStops) {
  for (std::uint64_t steps = 1; steps < 300; steps += 3) {
    SCOPED_TRACE(steps);
    erase();
    Record record;
    {
      auto context = std::make_unique<SimContext>(steps);
      std::unique_ptr<ObjectStore> store = open(*context);
      start(*context, *store, record);
      while (context->steps() < steps && context->step()) {
      }
      if (steps % 2 == 0) store.reset();
      context.reset();
    }
    Record second;
    auto context = std::make_unique<SimContext>(steps);
    std::unique_ptr<ObjectStore> store = open(*context);
    for (const auto& [name, revision] : record.acknowledged) {
      DocumentPtr found = store->get(pod(name));
      ASSERT_NE(found, nullptr);
      ASSERT_GE(found->revision, revision);
    }
    const Revision before = store->revision();
    start(*context, *store, second);
    context->run_for(std::chrono::seconds(1));
    EXPECT_EQ(second.finished, kWriters);
    EXPECT_EQ(store->revision(), before + second.committed);
    context.reset();
  }
}

}  // namespace
}  // namespace clickdeploy::store
