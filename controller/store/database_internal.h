// Database: the file. Tables and transactions; what a document means is not its business.
//
//   meta       schema_version, cluster_id, revision (the newest)
//   documents  the current state: one row a key
//   log        one row a revision: what it did, and the state before, from which the state at any
//              revision in the log can be rebuilt by walking back
//
// Each row carries a checksum of its own, seeded with the cluster id: a flipped bit and a row of
// another database are both noticed when the database is opened.
//
// Ownership: the connection holds SQLite's exclusive lock from open to close, so no other process,
// nor a second open in this one, gets in. The lock dies with the process.
//
// Errors: ResourceExhausted when the disk is full, Internal when the file is damaged, Unavailable
// otherwise. Threads: one at a time.

#pragma once

#include "controller/base/error.h"
#include "controller/store/object_store.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::store {

struct StoredDocument {
  Key key;
  Revision revision = 0;
  std::string bytes;
};

struct StoredEvent {
  EventType type = EventType::Added;
  Key key;
  Revision revision = 0;
  Revision previous_revision = 0;  // 0 for Added
  std::string previous_bytes;
  std::string final_bytes;  // of Deleted; any other event's bytes follow from later rows
};

class Database {
 public:
  // Creates or opens, checks and migrates. Until trust() the file is not written to by closing it,
  // so that a database found damaged stays as it is. InvalidArgument: the path is a symbolic link,
  // or the file belongs to a newer version or another program. Unavailable: somebody has it open.
  static Result<std::unique_ptr<Database>> open(const std::string& path, const std::string& vfs);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Read one after the other at the start: what is in memory is one row. Internal if a row is
  // damaged; or the error that `visit` gives, which ends the reading.
  Result<Revision> read_revision();
  Result<void> read_documents(const std::function<Result<void>(StoredDocument)>& visit);
  Result<void> read_events(const std::function<Result<void>(StoredEvent)>& visit);  // newest first

  // All that was read makes sense: folds the write-ahead log into the file, now and at close.
  Result<void> trust();

  // One transaction; all or nothing, durable when it returns. Revisions follow one another.
  Result<void> write(const std::vector<Event>& events);

  // Removes log rows up to `last`, in one transaction.
  Result<void> remove_events(Revision last);

  const std::string& cluster_id() const;

 private:
  struct Connection;  // database_connection_internal.h
  explicit Database(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace clickdeploy::store
