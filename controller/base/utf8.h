// UTF-8, strict: no overlong forms, no surrogates, nothing above U+10FFFF.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace clickdeploy {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;  // 0 if the text does not start with a valid sequence
};

CodePoint decode_utf8(std::string_view text);

bool is_valid_utf8(std::string_view text);

// The text with each invalid byte replaced by U+FFFD.
std::string to_valid_utf8(std::string_view text);

// The longest beginning, or end, that has at most so many bytes and cuts no character.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max);
std::string_view utf8_suffix(std::string_view text, std::size_t bytes_max);

}  // namespace clickdeploy
