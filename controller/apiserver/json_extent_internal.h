// How deep and how large a JSON value is, and the limits that keep what is stored readable.
//
// Every reader of an answer reads deeper than an object may be: a watch puts one level around an
// object and a list two, and what an older version stored may be a little deeper still.

#pragma once

#include "controller/base/json.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace clickdeploy::apiserver {

inline constexpr std::size_t kObjectDepthMax = 60;
inline constexpr std::size_t kFieldsV1DepthMax = 32;
inline constexpr std::size_t kReadDepthMax = 80;

struct JsonExtent {
  std::size_t depth = 0;  // 1 for a scalar or an empty container
  std::size_t values = 0;
};

inline JsonExtent extent_of(const Json& value) {
  JsonExtent extent{.depth = 1, .values = 1};
  const auto add = [&extent](const Json& part) {
    const JsonExtent below = extent_of(part);
    extent.depth = std::max(extent.depth, below.depth + 1);
    extent.values += below.values;
  };
  for (const Json& item : value.as_array()) add(item);
  for (const auto& [key, member] : value.as_object()) add(member);
  return extent;
}

// For reading what the server itself wrote: each value takes a byte at least, so a text of any
// size is read.
inline JsonLimits own_text_limits(std::string_view text) {
  return {.depth_max = kReadDepthMax, .nodes_max = text.size()};
}

}  // namespace clickdeploy::apiserver
