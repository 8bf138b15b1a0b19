// Exponential backoff with jitter, as a pure function of the attempt and a random number.

#pragma once

#include <chrono>
#include <cstdint>

namespace clickdeploy {

struct Backoff {
  std::chrono::milliseconds first{500};
  std::chrono::milliseconds longest{300'000};
  double factor = 2.0;
  double jitter = 0.2;  // the wait is drawn from [1 - jitter, 1] of the full one

  // The wait before attempt `attempt` + 1; `attempt` counts failures so far, from 1.
  std::chrono::milliseconds after(std::uint32_t attempt, std::uint64_t random) const;
};

}  // namespace clickdeploy
