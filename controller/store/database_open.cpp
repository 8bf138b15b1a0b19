#include "controller/async/random.h"
#include "controller/base/planted.h"
#include "controller/store/database_connection_internal.h"
#include "controller/store/database_file_internal.h"
#include "controller/store/log_check_internal.h"
#include "controller/store/row_checksum_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sqlite3.h>
#include <utility>

namespace clickdeploy::store {
namespace {

constexpr int kApplicationId = 0x436c4470;  // "ClDp", in the file's header
constexpr int kBusyTimeoutMs = 1000;        // somebody else's shell or backup may be closing

struct Migration {
  int version;
  const char* sql;
};

// Each is one transaction and is never edited once released; the newest version is the last one's.
constexpr std::array kMigrations = {
    Migration{1, R"sql(
      CREATE TABLE meta (
        key   TEXT PRIMARY KEY,
        value ANY NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE documents (
        resource  TEXT NOT NULL,
        namespace TEXT NOT NULL,
        name      TEXT NOT NULL,
        uid       TEXT NOT NULL,
        revision  INTEGER NOT NULL,
        bytes     BLOB NOT NULL,
        checksum  INTEGER NOT NULL,
        PRIMARY KEY (resource, namespace, name)
      ) STRICT;
      CREATE TABLE log (
        revision          INTEGER PRIMARY KEY,
        type              INTEGER NOT NULL,
        resource          TEXT NOT NULL,
        namespace         TEXT NOT NULL,
        name              TEXT NOT NULL,
        previous_revision INTEGER NOT NULL,
        previous_bytes    BLOB NOT NULL,
        final_bytes       BLOB NOT NULL,
        checksum          INTEGER NOT NULL
      ) STRICT;
      INSERT INTO meta VALUES ('schema_version', 1), ('revision', 0);
    )sql"},
};
constexpr int kSchemaVersion = kMigrations.back().version;

// SQLite's own generator is shared by the whole process; the file system's is the simulation's.
class VfsRandom final : public Random {
 public:
  explicit VfsRandom(sqlite3_vfs* vfs) : vfs_(vfs) {}
  std::uint64_t next() override {
    std::array<char, sizeof(std::uint64_t)> bytes = {};
    vfs_->xRandomness(vfs_, static_cast<int>(bytes.size()), bytes.data());
    std::uint64_t number = 0;
    for (char byte : bytes) number = (number << 8) | static_cast<unsigned char>(byte);
    return number;
  }

 private:
  sqlite3_vfs* vfs_;
};

// SQLite would take an empty file for a new database and throw its write-ahead log away.
Result<void> refuse_orphaned_log(sqlite3_vfs* vfs, const std::string& path) {
  int has_file = 0;
  int has_log = 0;
  vfs->xAccess(vfs, path.c_str(), SQLITE_ACCESS_EXISTS, &has_file);
  vfs->xAccess(vfs, (path + "-wal").c_str(), SQLITE_ACCESS_EXISTS, &has_log);
  if (has_file == 0 && has_log != 0) {
    return std::unexpected(damaged(path, "the file is gone or empty, but its -wal file is there"));
  }
  return {};
}

// A mark of the cluster id in the header of the file. Page 1 is in every write-ahead log too, so a
// log of another database shows: SQLite itself would take it and serve the other's documents.
std::int32_t header_mark(std::string_view cluster_id) {
  return static_cast<std::int32_t>(RowChecksum(cluster_id).value() & 0x7fffffff) | 1;
}

// The mark in the file proper; 0 where creation was cut short.
std::int32_t read_header_mark(SQLite::Database& sqlite) {
  constexpr sqlite3_int64 kUserVersionOffset = 60;
  sqlite3_file* file = nullptr;
  sqlite3_file_control(sqlite.getHandle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  std::array<unsigned char, 4> bytes = {};
  const int done =
      file->pMethods->xRead(file, bytes.data(), static_cast<int>(bytes.size()), kUserVersionOffset);
  if (done != SQLITE_OK) return 0;  // an empty file; anything else shows in the next read
  std::int32_t mark = 0;
  for (unsigned char byte : bytes) mark = (mark << 8) | byte;
  return mark;
}

int ask_int(SQLite::Database& sqlite, const char* query) {
  return sqlite.execAndGet(query).getInt();
}

void configure(SQLite::Database& sqlite) {
  sqlite3_db_config(sqlite.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(sqlite.getHandle(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite.exec(
      "PRAGMA locking_mode = EXCLUSIVE;"
      "PRAGMA synchronous = FULL;"
      "PRAGMA foreign_keys = OFF;"
      "PRAGMA temp_store = MEMORY;"  // no documents in temporary files
      "PRAGMA secure_delete = FAST;"
      "PRAGMA cell_size_check = ON;"
      // Every thousand pages or so the write-ahead log is folded into the file and starts anew;
      // one that had to grow, because that failed for a while, is cut back.
      "PRAGMA wal_autocheckpoint = 1000;"
      "PRAGMA journal_size_limit = 16777216;");
  if (planted(Bug::CommitNotSynced)) sqlite.exec("PRAGMA synchronous = OFF");
}

// The version of the tables; 0 for an empty file.
Result<int> identify(SQLite::Database& sqlite, const std::string& path) {
  const int application_id = ask_int(sqlite, "PRAGMA application_id");
  const int tables = ask_int(sqlite, "SELECT count(*) FROM sqlite_schema");
  if (application_id == 0 && tables == 0) return 0;
  if (application_id != kApplicationId) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} is not a Click Deploy database; it was not changed", path));
  }
  const int version = ask_int(sqlite, "SELECT value FROM meta WHERE key = 'schema_version'");
  if (version > kSchemaVersion) {
    return fail(
        ErrorCode::InvalidArgument,
        fmt::format("{} was written by a newer Click Deploy: its schema version is {}, this "
                    "program knows {} at most; run the newer program, or restore the "
                    "backup made before the upgrade; it was not changed",
                    path, version, kSchemaVersion));
  }
  if (version < 1) return std::unexpected(damaged(path, "it has no schema version"));
  return version;
}

Result<void> check_structure(SQLite::Database& sqlite, const std::string& path) {
  const std::int32_t mark = ask_int(sqlite, "PRAGMA user_version");
  const std::int32_t in_file = read_header_mark(sqlite);
  if (in_file != 0 && in_file != mark) {
    return std::unexpected(damaged(path, "its -wal file belongs to another database"));
  }
  const std::string cluster_id =
      sqlite.execAndGet("SELECT value FROM meta WHERE key = 'cluster_id'").getString();
  if (mark != header_mark(cluster_id)) {
    return std::unexpected(damaged(path, "its cluster id is not the one it was made with"));
  }
  SQLite::Statement check(sqlite, "PRAGMA quick_check(1)");
  while (check.executeStep()) {
    std::string finding = check.getColumn(0).getString();
    std::ranges::replace(finding, '\n', ' ');
    if (finding != "ok") return std::unexpected(damaged(path, finding));
  }
  return {};
}

void migrate(SQLite::Database& sqlite, int version, Random& random) {
  for (const Migration& migration : kMigrations) {
    if (migration.version <= version) continue;
    SQLite::Transaction transaction(sqlite);
    sqlite.exec(migration.sql);
    if (migration.version == 1) {
      sqlite.exec(fmt::format("PRAGMA application_id = {}", kApplicationId));
      const std::string cluster_id = random.uuid();
      sqlite.exec(fmt::format("PRAGMA user_version = {}", header_mark(cluster_id)));
      SQLite::Statement insert(sqlite, "INSERT INTO meta VALUES ('cluster_id', ?)");
      insert.bind(1, cluster_id);
      insert.exec();
    }
    SQLite::Statement set(sqlite, "UPDATE meta SET value = ? WHERE key = 'schema_version'");
    set.bind(1, migration.version);
    set.exec();
    transaction.commit();
  }
}

// Looks at the log that is there, then writes its bytes over themselves and syncs them. When a sync
// fails, the machine keeps the bytes and forgets that they are not on the disk; a process that
// starts again would read them, build on them, and lose it all when the power goes. Needs no space.
Result<void> check_and_sync_log(SQLite::Database& sqlite, const std::string& path) {
  sqlite3_file* log = nullptr;
  sqlite3_file_control(sqlite.getHandle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (log == nullptr || log->pMethods == nullptr) return {};
  const auto failed = [&path](int code) {
    return std::unexpected(database_error(path, SQLite::Exception(sqlite3_errstr(code), code)));
  };
  sqlite3_int64 size = 0;
  if (const int done = log->pMethods->xFileSize(log, &size); done != SQLITE_OK) return failed(done);
  if (size == 0) return {};
  std::string bytes(static_cast<std::size_t>(size), '\0');
  constexpr std::size_t kPartBytes = 1u << 16;  // SQLite writes less than twice that at once
  const auto each_part = [&](auto method) {
    for (std::size_t at = 0; at < bytes.size(); at += kPartBytes) {
      const auto part = static_cast<int>(std::min(kPartBytes, bytes.size() - at));
      const int done = method(log, bytes.data() + at, part, static_cast<sqlite3_int64>(at));
      if (done != SQLITE_OK) return done;
    }
    return SQLITE_OK;
  };
  if (const int done = each_part(log->pMethods->xRead); done != SQLITE_OK) return failed(done);
  if (const auto flip = find_flipped_bit(bytes)) {
    return std::unexpected(
        damaged(path, fmt::format("a bit of its -wal file has flipped, near byte {}", *flip)));
  }
  if (const int done = each_part(log->pMethods->xWrite); done != SQLITE_OK) return failed(done);
  const int done = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
  if (done != SQLITE_OK) return failed(done);
  return {};
}

Result<void> use_write_ahead_log(SQLite::Database& sqlite, const std::string& path) {
  std::string mode;
  SQLite::Statement statement(sqlite, "PRAGMA journal_mode = WAL");
  // To its end: the answer comes before the commit, and without the log that fails silently.
  while (statement.executeStep()) mode = statement.getColumn(0).getString();
  if (mode == "wal") return {};
  return fail(ErrorCode::Internal,
              fmt::format("{}: no write-ahead log here, the journal mode is {}", path, mode));
}

Result<void> set_up(SQLite::Database& sqlite, const std::string& path, Random& random) {
  configure(sqlite);
  Result<int> version = identify(sqlite, path);
  if (!version) return std::unexpected(std::move(version).error());
  if (*version > 0) {
    Result<void> sound = check_structure(sqlite, path);
    if (!sound) return sound;
    Result<void> logged = check_and_sync_log(sqlite, path);
    if (!logged) return logged;
  }
  Result<void> logged = use_write_ahead_log(sqlite, path);
  if (!logged) return logged;
  migrate(sqlite, *version, random);
  return {};
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const std::string& path, const std::string& vfs) {
  sqlite3_vfs* found = sqlite3_vfs_find(vfs.empty() ? nullptr : vfs.c_str());
  if (found == nullptr) return fail(ErrorCode::InvalidArgument, "no SQLite VFS named " + vfs);
  Result<void> whole = refuse_orphaned_log(found, path);
  if (!whole) return std::unexpected(std::move(whole).error());

  std::string file = path;
  int flags = SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
  if (vfs.empty()) {
    Result<std::string> prepared = prepare_database_file(path);
    if (!prepared) return std::unexpected(std::move(prepared).error());
    file = *std::move(prepared);
    flags |= SQLite::OPEN_NOFOLLOW;
  }
  try {
    auto connection = std::make_unique<Connection>(file, vfs, flags, kBusyTimeoutMs);
    VfsRandom random(found);
    Result<void> ready = set_up(connection->sqlite, file, random);
    if (!ready) return std::unexpected(std::move(ready).error());
    connection->cluster_id =
        connection->sqlite.execAndGet("SELECT value FROM meta WHERE key = 'cluster_id'")
            .getString();
    return std::unique_ptr<Database>(new Database(std::move(connection)));
  } catch (const SQLite::Exception& thrown) {
    return std::unexpected(database_error(file, thrown));
  }
}

Result<void> Database::trust() {
  SQLite::Database& sqlite = connection_->sqlite;
  try {
    sqlite3_db_config(sqlite.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
    SQLite::Statement checkpoint(sqlite, "PRAGMA wal_checkpoint(TRUNCATE)");
    checkpoint.executeStep();
    return {};
  } catch (const SQLite::Exception& thrown) {
    // A full disk is no reason not to serve what there is: the log is folded in later.
    if (thrown.getErrorCode() == SQLITE_FULL || thrown.getErrorCode() == SQLITE_IOERR) return {};
    return std::unexpected(database_error(connection_->path, thrown));
  }
}

}  // namespace clickdeploy::store
