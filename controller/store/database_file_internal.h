// The database file on the machine's own disk, before SQLite gets to see it.

#pragma once

#include "controller/base/error.h"

#include <string>

namespace clickdeploy::store {

// Makes sure that the file exists, is a plain file and no symbolic link, and that only its owner
// may read it and what SQLite keeps beside it. Returns the path with its folder resolved, so that
// SQLite can be told to follow no link at all.
Result<std::string> prepare_database_file(const std::string& path);

}  // namespace clickdeploy::store
