#include "controller/prometheus/promql_values_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace clickdeploy::prometheus::promql {

namespace {

std::optional<double> to_double(std::string_view digits, std::chars_format format) {
  double value = 0;
  const auto [end, code] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, format);
  if (code != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<double> number_value(std::string_view text) {
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  int base = 10;
  std::string_view digits = text;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    digits = text.substr(2);
  } else if (text.size() > 1 && text.front() == '0') {
    base = 8;
    digits = text.substr(1);
  }
  std::int64_t whole = 0;
  const auto [end, code] =
      std::from_chars(digits.data(), digits.data() + digits.size(), whole, base);
  if (code == std::errc() && end == digits.data() + digits.size()) {
    return static_cast<double>(whole);
  }
  if (base == 16) return std::nullopt;
  return to_double(text, std::chars_format::general);
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Inf" : "-Inf";
  return fmt::format("{}", value);
}

std::optional<std::int64_t> duration_ms(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t ms;
  };
  constexpr std::array<Unit, 7> kUnits = {{{"y", 31'536'000'000},
                                           {"w", 604'800'000},
                                           {"d", 86'400'000},
                                           {"h", 3'600'000},
                                           {"m", 60'000},
                                           {"s", 1'000},
                                           {"ms", 1}}};
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 1'000'000;
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    std::int64_t count = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (code != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t letters = std::min(text.find_first_of("0123456789"), text.size());
    const auto* unit = std::ranges::find(kUnits, text.substr(0, letters), &Unit::name);
    const auto at = static_cast<std::size_t>(unit - kUnits.begin());
    if (unit == kUnits.end() || at < next_unit || count > (kMost - total) / unit->ms) {
      return std::nullopt;
    }
    total += count * unit->ms;
    next_unit = at + 1;
    text.remove_prefix(letters);
  }
  return total;
}

}  // namespace clickdeploy::prometheus::promql
