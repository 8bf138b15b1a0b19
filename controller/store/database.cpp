#include "controller/base/planted.h"
#include "controller/store/database_connection_internal.h"
#include "controller/store/database_internal.h"
#include "controller/store/row_checksum_internal.h"

#include <fmt/format.h>

#include <cstring>
#include <span>
#include <sqlite3.h>
#include <utility>

namespace clickdeploy::store {
namespace {

// What SQLiteCpp throws, cut to a byte, when a row that ought to be there is not.
constexpr int kNoRow = -1 & 0xff;

std::int64_t document_checksum(const std::string& seed, const Key& key, std::string_view uid,
                               Revision revision, std::string_view bytes) {
  return RowChecksum(seed)
      .add(key.resource)
      .add(key.namespace_name)
      .add(key.name)
      .add(uid)
      .add(revision)
      .add(bytes)
      .value();
}

std::int64_t event_checksum(const std::string& seed, EventType type, const Key& key,
                            Revision revision, Revision previous_revision,
                            std::string_view previous_bytes, std::string_view final_bytes) {
  return RowChecksum(seed)
      .add(static_cast<std::uint64_t>(type))
      .add(key.resource)
      .add(key.namespace_name)
      .add(key.name)
      .add(revision)
      .add(previous_revision)
      .add(previous_bytes)
      .add(final_bytes)
      .value();
}

// Makes a prepared statement ready for its next use, also after a failure.
class Using {
 public:
  explicit Using(std::optional<SQLite::Statement>& statement) : statement_(*statement) {}
  ~Using() {
    statement_.tryReset();
    statement_.clearBindings();  // they point into the caller's strings
  }
  Using(const Using&) = delete;
  Using& operator=(const Using&) = delete;
  SQLite::Statement* operator->() { return &statement_; }

  void bind_key(int index, const Key& key) {
    statement_.bindNoCopy(index, key.resource);
    statement_.bindNoCopy(index + 1, key.namespace_name);
    statement_.bindNoCopy(index + 2, key.name);
  }
  void bind_blob(int index, std::string_view bytes) {
    // A null pointer would be bound as NULL.
    const char* data = bytes.empty() ? "" : bytes.data();
    statement_.bindNoCopy(index, data, static_cast<int>(bytes.size()));
  }
  void bind_revision(int index, Revision revision) {
    statement_.bind(index, static_cast<std::int64_t>(revision));
  }

 private:
  SQLite::Statement& statement_;
};

Key read_key(SQLite::Statement& row, int index) {
  return Key{row.getColumn(index).getString(), row.getColumn(index + 1).getString(),
             row.getColumn(index + 2).getString()};
}

Revision revision_at(SQLite::Statement& row, int index) {
  return static_cast<Revision>(row.getColumn(index).getInt64());
}

}  // namespace

Error damaged(const std::string& path, std::string_view what) {
  return Error(ErrorCode::Internal,
               fmt::format("the database {} is damaged: {}; restore it from a backup, or move it "
                           "and its -wal file away to start empty",
                           path, what));
}

Error database_error(const std::string& path, const SQLite::Exception& thrown) {
  switch (thrown.getErrorCode() & 0xff) {
    case SQLITE_FULL:
      return Error(ErrorCode::ResourceExhausted,
                   fmt::format("the disk of the database {} is full", path));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:  // a table that ought to be there is not
    case kNoRow:
      return damaged(path, thrown.what());
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error(
          ErrorCode::Unavailable,
          fmt::format("the database {} is in use by another process; stop that one first", path));
    default:
      return Error(ErrorCode::Unavailable, fmt::format("database {}: {}", path, thrown.what()));
  }
}

Database::Connection::Connection(std::string file, const std::string& vfs, int flags,
                                 int busy_timeout_ms)
    : path(std::move(file)), sqlite(path, flags, busy_timeout_ms, vfs) {}

Database::Database(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {
  SQLite::Database& sqlite = connection_->sqlite;
  connection_->put_document.emplace(
      sqlite,
      "INSERT INTO documents (resource, namespace, name, uid, revision, bytes, checksum) "
      "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET uid = excluded.uid, "
      "revision = excluded.revision, bytes = excluded.bytes, checksum = excluded.checksum");
  connection_->remove_document.emplace(
      sqlite, "DELETE FROM documents WHERE resource = ? AND namespace = ? AND name = ?");
  connection_->put_event.emplace(
      sqlite,
      "INSERT INTO log (revision, type, resource, namespace, name, previous_revision, "
      "previous_bytes, final_bytes, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  connection_->set_revision.emplace(sqlite, "UPDATE meta SET value = ? WHERE key = 'revision'");
  connection_->remove_events.emplace(sqlite, "DELETE FROM log WHERE revision <= ?");
}

Database::~Database() = default;

const std::string& Database::cluster_id() const {
  return connection_->cluster_id;
}

Result<Revision> Database::read_revision() {
  const char* query = planted(Bug::RevisionFromDocuments)
                          ? "SELECT coalesce(max(revision), 0) FROM log WHERE type < 2"
                          : "SELECT value FROM meta WHERE key = 'revision'";
  try {
    return static_cast<Revision>(connection_->sqlite.execAndGet(query).getInt64());
  } catch (const SQLite::Exception& thrown) {
    return std::unexpected(database_error(connection_->path, thrown));
  }
}

Result<void> Database::read_documents(const std::function<Result<void>(StoredDocument)>& visit) {
  try {
    SQLite::Statement rows(
        connection_->sqlite,
        "SELECT resource, namespace, name, revision, bytes, uid, checksum FROM documents");
    while (rows.executeStep()) {
      StoredDocument row{read_key(rows, 0), revision_at(rows, 3), rows.getColumn(4).getString()};
      const std::int64_t sum = document_checksum(
          connection_->cluster_id, row.key, rows.getColumn(5).getString(), row.revision, row.bytes);
      if (rows.getColumn(6).getInt64() != sum && !planted(Bug::ChecksumIgnored)) {
        return std::unexpected(damaged(
            connection_->path,
            fmt::format("the checksum of the document at revision {} is wrong", row.revision)));
      }
      Result<void> visited = visit(std::move(row));
      if (!visited) return visited;
    }
    return {};
  } catch (const SQLite::Exception& thrown) {
    return std::unexpected(database_error(connection_->path, thrown));
  }
}

Result<void> Database::read_events(const std::function<Result<void>(StoredEvent)>& visit) {
  try {
    SQLite::Statement rows(
        connection_->sqlite,
        "SELECT type, resource, namespace, name, revision, previous_revision, previous_bytes, "
        "final_bytes, checksum FROM log ORDER BY revision DESC");
    bool newest = planted(Bug::RevisionFromDocuments);
    while (rows.executeStep()) {
      StoredEvent row{static_cast<EventType>(rows.getColumn(0).getInt()),
                      read_key(rows, 1),
                      revision_at(rows, 4),
                      revision_at(rows, 5),
                      rows.getColumn(6).getString(),
                      rows.getColumn(7).getString()};
      if (rows.getColumn(8).getInt64() != event_checksum(connection_->cluster_id, row.type, row.key,
                                                         row.revision, row.previous_revision,
                                                         row.previous_bytes, row.final_bytes)) {
        return std::unexpected(damaged(
            connection_->path, fmt::format("the checksum of log row {} is wrong", row.revision)));
      }
      newest = newest && row.type == EventType::Deleted;
      if (newest) continue;
      Result<void> visited = visit(std::move(row));
      if (!visited) return visited;
    }
    return {};
  } catch (const SQLite::Exception& thrown) {
    return std::unexpected(database_error(connection_->path, thrown));
  }
}

Result<void> Database::write(const std::vector<Event>& events) {
  const std::string& seed = connection_->cluster_id;
  try {
    SQLite::Transaction transaction(connection_->sqlite, SQLite::TransactionBehavior::IMMEDIATE);
    for (const Event& event : events) {
      const Document& document = *event.document;
      const bool deleted = event.type == EventType::Deleted;
      const Revision previous_revision = event.previous ? event.previous->revision : 0;
      const std::string_view previous =
          event.previous ? std::string_view(event.previous->bytes) : std::string_view();
      const std::string_view last = deleted ? std::string_view(document.bytes) : std::string_view();

      Using log(connection_->put_event);
      log.bind_revision(1, document.revision);
      log->bind(2, static_cast<int>(event.type));
      log.bind_key(3, document.key);
      log.bind_revision(6, previous_revision);
      log.bind_blob(7, previous);
      log.bind_blob(8, last);
      log->bind(9, event_checksum(seed, event.type, document.key, document.revision,
                                  previous_revision, previous, last));
      log->exec();

      if (deleted) {
        Using remove(connection_->remove_document);
        remove.bind_key(1, document.key);
        remove->exec();
        continue;
      }
      Using put(connection_->put_document);
      put.bind_key(1, document.key);
      put->bindNoCopy(4, document.facts.uid);
      put.bind_revision(5, document.revision);
      put.bind_blob(6, document.bytes);
      put->bind(7, document_checksum(seed, document.key, document.facts.uid, document.revision,
                                     document.bytes));
      put->exec();
    }
    Using meta(connection_->set_revision);
    meta.bind_revision(1, events.back().document->revision);
    meta->exec();
    transaction.commit();
    return {};
  } catch (const SQLite::Exception& thrown) {
    return std::unexpected(database_error(connection_->path, thrown));
  }
}

Result<void> Database::remove_events(Revision last) {
  try {
    SQLite::Transaction transaction(connection_->sqlite, SQLite::TransactionBehavior::IMMEDIATE);
    Using remove(connection_->remove_events);
    remove.bind_revision(1, last);
    remove->exec();
    transaction.commit();
    return {};
  } catch (const SQLite::Exception& thrown) {
    return std::unexpected(database_error(connection_->path, thrown));
  }
}

}  // namespace clickdeploy::store
