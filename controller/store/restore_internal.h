// Rebuilds the memory state from what the database holds, and checks that the two tables agree.

#pragma once

#include "controller/store/database_internal.h"
#include "controller/store/memory_state_internal.h"
#include "controller/store/object_store.h"

#include <memory>

namespace clickdeploy::store {

struct Restored {
  std::unique_ptr<MemoryState> state;
  Revision logged_from = 0;  // the revision before the database's oldest log row
};

// Internal if the rows contradict one another, or `facts` cannot read one.
Result<Restored> restore(Database& database, const FactsReader& facts, LogBounds bounds);

}  // namespace clickdeploy::store
