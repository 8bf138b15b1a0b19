// What database.cpp and database_open.cpp share: the SQLite connection. Nobody else includes it.

#pragma once

#include "controller/base/error.h"
#include "controller/store/database_internal.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace clickdeploy::store {

struct Database::Connection {
  Connection(std::string file, const std::string& vfs, int flags, int busy_timeout_ms);

  std::string path;
  SQLite::Database sqlite;
  std::string cluster_id;

  // Prepared once, after the tables exist.
  std::optional<SQLite::Statement> put_document;
  std::optional<SQLite::Statement> remove_document;
  std::optional<SQLite::Statement> put_event;
  std::optional<SQLite::Statement> set_revision;
  std::optional<SQLite::Statement> remove_events;
};

// The error of a failed SQLite call, in words for the person who has to act.
Error database_error(const std::string& path, const SQLite::Exception& thrown);

// A damaged file: where, and what to do about it.
Error damaged(const std::string& path, std::string_view what);

}  // namespace clickdeploy::store
