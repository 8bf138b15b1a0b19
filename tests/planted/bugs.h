// The bugs of controller/base/planted.h, told: after which pattern each is made and what it breaks.

#pragma once

#include "controller/base/planted.h"

#include <span>
#include <string_view>

namespace clickdeploy::planted_bugs {

// Why controllers fail, after Sieve (what is read is old, a crash in between, a change nobody sees,
// wrong by a detour), and where ours may fail besides.
enum class Pattern : std::uint8_t {
  Stale,
  Intermediate,
  Unobserved,
  Indirect,
  OpenStack,
  Prometheus,
  Store,
  Api,
};

struct PlantedBug {
  Bug bug;
  std::string_view name;  // as in enum Bug
  Pattern pattern;
  std::string_view breaks;
};

std::span<const PlantedBug> all_bugs();
std::string_view to_string(Pattern pattern);

}  // namespace clickdeploy::planted_bugs
