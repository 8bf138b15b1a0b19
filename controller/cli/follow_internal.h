// follow: the changes of a collection, one after the other, from a version on.

#pragma once

#include "controller/cli/session_internal.h"
#include "controller/client/client.h"

#include <functional>
#include <string>

namespace clickdeploy::cli {

struct Following {
  client::ResourcePath path;
  std::string namespace_name;  // "": all
  std::string version;         // of the list that was read before
  client::Query query;
};

// Calls `show` with each object that is added, changed or deleted. Ends when the session's request
// time-out is over; without one it goes on until the connection breaks, and says so.
Task<Result<void>> follow(Session& session, Following what, std::function<void(const Json&)> show);

}  // namespace clickdeploy::cli
