// Logging: set up once at start; everybody then calls spdlog::info(…) and its siblings.

#pragma once

#include <string>

namespace clickdeploy {

struct LogOptions {
  std::string level = "info";  // trace, debug, info, warning, error, critical, off
  bool json = false;           // one JSON object a line instead of text
};

// Sends the log to standard error. An unknown level counts as "info".
void set_up_logging(const LogOptions& options);

}  // namespace clickdeploy
