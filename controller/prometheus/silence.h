// Silence: what Alertmanager is told to hold back, as its API has it.

#pragma once

#include "controller/base/text.h"

#include <string>
#include <vector>

namespace clickdeploy::prometheus {

struct Matcher {
  std::string name;
  std::string value;
  bool is_regex = false;
  bool is_equal = true;

  auto operator<=>(const Matcher&) const = default;
};

struct Silence {
  std::string id;                 // "": it does not exist yet
  std::vector<Matcher> matchers;  // sorted
  WallTime starts_at{};
  WallTime ends_at{};
  std::string created_by;
  std::string comment;
  std::string state;  // active | pending | expired; "" of one that does not exist yet

  bool operator==(const Silence&) const = default;
};

}  // namespace clickdeploy::prometheus
