// CHECK: an assumption of ours that, if broken, is a bug: it is logged, then the process stops.
// Never for input or the outside world; those are Errors.

#pragma once

#include <string_view>

namespace clickdeploy {

[[noreturn]] void check_failed(std::string_view condition, std::string_view message,
                               std::string_view file, int line);

}  // namespace clickdeploy

#define CHECK(condition, message)                                             \
  do {                                                                        \
    if (!(condition)) [[unlikely]]                                            \
      ::clickdeploy::check_failed(#condition, (message), __FILE__, __LINE__); \
  } while (false)
