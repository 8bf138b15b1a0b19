#include "controller/base/yaml_scalar.h"

#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace clickdeploy {

namespace {

// YAML knows "word", "Word" and "WORD", but not "wOrd".
bool is_word(std::string_view text, std::string_view word) {
  if (text.size() != word.size() || to_lower(text) != word) return false;
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto uppers = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_upper));
  const auto letters = static_cast<std::size_t>(
      std::count_if(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; }));
  const std::size_t first = word.find_first_of("abcdefghijklmnopqrstuvwxyz");
  return uppers == 0 || uppers == letters || (uppers == 1 && is_upper(text[first]));
}

bool is_any_word(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return is_word(text, word); });
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// [digits][.digits][e[+-]digits] with a digit before the exponent.
bool has_float_form(std::string_view text) {
  std::size_t i = 0;
  std::size_t digits = 0;
  const auto skip_digits = [&] {
    for (; i < text.size() && is_digit(text[i]); ++i) ++digits;
  };
  skip_digits();
  if (i < text.size() && text[i] == '.') {
    ++i;
    skip_digits();
  }
  if (digits == 0) return false;
  if (i == text.size()) return true;
  if (text[i] != 'e' && text[i] != 'E') return false;
  std::string_view exponent = text.substr(i + 1);
  if (exponent.starts_with('+') || exponent.starts_with('-')) exponent.remove_prefix(1);
  return all_digits(exponent);
}

// The magnitude of a whole number; nullopt if the digits are not of the base or do not fit.
std::optional<std::uint64_t> whole_number(std::string_view digits, int base) {
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, value, base);
  if (digits.empty() || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> magnitude(std::string_view digits) {
  if (digits.size() > 2 && digits[0] == '0') {
    const std::string prefix = to_lower(digits.substr(0, 2));
    if (prefix == "0x") return whole_number(digits.substr(2), 16);
    if (prefix == "0o") return whole_number(digits.substr(2), 8);
    if (prefix == "0b") return whole_number(digits.substr(2), 2);
  }
  if (digits.size() > 1 && digits[0] == '0') return whole_number(digits.substr(1), 8);
  return whole_number(digits, 10);
}

Json signed_number(std::uint64_t size, bool negative) {
  constexpr std::uint64_t kHalf = std::uint64_t{1} << 63;
  if (size < kHalf) {
    const auto value = static_cast<std::int64_t>(size);
    return negative ? -value : value;
  }
  if (size == kHalf && negative) return INT64_MIN;
  return negative ? -static_cast<double>(size) : static_cast<double>(size);
}

std::optional<Result<Json>> resolve_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::string_view unsigned_text = text;
  if (negative || text.starts_with('+')) unsigned_text.remove_prefix(1);
  if (is_any_word(unsigned_text, {".inf"}) || is_any_word(text, {".nan"})) {
    return fail(ErrorCode::InvalidArgument, fmt::format("{} is not a JSON number", text));
  }
  const bool starts_right = !unsigned_text.empty() && unsigned_text[0] != '_' &&
                            (is_digit(unsigned_text[0]) || unsigned_text[0] == '.');
  if (!starts_right) return std::nullopt;

  std::string digits(unsigned_text);  // 1_000 is 1000
  std::erase(digits, '_');
  if (const std::optional<std::uint64_t> size = magnitude(digits)) {
    return signed_number(*size, negative);
  }
  if (!has_float_form(digits)) return std::nullopt;
  double value = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (parsed.ec == std::errc::result_out_of_range && digits.find("e-") == std::string::npos &&
      digits.find("E-") == std::string::npos) {
    return fail(ErrorCode::InvalidArgument, fmt::format("number {} is out of range", text));
  }
  return Json(negative ? -value : value);
}

// 2026-11-22, with or without a time: a timestamp to YAML 1.1.
bool looks_like_date(std::string_view text) {
  return text.size() >= 8 && all_digits(text.substr(0, 4)) && text[4] == '-' && is_digit(text[5]) &&
         text.find('-', 5) != std::string_view::npos && text.find('-', 5) <= 7;
}

// 1:30 and 1:30.5: base sixty to YAML 1.1. Anything but digits, signs, points and colons is safe.
bool looks_like_number(std::string_view text) {
  return text.find_first_not_of("0123456789_+-.:") == std::string_view::npos &&
         std::count(text.begin(), text.end(), '.') <= 1;
}

}  // namespace

Result<Json> resolve_plain_scalar(std::string_view text) {
  if (text.empty() || text == "~" || is_word(text, "null")) return Json();
  if (is_any_word(text, {"true", "yes", "on"})) return Json(true);
  if (is_any_word(text, {"false", "no", "off"})) return Json(false);
  if (std::optional<Result<Json>> number = resolve_number(text)) return *std::move(number);
  return Json(text);
}

bool is_ambiguous_scalar(std::string_view text) {
  if (is_any_word(text, {"y", "n"}) || text == "<<" || text == "=") return true;
  if (looks_like_date(text) || looks_like_number(text)) return true;
  const Result<Json> plain = resolve_plain_scalar(text);
  return !plain || !plain->is_string();
}

}  // namespace clickdeploy
