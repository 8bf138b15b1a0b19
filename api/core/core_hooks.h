// What the schema files of the core kinds cannot say: computed columns, write-only fields, rules.

#pragma once

#include "api/scheme.h"

namespace clickdeploy::api::core {

// Fills in the hooks of a core kind and the cells of its columns that have no JSONPath.
void attach_hooks(ResourceInfo& info);

}  // namespace clickdeploy::api::core
