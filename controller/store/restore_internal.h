// Rebuilds the memory state from what the database holds, and checks that the two tables agree.

#pragma once

#include "controller/store/database_internal.h"
#include "controller/store/memory_state_internal.h"
#include "controller/store/object_store.h"

#include <memory>

namespace clickdeploy::store {

// Internal if the rows contradict one another, or `facts` cannot read one.
Result<std::unique_ptr<MemoryState>> restore(StoredState stored, const FactsReader& facts,
                                             LogBounds bounds);

}  // namespace clickdeploy::store
