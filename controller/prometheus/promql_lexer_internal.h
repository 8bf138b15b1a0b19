// The words of PromQL.

#pragma once

#include "controller/base/error.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::prometheus::promql {

enum class TokenKind : std::uint8_t {
  End,
  Punctuation,  // an operator, bracket, comma, colon or @: `text` is it
  Number,
  Duration,
  String,      // `text` is what the quotes hold
  Identifier,  // of a metric, function or label
  MetricName,  // an identifier with a colon
  Keyword,     // `text` is as written, `word` in lower case
};

struct Token {
  TokenKind kind = TokenKind::End;
  std::string text;
  std::string word;
  std::size_t at = 0;  // byte in the expression
};

// The words, and End last.
Result<std::vector<Token>> read_tokens(std::string_view text);

// "1:7: parse error: what" for a place in the text.
Error error_at(std::string_view text, std::size_t at, std::string_view what);

}  // namespace clickdeploy::prometheus::promql
