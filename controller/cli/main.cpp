// clickctl: the command-line client.

#include "controller/base/log.h"
#include "controller/cli/program.h"

#include <iostream>
#include <unistd.h>

namespace {

std::map<std::string, std::string, std::less<>> read_variables() {
  std::map<std::string, std::string, std::less<>> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

}  // namespace

int main(int argc, char** argv) {
  clickdeploy::set_up_logging({.level = "warning"});
  clickdeploy::SystemClock clock;
  clickdeploy::cli::Environment environment{.variables = read_variables(),
                                            .in = std::cin,
                                            .out = std::cout,
                                            .err = std::cerr,
                                            .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
                                            .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
                                            .clock = clock};
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return clickdeploy::cli::run_program(arguments, environment);
}
