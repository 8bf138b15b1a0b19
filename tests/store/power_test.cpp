#include "tests/simulation/sim_context.h"
#include "tests/simulation/sim_vfs.h"
#include "tests/store/store_fixture.h"

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <map>
#include <set>

namespace clickdeploy::store {
namespace {

using namespace std::chrono_literals;
using simulation::DiskError;
using simulation::SimClock;
using simulation::SimContext;
using simulation::SimDisk;
using simulation::SimVfs;

const std::string kPath = "/db/store.db";
const WallTime kBase{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};

// What was asked for, and what the last life showed: nothing but what was committed, and so all
// that was acknowledged.
struct Record {
  std::map<std::string, DocumentPtr> shown;
  std::map<std::string, std::set<std::string>> asked;
  Revision newest = 0;
  int writes = 0;
};

Task<void> write(ObjectStore& store, Record& record, int writer, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    const Key key = pod(fmt::format("{}-{}", writer, i % 3));
    const bool exists = store.get(key) != nullptr;
    Operation operation = exists ? Operation::Update : Operation::Create;
    if (exists && i % 5 == 4) operation = Operation::Delete;
    const std::string text =
        fmt::format("{}{}", ++record.writes, std::string(200u * static_cast<unsigned>(i % 7), 'x'));
    record.asked[key.name].insert(text);
    Write one = make_write(operation, key, text);
    Result<DocumentPtr> done = co_await store.commit(std::move(one));
    if (!done) continue;
    EXPECT_LE((*done)->revision, store.revision());
  }
}

class Machine {
 public:
  static constexpr std::size_t kBatchMax = 3;

  explicit Machine(std::uint64_t seed) : context_(seed), disk(seed), vfs_(disk, clock_) {
    disk.make_folder("/db");
    spdlog::set_level(spdlog::level::off);
  }

  Result<std::unique_ptr<ObjectStore>> open(SimContext& context) {
    StoreOptions options;
    options.path = kPath;
    options.vfs = vfs_.name();
    options.writer = context.executor();
    options.batch_max = kBatchMax;
    options.log_events_max = 12;
    options.compact_batch = 4;
    return ObjectStore::open(std::move(options), read_facts);
  }

  // A life of the process until everybody has written, or for so many steps; then it is killed.
  void live(Record& record, int rounds, std::uint64_t steps = UINT64_MAX) {
    disk.start_process();
    auto context = std::make_unique<SimContext>(disk.draw());
    Result<std::unique_ptr<ObjectStore>> store = open(*context);
    if (store) {
      expect_survival(**store, record);
      for (int writer = 0; writer < 4; ++writer) {
        boost::asio::co_spawn(context->executor(), write(**store, record, writer, rounds),
                              [](std::exception_ptr failed) { EXPECT_FALSE(failed); });
      }
      while (disk.has_power() && context->steps() < steps && context->step()) {
      }
      note(**store, record);
    }
    disk.kill_process();
    context.reset();
  }

  static void note(const ObjectStore& store, Record& record) {
    record.newest = store.revision();
    for (auto& [name, texts] : record.asked) record.shown[name] = store.get(pod(name));
  }

  static void expect_survival(const ObjectStore& store, const Record& record) {
    EXPECT_GE(store.revision(), record.newest);
    const bool newer = store.revision() > record.newest;  // written, and nobody was told
    for (const auto& [name, shown] : record.shown) {
      const DocumentPtr found = store.get(pod(name));
      if (!shown) {
        EXPECT_TRUE(!found || newer) << name << " is back";
      } else if (!found) {
        EXPECT_TRUE(newer) << name << " is gone";
      } else {
        EXPECT_GE(found->revision, shown->revision) << name;
        EXPECT_TRUE(record.asked.at(name).contains(text_of(*found))) << name << " is a part";
      }
    }
  }

 private:
  SimContext context_;
  SimClock clock_{context_, kBase};

 public:
  SimDisk disk;

 private:
  SimVfs vfs_;
};

// Once without trouble: how many operations there are.
std::uint64_t operations() {
  Machine machine(1);
  Record record;
  machine.live(record, 12);
  return machine.disk.changes();
}

TEST(PowerLoss, AtAnyOperationOfTheDiskLosesNothingAcknowledged) {
  const std::uint64_t all = operations();
  ASSERT_GT(all, 200U);
  for (std::uint64_t at = 1; at <= all; ++at) {
    SCOPED_TRACE(fmt::format("power cut at operation {}", at));
    Machine machine(at);
    Record record;
    machine.disk.faults.cut_power_at = at;
    machine.live(record, 12);
    machine.disk.lose_power(0.9);
    // Again, soon: while it recovers, or not much later.
    machine.disk.faults.cut_power_at = machine.disk.changes() + 1 + machine.disk.below(40);
    machine.live(record, 12);
    machine.disk.lose_power(0.9);
    machine.disk.faults = {};
    const Revision before = record.newest;
    machine.live(record, 3);
    ASSERT_GT(record.newest, before) << "it does not take writes any more";
    if (HasFailure()) return;
  }
}

// An operation fails once; the process lives on, or is killed a moment later and starts again. Then
// the power goes: what was acknowledged before and after must be there.
TEST(PowerLoss, AfterAnOperationThatFailedLosesNothingAcknowledged) {
  const std::uint64_t all = operations();
  for (const DiskError error : {DiskError::Io, DiskError::NoSpace}) {
    for (std::uint64_t at = 1; at <= all; ++at) {
      SCOPED_TRACE(fmt::format("operation {} fails with {}", at, static_cast<int>(error)));
      Machine machine(at);
      Record record;
      machine.disk.faults.fail_change_at = at;
      machine.disk.faults.fail_with = error;
      machine.live(record, 12, at % 2 == 0 ? UINT64_MAX : 20 + machine.disk.below(300));
      machine.live(record, 5);
      machine.disk.lose_power(0.9);
      const Revision before = record.newest;
      machine.live(record, 3);
      ASSERT_GT(record.newest, before) << "it does not take writes any more";
      if (HasFailure()) return;
    }
  }
}

// The disk fails often, for a while. Whatever is answered is true.
TEST(PowerLoss, AfterAWhileOfFailuresLosesNothingAcknowledged) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Machine machine(seed);
    Record record;
    machine.live(record, 1);
    for (int life = 0; life < 4; ++life) {
      machine.disk.faults.sync_fails = seed % 2 == 0 ? 0.2 : 0;
      machine.disk.faults.write_fails = seed % 3 == 0 ? 0.1 : 0;
      machine.disk.faults.read_fails = seed % 5 == 0 ? 0.02 : 0;
      if (seed % 7 == 0) machine.disk.faults.capacity_bytes = machine.disk.used_bytes() + 9000;
      machine.live(record, 10, 50 + machine.disk.below(200));
      if (machine.disk.below(2) == 0) machine.disk.lose_power(0.9);
    }
    machine.disk.faults = {};
    const Revision before = record.newest;
    machine.live(record, 3);
    ASSERT_GT(record.newest, before) << "it does not take writes any more";
    if (HasFailure()) return;
  }
}

// A bit flips in the database or its log while the process is down. Either it does not matter, or
// it is said. In the newest transaction it looks like a write that the power cut: that one is lost.
TEST(PowerLoss, ABitThatFlipsMeanwhileIsNoticed) {
  int noticed = 0;
  int harmless = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Machine machine(seed);
    Record record;
    machine.live(record, 6, 20 + machine.disk.below(200));
    if (record.newest == 0) continue;
    ASSERT_TRUE(machine.disk.flip_bit(seed % 4 == 0 ? kPath : kPath + "-wal"));
    SimContext context(seed);
    machine.disk.start_process();
    Result<std::unique_ptr<ObjectStore>> store = machine.open(context);
    if (store) {
      ++harmless;
      EXPECT_GE((*store)->revision() + Machine::kBatchMax, record.newest);
      if ((*store)->revision() >= record.newest) Machine::expect_survival(**store, record);
      if (HasFailure()) return;
    } else {
      ++noticed;
      EXPECT_EQ(store.error().code(), ErrorCode::Internal);
      EXPECT_NE(store.error().message().find("is damaged"), std::string::npos)
          << store.error().message();
    }
    machine.disk.kill_process();
  }
  EXPECT_GT(noticed, 100);
  EXPECT_GT(harmless, 0);
}

}  // namespace
}  // namespace clickdeploy::store
