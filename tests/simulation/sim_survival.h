// What a process that starts again must find: all that its last life had acknowledged.

#pragma once

#include "controller/store/object_store.h"
#include "tests/simulation/sim_disk.h"
#include "tests/simulation/sim_report.h"

namespace clickdeploy::simulation {

// S10 and S7. `before` is the store as the last life saw it: it shows nothing that is not
// committed. `after` was opened since, and nothing was written to it. It may have more: writes that
// were committed before anybody was told. What they deleted is gone, and nothing else.
void check_survival(const store::ObjectStore& before, store::ObjectStore& after, Report& report);

// S12. Each file in the folder that others read is one that was published, as a whole.
void check_published(const SimDisk& disk, const std::string& folder, Report& report);

}  // namespace clickdeploy::simulation
