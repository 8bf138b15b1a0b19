// Session: what a command has at hand while it runs. Everything outlives the command.

#pragma once

#include "controller/async/clock.h"
#include "controller/cli/console_internal.h"
#include "controller/client/client.h"

#include <chrono>
#include <iosfwd>
#include <optional>
#include <string>

namespace clickdeploy::cli {

struct Session {
  client::Client& client;
  Clock& clock;
  Console& console;
  std::istream& in;

  std::string server;            // for messages
  std::string namespace_name;    // never empty
  bool namespace_given = false;  // by -n, not by the context
  bool all_namespaces = false;
  // Of a request; a watch ends by itself after it. nullopt: the default, watches do not end.
  std::optional<std::chrono::seconds> request_timeout;
};

// Says on the console what went wrong and, where we know it, what to do.
void report(Session& session, const Error& error);

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;

}  // namespace clickdeploy::cli
