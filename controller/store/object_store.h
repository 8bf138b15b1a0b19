// ObjectStore: documents by key, each with a revision; every change in order, for ever or Expired.
//
// It knows no kind. A document is its serialised bytes plus the few parsed facts that selectors and
// the garbage collector need. One counter numbers all writes: a document's revision is the number
// of the write that made it.
//
// Durability
//   One writer with group commit on SQLite (WAL, synchronous=FULL): when commit() returns, the
//   write survives power loss. The document and its watch-log row are one transaction. Revisions
//   strictly increase and are never reused, across crashes too.
//
// Errors
//   commit(): AlreadyExists (create of a key that exists), NotFound (update or delete of one that
//   does not), Conflict (expected revision is not the current one, or expected uid differs),
//   ResourceExhausted (queue full), Unavailable (the database failed, or its disk is full, which
//   the message says; nothing of the write is visible), InvalidArgument (more than 64 MiB).
//   watch(): Expired when the log no longer reaches back that far.
//
// Trouble
//   A disk that fails or is full refuses writes, and those alone: what is in memory is served. Each
//   write tries anew, so the store takes writes as soon as the disk does.
//
// Threads and lifetime
//   get, list, revision, watch: any thread, never block on disk. commit() may be awaited on any
//   executor. Documents are immutable and shared; hold them as long as you like. stop() before
//   destruction; Watches must not outlive the store.

#pragma once

#include "controller/async/task.h"
#include "controller/base/error.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clickdeploy::store {

using Revision = std::uint64_t;  // from 1; 0 means "none"

struct Key {
  std::string resource;        // "services.clickdeploy.io"; opaque here
  std::string namespace_name;  // "" for cluster-scoped things
  std::string name;

  auto operator<=>(const Key&) const = default;
};

// What the store must know of a document without reading it: told by whoever wrote it, and after a
// restart by a reader of the text.
struct Facts {
  std::string uid;
  std::vector<std::string> owner_uids;
  bool deleting = false;  // has a deletion timestamp

  bool operator==(const Facts&) const = default;
};

struct Document {
  Key key;
  Revision revision = 0;
  Facts facts;
  std::string bytes;
};
using DocumentPtr = std::shared_ptr<const Document>;

enum class Operation : std::uint8_t { Create, Update, Delete };

// One write. The stored bytes are `before` + the decimal revision + `after`, because a document
// carries its own revision in the middle of its text and only the writer knows it. A Delete has
// bytes too: the last state, which watchers see; it is not kept as a document.
struct Write {
  Operation operation = Operation::Create;
  Key key;
  Revision expected_revision = 0;  // Update, Delete: must be current; 0 does not check
  std::string before;
  std::string after;
  Facts facts;
};

enum class EventType : std::uint8_t { Added, Modified, Deleted };

struct Event {
  EventType type = EventType::Added;
  DocumentPtr document;  // for Deleted: the last state, with the revision of the deletion
  DocumentPtr previous;  // the state before; nullptr for Added
};

struct ListResult {
  Revision revision = 0;               // of the whole store, at which the list holds
  std::vector<DocumentPtr> documents;  // by namespace, then name, bytewise
};

// Events of one resource, in order, none left out, none twice.
class Watch {
 public:
  virtual ~Watch() = default;

  // At least one event, waiting for it if need be; at most `events_max`. Expired when this watcher
  // was too slow and the log was compacted under it; Cancelled when the store stops. Unwinds when
  // the task is cancelled.
  virtual Task<Result<std::vector<Event>>> next(std::size_t events_max) = 0;

  // Everything up to this revision of the store has been handed out (for bookmarks).
  virtual Revision position() const = 0;
};

struct StoreOptions {
  std::string path;                        // of the database file; its folder exists
  std::string vfs;                         // SQLite VFS by name; "" is the default one
  Executor writer;                         // runs blocking database work, one piece at a time
  std::size_t log_events_max = 50'000;     // kept for watchers at least while within bytes
  std::size_t log_bytes_max = 256u << 20;  // of event bytes held in memory
  std::size_t queue_max = 4096;            // writes waiting for the writer
  std::size_t batch_max = 512;             // writes in one transaction
  std::size_t compact_batch = 1000;  // log rows removed per transaction: writers never wait long
};

// Parses the facts out of stored bytes; used when the database is opened.
using FactsReader = std::function<Result<Facts>(const Key&, std::string_view bytes)>;

class ObjectStore {
 public:
  // Opens or creates the database, migrates it (crash-safe; a database of a newer version is
  // refused with a message that says so), checks it, loads it. Blocks; call before serving.
  // InvalidArgument: the path, or whose file it is. Unavailable: another process has it open, or
  // the disk fails. Internal: it is damaged; it is left as it is.
  static Result<std::unique_ptr<ObjectStore>> open(StoreOptions options, FactsReader facts);
  virtual ~ObjectStore() = default;

  // For a Delete the document is the last state, with the revision of the deletion. Unwinds when
  // the task is cancelled; the write may be done all the same.
  virtual Task<Result<DocumentPtr>> commit(Write write) = 0;

  virtual DocumentPtr get(const Key& key) const = 0;  // nullptr if there is none

  // `namespace_name` nullopt: all namespaces.
  virtual ListResult list(const std::string& resource,
                          const std::optional<std::string>& namespace_name) const = 0;

  // The state as it was at `revision`, rebuilt from the log. Expired when the log does not reach
  // back that far; InvalidArgument for a future one.
  virtual Result<ListResult> list_at(const std::string& resource,
                                     const std::optional<std::string>& namespace_name,
                                     Revision revision) const = 0;

  // Documents of any resource that name this uid as an owner.
  virtual std::vector<DocumentPtr> list_owned(const std::string& owner_uid) const = 0;

  virtual Revision revision() const = 0;         // the newest
  virtual Revision oldest_revision() const = 0;  // watches may start from here

  // Events after `from`. `resource` "" means all resources. InvalidArgument for a future one.
  virtual Result<std::unique_ptr<Watch>> watch(const std::string& resource, Revision from) = 0;

  // A random id made with the database; stamps what this installation creates in the world.
  virtual const std::string& cluster_id() const = 0;

  // Writes in flight are finished, later ones are Cancelled, watches end after the last event.
  // Idempotent.
  virtual Task<void> stop() = 0;
};

}  // namespace clickdeploy::store
