#include "tests/simulation/sim_vfs.h"

#include "tests/simulation/sim_context.h"
#include "tests/testing/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sqlite3.h>

namespace clickdeploy::simulation {
namespace {

// A connection, and all that it answers as text.
class Shell {
 public:
  Shell(const std::string& path, const char* vfs) {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    opened_ = sqlite3_open_v2(path.c_str(), &handle_, flags, vfs);
  }
  ~Shell() { sqlite3_close_v2(handle_); }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  std::string ask(const std::string& sql) {
    std::string answer;
    auto row = [](void* to, int columns, char** values, char**) {
      for (int i = 0; i < columns; ++i) {
        *static_cast<std::string*>(to) += values[i] == nullptr ? "NULL" : values[i];
        *static_cast<std::string*>(to) += i + 1 < columns ? '|' : '\n';
      }
      return 0;
    };
    if (opened_ != SQLITE_OK) return "not open";
    const int done = sqlite3_exec(handle_, sql.c_str(), row, &answer, nullptr);
    return done == SQLITE_OK ? answer : fmt::format("error {}\n", done & 0xff);
  }
  bool run(const std::string& sql) { return ask(sql).empty(); }

 private:
  sqlite3* handle_ = nullptr;
  int opened_ = 0;
};

constexpr const char* kPath = "/db/test.db";
const WallTime kBase{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};

struct Machine {
  explicit Machine(std::uint64_t seed) : context(seed), disk(seed), vfs(disk, clock) {
    disk.make_folder("/db");
  }
  std::unique_ptr<Shell> open() { return std::make_unique<Shell>(kPath, vfs.name().c_str()); }

  SimContext context;
  SimClock clock{context, kBase};
  SimDisk disk;
  SimVfs vfs;
};

// One thing that a program may ask of a database.
std::string draw_statement(SeededRandom& random) {
  const auto below = [&random](std::uint64_t n) { return random.next() % n; };
  const std::uint64_t key = below(60);
  const std::string text(below(9000), static_cast<char>('a' + below(26)));
  switch (below(14)) {
    case 0:
      return "BEGIN IMMEDIATE";
    case 1:
      return "COMMIT";
    case 2:
      return "ROLLBACK";
    case 3:
      return fmt::format("DELETE FROM t WHERE k > {}", 30 + key);
    case 4:
      return "PRAGMA wal_checkpoint(TRUNCATE)";
    case 5:
      return "SELECT count(*), sum(length(v)), max(k) FROM t";
    case 6:
      return fmt::format("SELECT k, substr(v, 1, 5) FROM t WHERE k >= {} LIMIT 7", key);
    case 7:
      return "SAVEPOINT s";
    case 8:
      return "ROLLBACK TO s";
    default:
      return fmt::format("INSERT OR REPLACE INTO t VALUES ({}, '{}')", key, text);
  }
}

// Two connections, a history of statements, a few ways of keeping journals. Without syncs, for
// which the machine would take its time.
std::string history(const std::function<std::unique_ptr<Shell>()>& open, std::uint64_t seed) {
  SeededRandom random(seed);
  const char* modes[] = {"WAL", "WAL", "DELETE", "TRUNCATE", "PERSIST"};
  const std::string setting = fmt::format(
      "PRAGMA synchronous = OFF; PRAGMA locking_mode = {}; PRAGMA journal_mode = {}; PRAGMA "
      "cache_size = 8;",
      seed % 3 == 0 ? "EXCLUSIVE" : "NORMAL", modes[seed % 5]);
  std::string said;
  for (int life = 0; life < 3; ++life) {
    const std::unique_ptr<Shell> first = open();
    said += first->ask(setting);
    said += first->ask("CREATE TABLE IF NOT EXISTS t (k INTEGER PRIMARY KEY, v TEXT)");
    const std::unique_ptr<Shell> second = open();
    for (int i = 0; i < 60; ++i) {
      Shell& shell = random.next() % 4 == 0 ? *second : *first;
      said += shell.ask(draw_statement(random));
    }
    said += first->ask("ROLLBACK");
    said += first->ask("PRAGMA integrity_check");
    said += first->ask("SELECT k, length(v), substr(v, 1, 3) FROM t");
  }
  return said;
}

TEST(SimVfs, AnswersAsTheMachinesFilesDo) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE(seed);
    testing::TemporaryFolder folder;
    const std::string path = folder / "test.db";
    Machine machine(seed);
    const std::string real =
        history([&path] { return std::make_unique<Shell>(path, nullptr); }, seed);
    const std::string simulated = history([&machine] { return machine.open(); }, seed);
    ASSERT_EQ(real, simulated);
    ASSERT_GT(real.size(), 1000U);
  }
}

TEST(SimVfs, TimeIsTheClocksAndRandomnessTheSeeds) {
  const auto draw = [](std::uint64_t seed) {
    Machine machine(seed);
    machine.context.run_for(std::chrono::hours(1));
    return machine.open()->ask("SELECT datetime('now'), random(), hex(randomblob(20))");
  };
  EXPECT_TRUE(draw(1).starts_with("2026-01-01 01:00:00|"));
  EXPECT_EQ(draw(1), draw(1));
  EXPECT_NE(draw(1), draw(2));
}

// The power goes at each operation of a history in turn. What was committed is there, what was not
// is there as a whole or not at all, and the database is sound.
void cut_everywhere(const std::string& journal_mode, std::uint64_t seed, std::uint64_t stride) {
  bool reached = true;
  for (std::uint64_t n = 1 + seed % stride; reached; n += stride) {
    SCOPED_TRACE(fmt::format("{}, seed {}, power cut at operation {}", journal_mode, seed, n));
    Machine machine(seed * 1000 + n);
    machine.disk.faults.cut_power_at = n;
    int committed = 0;
    {
      const std::unique_ptr<Shell> shell = machine.open();
      shell->ask("PRAGMA synchronous = FULL; PRAGMA locking_mode = EXCLUSIVE");
      shell->ask("PRAGMA journal_mode = " + journal_mode);
      shell->ask("PRAGMA wal_autocheckpoint = 12");
      bool made = shell->run("CREATE TABLE t (k INTEGER, part INTEGER, v TEXT)");
      for (int k = 1; made && k <= 12; ++k) {
        std::string sql = "BEGIN IMMEDIATE;";
        for (int part = 0; part < 3; ++part) {
          sql += fmt::format("INSERT INTO t VALUES ({}, {}, '{}');", k, part,
                             std::string(1500, static_cast<char>('a' + k)));
        }
        if (!shell->run(sql + "COMMIT")) break;
        committed = k;
      }
    }
    reached = machine.disk.changes() >= n;
    machine.disk.lose_power(0.9);
    machine.disk.start_process();
    const std::unique_ptr<Shell> shell = machine.open();
    ASSERT_EQ(shell->ask("PRAGMA integrity_check"), "ok\n");
    if (committed == 0) continue;
    const std::string found = shell->ask("SELECT max(k), count(*) FROM t");
    const std::string all = fmt::format("{}|{}\n", committed, 3 * committed);
    const std::string one_more = fmt::format("{}|{}\n", committed + 1, 3 * (committed + 1));
    ASSERT_TRUE(found == all || found == one_more) << found << committed;
  }
}

TEST(SimVfs, ADatabaseSurvivesALossOfPowerAtAnyOperation) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    cut_everywhere("WAL", seed, 3);
    cut_everywhere("DELETE", seed, 7);
  }
}

}  // namespace
}  // namespace clickdeploy::simulation
