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
  std::size_t text_bytes_max = 0;  // its JSON text is no longer
};

inline JsonExtent extent_of(const Json& value) {
  constexpr std::size_t kScalarBytes = 32;  // of a number; of brackets too
  constexpr std::size_t kEscapeBytes = 6;   // of a byte of a string
  JsonExtent extent{.depth = 1,
                    .values = 1,
                    .text_bytes_max = kScalarBytes + kEscapeBytes * value.as_string().size()};
  const auto add = [&extent](const Json& part) {
    const JsonExtent below = extent_of(part);
    extent.depth = std::max(extent.depth, below.depth + 1);
    extent.values += below.values;
    extent.text_bytes_max += below.text_bytes_max;
  };
  for (const Json& item : value.as_array()) add(item);
  for (const auto& [key, member] : value.as_object()) {
    add(member);
    extent.text_bytes_max += kScalarBytes + kEscapeBytes * key.size();
  }
  return extent;
}

// For reading what the server itself wrote: each value takes a byte at least, so a text of any
// size is read.
inline JsonLimits own_text_limits(std::string_view text) {
  return {.depth_max = kReadDepthMax, .nodes_max = text.size()};
}

}  // namespace clickdeploy::apiserver
