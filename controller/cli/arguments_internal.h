// The command line, read: which command, with what, against which server.

#pragma once

#include "controller/async/task.h"
#include "controller/cli/connection_internal.h"
#include "controller/cli/session_internal.h"

#include <functional>
#include <string>
#include <vector>

namespace clickdeploy::cli {

using Command = std::function<Task<int>(Session&)>;

struct ParsedArguments {
  Command command;  // empty: there is nothing to run, help was printed or the arguments are wrong
  int exit_code = 0;
  bool needs_server = true;
  ConnectionOptions connection;
};

ParsedArguments parse_arguments(const std::vector<std::string>& arguments, Console& console);

}  // namespace clickdeploy::cli
