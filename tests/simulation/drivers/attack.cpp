#include "tests/simulation/drivers/attack.h"

#include <charconv>

namespace clickdeploy::simulation {

std::optional<std::string> Attack::take(std::uint64_t place, const std::vector<std::string>& ways) {
  std::optional<std::string> way = branches_.take(place, ways);
  if (way) {
    branched_at_ = run_.world().context().steps();
    run_.story().tell("driver", "place " + std::to_string(place) + ": " + *way);
  }
  return way;
}

std::chrono::milliseconds number_in(const std::string& way) {
  const std::size_t from = way.find_first_of("0123456789");
  std::int64_t number = 0;
  if (from != std::string::npos) {
    std::from_chars(way.data() + from, way.data() + way.size(), number);
  }
  return std::chrono::milliseconds(number);
}

}  // namespace clickdeploy::simulation
