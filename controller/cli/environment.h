// Environment: what surrounds a run of clickctl, so that a test can be its surroundings.

#pragma once

#include "controller/async/clock.h"

#include <functional>
#include <iosfwd>
#include <map>
#include <string>

namespace clickdeploy::cli {

struct Environment {
  std::map<std::string, std::string, std::less<>> variables;  // HOME, KUBECONFIG, NO_COLOR, …
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  Clock& clock;

  // "" if it is not set.
  std::string variable(std::string_view name) const {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
  }
};

}  // namespace clickdeploy::cli
