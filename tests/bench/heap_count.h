// How often this thread has asked for memory: operator new counts.

#pragma once

#include <cstdint>

namespace clickdeploy::bench {

std::uint64_t allocations();

}  // namespace clickdeploy::bench
