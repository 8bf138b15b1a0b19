// What the fuzz targets share. A broken promise ends the process, as a sanitizer's finding does.

#pragma once

#include "controller/base/json.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace clickdeploy::fuzz {

inline void promise(bool kept, const char* what) {
  if (kept) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// The first line, and what follows it.
inline std::pair<std::string_view, std::string_view> cut_line(std::string_view text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return {text, {}};
  return {text.substr(0, end), text.substr(end + 1)};
}

// What we made ourselves we can write, and read again.
inline void promise_readable(const Json& value, const char* what) {
  const Result<Json> again = parse_json(to_json(value));
  promise(again.has_value(), what);
  promise(*again == value, what);
}

}  // namespace clickdeploy::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
