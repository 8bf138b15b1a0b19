#include "controller/base/text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace clickdeploy {

namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

std::string format_seconds(WallTime time) {
  const auto day = floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(floor<seconds>(time) - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

// Takes exactly `count` digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  const std::optional<int> year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const std::optional<int> month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const std::optional<int> day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  // Nanoseconds since 1970 in 64 bits reach from 1677 to 2262.
  if (!date.ok() || *year < 1678 || *year > 2261) return std::nullopt;
  return std::chrono::sys_days(date);
}

std::optional<seconds> take_clock(std::string_view& text) {
  const std::optional<int> hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const std::optional<int> minute = take_digits(text, 2);
  if (!minute || !take(text, ':')) return std::nullopt;
  const std::optional<int> second = take_digits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return hours(*hour) + minutes(*minute) + seconds(*second);
}

// ".123456": digits past the ninth are dropped.
std::optional<nanoseconds> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return nanoseconds(0);
  std::int64_t value = 0;
  std::size_t digits = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    if (digits < 9) value = value * 10 + (text[0] - '0');
    ++digits;
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (std::size_t i = digits; i < 9; ++i) value *= 10;
  return nanoseconds(value);
}

std::optional<minutes> take_offset(std::string_view& text) {
  if (text.empty() || take(text, 'Z') || take(text, 'z')) return minutes(0);
  const bool west = text[0] == '-';
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const std::optional<int> hour = take_digits(text, 2);
  take(text, ':');
  const std::optional<int> minute = take_digits(text, 2);
  if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  const minutes offset = hours(*hour) + minutes(*minute);
  return west ? -offset : offset;
}

}  // namespace

std::string format_time(WallTime time) {
  return format_seconds(time) + "Z";
}

std::string format_micro_time(WallTime time) {
  const auto fraction = floor<microseconds>(time) - floor<seconds>(time);
  return fmt::format("{}.{:06}Z", format_seconds(time), fraction.count());
}

std::optional<WallTime> parse_time(std::string_view text) {
  const std::optional<std::chrono::sys_days> date = take_date(text);
  if (!date || (!take(text, 'T') && !take(text, 't') && !take(text, ' '))) return std::nullopt;
  const std::optional<seconds> clock = take_clock(text);
  if (!clock) return std::nullopt;
  const std::optional<nanoseconds> fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  const std::optional<minutes> offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return WallTime(*date) + *clock + *fraction - *offset;
}

std::string human_duration(seconds duration) {
  const auto two_units = [](std::int64_t large, char large_unit, std::int64_t small,
                            char small_unit) {
    return small == 0 ? fmt::format("{}{}", large, large_unit)
                      : fmt::format("{}{}{}{}", large, large_unit, small, small_unit);
  };
  const std::int64_t s = duration.count();
  const std::int64_t m = s / 60;
  const std::int64_t h = m / 60;
  const std::int64_t d = h / 24;
  if (s < -1) return "<invalid>";  // clocks of two machines differ by more than a second
  if (s < 0) return "0s";
  if (s < 120) return fmt::format("{}s", s);
  if (m < 10) return two_units(m, 'm', s % 60, 's');
  if (m < 180) return fmt::format("{}m", m);
  if (h < 8) return two_units(h, 'h', m % 60, 'm');
  if (h < 48) return fmt::format("{}h", h);
  if (d < 8) return two_units(d, 'd', h % 24, 'h');
  if (d < 365 * 2) return fmt::format("{}d", d);
  if (d < 365 * 8) return two_units(d / 365, 'y', d % 365, 'd');
  return fmt::format("{}y", d / 365);
}

std::optional<milliseconds> parse_prometheus_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t ms;
  };
  // Each at most once, in this order.
  constexpr std::array<Unit, 7> kUnits{{{"y", 31'536'000'000},
                                        {"w", 604'800'000},
                                        {"d", 86'400'000},
                                        {"h", 3'600'000},
                                        {"m", 60'000},
                                        {"s", 1'000},
                                        {"ms", 1}}};
  if (text == "0") return milliseconds(0);
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    std::int64_t value = 0;
    const auto number = std::from_chars(text.data(), text.data() + text.size(), value);
    if (number.ec != std::errc() || text[0] == '-') return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(number.ptr - text.data()));
    const std::string_view name = text.substr(0, text.find_first_of("0123456789"));
    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kUnits.size()) return std::nullopt;
    std::int64_t part = 0;
    if (__builtin_mul_overflow(value, kUnits[next_unit].ms, &part) ||
        __builtin_add_overflow(total, part, &total)) {
      return std::nullopt;
    }
    text.remove_prefix(name.size());
    ++next_unit;
  }
  return milliseconds(total);
}

}  // namespace clickdeploy
