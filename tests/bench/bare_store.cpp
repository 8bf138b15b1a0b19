#include "tests/bench/bare_store.h"

#include "tests/bench/measure.h"

#include <sqlite3.h>

namespace clickdeploy::bench {
namespace {

constexpr std::string_view kResource = "instances.clickdeploy.io";
constexpr std::string_view kNamespace = "default";
constexpr std::string_view kUid = "0d4e1f0a-5b0e-4c53-9a2f-0f6d5c1b7e21";

void bind_text(sqlite3_stmt* statement, int index, std::string_view text) {
  sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}
void bind_blob(sqlite3_stmt* statement, int index, std::string_view bytes) {
  sqlite3_bind_blob(statement, index, bytes.empty() ? "" : bytes.data(),
                    static_cast<int>(bytes.size()), SQLITE_STATIC);
}

}  // namespace

BareStore::BareStore(const std::string& path) {
  if (sqlite3_open(path.c_str(), &database_) != SQLITE_OK) give_up("cannot open " + path);
  execute("PRAGMA journal_mode = WAL");
  execute("PRAGMA locking_mode = EXCLUSIVE");
  execute("PRAGMA synchronous = FULL");
  execute("PRAGMA wal_autocheckpoint = 1000");
  execute("PRAGMA journal_size_limit = 16777216");
  execute(
      "CREATE TABLE IF NOT EXISTS documents (resource TEXT NOT NULL, namespace TEXT NOT NULL, "
      "name TEXT NOT NULL, uid TEXT NOT NULL, revision INTEGER NOT NULL, bytes BLOB NOT NULL, "
      "checksum INTEGER NOT NULL, PRIMARY KEY (resource, namespace, name)) STRICT");
  execute(
      "CREATE TABLE IF NOT EXISTS log (revision INTEGER PRIMARY KEY, type INTEGER NOT NULL, "
      "resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, previous_revision "
      "INTEGER NOT NULL, previous_bytes BLOB NOT NULL, final_bytes BLOB NOT NULL, checksum INTEGER "
      "NOT NULL) STRICT");
  execute("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT");
  execute("INSERT OR IGNORE INTO meta VALUES ('revision', 0)");
  put_document_ = prepare(
      "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET uid = "
      "excluded.uid, revision = excluded.revision, bytes = excluded.bytes, checksum = "
      "excluded.checksum");
  put_event_ = prepare("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  set_revision_ = prepare("UPDATE meta SET value = ? WHERE key = 'revision'");
}

BareStore::~BareStore() {
  for (sqlite3_stmt* statement : {put_document_, put_event_, set_revision_}) {
    sqlite3_finalize(statement);
  }
  sqlite3_close(database_);
}

double BareStore::write(std::size_t count, std::size_t batch, std::string_view bytes,
                        std::string_view previous) {
  const Stopwatch watch;
  for (std::size_t done = 0; done < count;) {
    execute("BEGIN IMMEDIATE");
    for (std::size_t i = 0; i < batch && done < count; ++i, ++done) {
      const std::string name = "instance-" + std::to_string(done);
      ++revision_;
      sqlite3_bind_int64(put_event_, 1, revision_);
      sqlite3_bind_int64(put_event_, 2, previous.empty() ? 0 : 1);
      bind_text(put_event_, 3, kResource);
      bind_text(put_event_, 4, kNamespace);
      bind_text(put_event_, 5, name);
      sqlite3_bind_int64(put_event_, 6, previous.empty() ? 0 : revision_ - 1);
      bind_blob(put_event_, 7, previous);
      bind_blob(put_event_, 8, "");
      sqlite3_bind_int64(put_event_, 9, revision_ * 0x9E3779B97F4A7);
      step(put_event_);
      bind_text(put_document_, 1, kResource);
      bind_text(put_document_, 2, kNamespace);
      bind_text(put_document_, 3, name);
      bind_text(put_document_, 4, kUid);
      sqlite3_bind_int64(put_document_, 5, revision_);
      bind_blob(put_document_, 6, bytes);
      sqlite3_bind_int64(put_document_, 7, revision_ * 0x9E3779B97F4A7);
      step(put_document_);
    }
    sqlite3_bind_int64(set_revision_, 1, revision_);
    step(set_revision_);
    execute("COMMIT");
  }
  return watch.seconds();
}

double BareStore::read_all() {
  const Stopwatch watch;
  for (const char* sql : {"SELECT * FROM documents", "SELECT * FROM log ORDER BY revision"}) {
    sqlite3_stmt* statement = prepare(sql);
    const int columns = sqlite3_column_count(statement);
    std::string copy;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      for (int i = 0; i < columns; ++i) {
        const void* bytes = sqlite3_column_blob(statement, i);
        copy.assign(static_cast<const char*>(bytes),
                    static_cast<std::size_t>(sqlite3_column_bytes(statement, i)));
      }
    }
    sqlite3_finalize(statement);
  }
  return watch.seconds();
}

double BareStore::sum(const char* sql) {
  sqlite3_stmt* statement = prepare(sql);
  if (sqlite3_step(statement) != SQLITE_ROW) give_up(sqlite3_errmsg(database_));
  const double value = sqlite3_column_double(statement, 0);
  sqlite3_finalize(statement);
  return value;
}

void BareStore::execute(const char* sql) {
  if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    give_up(std::string(sql) + ": " + sqlite3_errmsg(database_));
  }
}

sqlite3_stmt* BareStore::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_, sql, -1, &statement, nullptr) != SQLITE_OK) {
    give_up(std::string(sql) + ": " + sqlite3_errmsg(database_));
  }
  return statement;
}

void BareStore::step(sqlite3_stmt* statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) give_up(sqlite3_errmsg(database_));
  sqlite3_reset(statement);
}

}  // namespace clickdeploy::bench
