// clickctl: the command line, as a function.

#pragma once

#include "controller/cli/environment.h"

#include <string>
#include <vector>

namespace clickdeploy::cli {

// Runs one command; `arguments` are without the program's name. The exit code: 0 done, 1 failed,
// 2 the command line is wrong. Blocks until the command has ended.
int run_program(const std::vector<std::string>& arguments, Environment& environment);

}  // namespace clickdeploy::cli
