#include "controller/openstack/retry_after_internal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

namespace clickdeploy::openstack {
namespace {

using std::chrono::seconds;

constexpr seconds kLongest{3600};

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (at != end || text.empty() || value < 0) return std::nullopt;
  if (error == std::errc::result_out_of_range) return kLongest.count();
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

}  // namespace

// As the RFC 3339 text that we can read already.
std::optional<WallTime> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::vector<std::string> parts = split(text, ' ');
  if (parts.size() != 6 || parts[1].size() != 2 || parts[5] != "GMT") return std::nullopt;
  const auto month = std::ranges::find(kMonths, parts[2]);
  if (month == kMonths.end()) return std::nullopt;
  const std::string number = std::to_string(month - kMonths.begin() + 1);
  return parse_time(parts[3] + "-" + (number.size() == 1 ? "0" : "") + number + "-" + parts[1] +
                    "T" + parts[4] + "Z");
}

std::optional<seconds> parse_retry_after(std::string_view text, WallTime now) {
  text = trim(text);
  if (const std::optional<std::int64_t> number = number_of(text)) {
    return std::min(seconds(*number), kLongest);
  }
  const std::optional<WallTime> date = parse_http_date(text);
  if (!date) return std::nullopt;
  const seconds pause = std::chrono::ceil<seconds>(*date - now);
  return std::clamp(pause, seconds(0), kLongest);
}

}  // namespace clickdeploy::openstack
