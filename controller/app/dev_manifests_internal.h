// The example objects of dev: manifests/dev, compiled into the program.

#pragma once

#include "api/embedded.h"
#include "controller/app/dev_setup_internal.h"
#include "controller/async/task.h"
#include "controller/base/error.h"
#include "controller/base/json.h"
#include "controller/client/client.h"

#include <span>
#include <string>
#include <vector>

namespace clickdeploy::app {

inline constexpr const char* kDevNamespace = "demo";
inline constexpr const char* kDevService = "web";

// The files of manifests/dev, by name.
std::span<const api::EmbeddedFile> dev_manifests();

// The objects, in the order in which they are applied, with the values of this run put in:
// credentials, addresses and folders.
Result<std::vector<Json>> dev_objects(const DevPlaces& places, const std::string& clouds_yaml);

struct AppliedObjects {
  std::size_t created = 0;
  std::size_t kept = 0;  // were there already; a person may have changed them
};

// Creates what is missing. Of what exists only the values of this run are written.
Task<Result<AppliedObjects>> apply_dev_objects(client::Client& client, std::vector<Json> objects);

// Which collection an object of dev belongs to.
client::ResourcePath dev_path(const std::string& kind);

}  // namespace clickdeploy::app
