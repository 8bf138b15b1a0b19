// YAML at the border: text in, Json out, once. Nothing inside the program handles YAML.
//
// Scalars follow YAML 1.1's core as Kubernetes tools read them: no/off/yes/on are booleans, 010 is
// octal; quoted scalars are strings. Refused, each with line and column: anchors and aliases, tags
// other than the core ones, duplicate keys, non-scalar keys, depth and sizes over the limits.

#pragma once

#include "controller/base/error.h"
#include "controller/base/json.h"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy {

struct YamlLimits {
  std::size_t bytes_max = 3 * 1024 * 1024;
  std::size_t depth_max = 64;
  std::size_t nodes_max = 100'000;
  std::size_t key_bytes_max = 4 * 1024;
  // Of all paths whose line is kept: a path repeats the keys above it, so a small text can have
  // long ones. A path that does not fit is left out. 0: the lines are not wanted.
  std::size_t line_path_bytes_max = 8 * 1024 * 1024;
};

struct YamlDocument {
  Json value;
  // "spec.networks[0].name" → line, from 1. For messages such as "web.yaml:12: spec.image: …".
  std::map<std::string, std::size_t, std::less<>> lines;

  // The line of the path, or of its nearest parent that is known; 0 if none is.
  std::size_t line_of(std::string_view path) const;
};

// Every document of the stream; empty ones are left out.
Result<std::vector<YamlDocument>> parse_yaml(std::string_view text, const YamlLimits& limits = {});

// The one document of the text, read without lines; InvalidArgument if there are none or several.
Result<Json> parse_single_yaml(std::string_view text, const YamlLimits& limits = {});

// Block style, keys in order, strings quoted where YAML 1.1 or 1.2 would read something else.
// Ends in a newline. parse_single_yaml(to_yaml(x)) == x.
std::string to_yaml(const Json& value);

}  // namespace clickdeploy
