#include "controller/base/backoff.h"

#include <algorithm>
#include <cmath>

namespace clickdeploy {

std::chrono::milliseconds Backoff::after(std::uint32_t attempt, std::uint64_t random) const {
  const double failures = attempt == 0 ? 0.0 : static_cast<double>(attempt - 1);
  const double grown = static_cast<double>(first.count()) * std::pow(factor, failures);
  const double full = std::min(grown, static_cast<double>(longest.count()));
  const double unit = static_cast<double>(random >> 11) * 0x1p-53;  // [0, 1)
  return std::chrono::milliseconds(std::llround(full * (1.0 - jitter * unit)));
}

}  // namespace clickdeploy
