#include "controller/base/text.h"
#include "controller/base/utf8.h"
#include "controller/prometheus/promql_lexer_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace clickdeploy::prometheus::promql {

namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";
constexpr std::string_view kSpaces = " \t\r\n";

constexpr std::array<std::string_view, 26> kKeywords = {
    "and",          "atan2",  "avg",   "bool",       "bottomk",     "by",       "count",
    "count_values", "end",    "group", "group_left", "group_right", "ignoring", "max",
    "min",          "offset", "on",    "or",         "quantile",    "start",    "stddev",
    "stdvar",       "sum",    "topk",  "unless",     "without"};

bool is_in(std::string_view set, char c) {
  return c != '\0' && set.find(c) != std::string_view::npos;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alpha(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_alphanumeric(char c) {
  return is_alpha(c) || is_digit(c);
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> read() {
    while (!error_) {
      skip_spaces();
      start_ = at_;
      if (at_ >= text_.size()) break;
      if (in_braces_) {
        read_in_braces();
      } else {
        read_statement();
      }
    }
    if (!error_ && in_braces_) fail_here("unexpected end of input inside braces");
    if (!error_ && in_brackets_) fail_here("unclosed left bracket");
    if (error_) return std::unexpected(*std::move(error_));
    add(TokenKind::End, "");
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool accept(std::string_view set) {
    if (at_ >= text_.size() || !is_in(set, text_[at_])) return false;
    ++at_;
    return true;
  }
  void accept_run(std::string_view set) {
    while (accept(set)) {
    }
  }

  void skip_spaces() {
    while (true) {
      accept_run(kSpaces);
      if (peek() != '#') return;
      at_ = std::min(text_.find('\n', at_), text_.size());
    }
  }

  void fail_at(std::size_t at, std::string_view what) {
    if (!error_) error_ = error_at(text_, at, what);
  }
  void fail_here(std::string_view what) { fail_at(start_, what); }

  void add(TokenKind kind, std::string text, std::string word = "") {
    tokens_.push_back({kind, std::move(text), std::move(word), start_});
  }
  void punctuation(std::size_t bytes) {
    at_ += bytes;
    add(TokenKind::Punctuation, std::string(text_.substr(start_, bytes)));
  }

  void read_statement() {
    const char c = peek();
    const char next = peek(1);
    if (is_digit(c) || (c == '.' && is_digit(next))) return read_number_or_duration();
    if (c == '"' || c == '\'' || c == '`') return read_string();
    if (in_brackets_ && (is_alpha(c) || c == ':')) return read_colon();
    if (is_alpha(c) || c == ':') return read_word();
    switch (c) {
      case ',':
      case '*':
      case '/':
      case '%':
      case '+':
      case '-':
      case '^':
      case '@':
      case '(':
      case ')':
        return punctuation(1);
      case '{':
        in_braces_ = true;
        return punctuation(1);
      case '[':
        return open_bracket();
      case ']':
        if (!in_brackets_) return fail_here("unexpected right bracket \"]\"");
        in_brackets_ = false;
        return punctuation(1);
      case '=':
        if (next == '=') return punctuation(2);
        return fail_here("unexpected \"=\"; did you mean \"==\"?");
      case '!':
        if (next == '=') return punctuation(2);
        return fail_here("unexpected character after \"!\"");
      case '<':
      case '>':
        return punctuation(next == '=' ? 2 : 1);
      default:
        return fail_here("unexpected character");
    }
  }

  // Prometheus takes any letter between two durations for the colon.
  void read_colon() {
    ++at_;
    add(TokenKind::Punctuation, ":");
  }

  void open_bracket() {
    if (in_brackets_) return fail_here("unexpected left bracket \"[\"");
    in_brackets_ = true;
    punctuation(1);
    skip_spaces();
    start_ = at_;
    if (scan_number()) return fail_here("missing unit character in duration");
    read_duration_rest();
  }

  void read_in_braces() {
    const char c = peek();
    if (is_alpha(c)) {
      while (is_alphanumeric(peek())) ++at_;
      return add(TokenKind::Identifier, std::string(text_.substr(start_, at_ - start_)));
    }
    if (c == '"' || c == '\'' || c == '`') return read_string();
    if (c == ',') return punctuation(1);
    if (c == '=') return punctuation(peek(1) == '~' ? 2 : 1);
    if (c == '!') {
      if (peek(1) == '=' || peek(1) == '~') return punctuation(2);
      return fail_here("unexpected character after \"!\" inside braces");
    }
    if (c == '}') {
      in_braces_ = false;
      return punctuation(1);
    }
    fail_here("unexpected character inside braces");
  }

  void read_word() {
    while (is_alphanumeric(peek()) || peek() == ':') ++at_;
    const std::string_view word = text_.substr(start_, at_ - start_);
    std::string lower = to_lower(word);
    if (lower == "inf" || lower == "nan") return add(TokenKind::Number, std::move(lower));
    if (std::ranges::find(kKeywords, lower) != kKeywords.end()) {
      return add(TokenKind::Keyword, std::string(word), std::move(lower));
    }
    const bool colon = word.find(':') != std::string_view::npos;
    add(colon ? TokenKind::MetricName : TokenKind::Identifier, std::string(word));
  }

  // Is a number here, and nothing that would make it a duration or a word?
  bool scan_number() {
    std::string_view digits = kDigits;
    if (accept("0") && accept("xX")) digits = kHexDigits;
    accept_run(digits);
    if (accept(".")) accept_run(digits);
    if (accept("eE")) {
      accept("+-");
      accept_run(kDigits);
    }
    return !is_alphanumeric(peek());
  }

  void read_number_or_duration() {
    if (scan_number()) {
      return add(TokenKind::Number, std::string(text_.substr(start_, at_ - start_)));
    }
    read_duration_rest();
  }

  // The number was scanned: a unit, then further numbers with units.
  void read_duration_rest() {
    bool good = accept("smhdwy");
    if (good) accept("s");
    while (good && accept(kDigits)) {
      accept_run(kDigits);
      good = accept("smhdw");
      if (good) accept("s");
    }
    if (!good || is_alphanumeric(peek())) return fail_here("bad number or duration syntax");
    add(TokenKind::Duration, std::string(text_.substr(start_, at_ - start_)));
  }

  void read_string() {
    const char quote = text_[at_++];
    std::string value;
    while (true) {
      if (at_ >= text_.size()) return fail_here("unterminated quoted string");
      const char c = text_[at_];
      if (c == quote) break;
      if (c == '\n' && quote != '`') return fail_here("unterminated quoted string");
      if (c == '\\' && quote != '`') {
        ++at_;
        if (!read_escape(quote, value)) {
          return fail_at(at_, "unknown or bad escape sequence in a quoted string");
        }
        continue;
      }
      const CodePoint point = decode_utf8(text_.substr(at_));
      if (point.bytes == 0 || point.value == 0xFFFD) return fail_at(at_, "invalid UTF-8 rune");
      value += text_.substr(at_, point.bytes);
      at_ += point.bytes;
    }
    ++at_;
    add(TokenKind::String, std::move(value));
  }

  bool read_escape(char quote, std::string& value) {
    const char c = peek();
    constexpr std::string_view kNames = "abfnrtv\\";
    constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\";
    if (is_in(kNames, c)) {
      value += kValues[kNames.find(c)];
      ++at_;
      return true;
    }
    if (c == quote) {
      value += c;
      ++at_;
      return true;
    }
    if (c >= '0' && c <= '7') return read_coded(3, 8, 255, value);
    if (at_ >= text_.size()) return false;
    ++at_;
    if (c == 'x') return read_coded(2, 16, 255, value);
    if (c == 'u') return read_coded(4, 16, 0x10FFFF, value);
    if (c == 'U') return read_coded(8, 16, 0x10FFFF, value);
    return false;
  }

  // Octal and \x give bytes, \u and \U characters.
  bool read_coded(int digits, unsigned base, char32_t max, std::string& value) {
    char32_t code = 0;
    for (int i = 0; i < digits; ++i, ++at_) {
      const std::size_t digit =
          at_ < text_.size() ? kHexDigits.find(text_[at_]) : kHexDigits.size();
      const std::size_t worth = digit > 15 && digit < 22 ? digit - 6 : digit;
      if (worth >= base) return false;
      code = code * base + static_cast<char32_t>(worth);
    }
    if (code > max || (code >= 0xD800 && code < 0xE000)) return false;
    if (max == 255) {
      value += static_cast<char>(code);
    } else {
      append_utf8(value, code);
    }
    return true;
  }

  static void append_utf8(std::string& value, char32_t code) {
    const auto put = [&value](char32_t byte) { value += static_cast<char>(byte); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xC0 | (code >> 6));
      put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      put(0xE0 | (code >> 12));
      put(0x80 | ((code >> 6) & 0x3F));
      put(0x80 | (code & 0x3F));
    } else {
      put(0xF0 | (code >> 18));
      put(0x80 | ((code >> 12) & 0x3F));
      put(0x80 | ((code >> 6) & 0x3F));
      put(0x80 | (code & 0x3F));
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
  bool in_braces_ = false;
  bool in_brackets_ = false;
  std::vector<Token> tokens_;
  std::optional<Error> error_;
};

}  // namespace

Error error_at(std::string_view text, std::size_t at, std::string_view what) {
  const std::string_view before = text.substr(0, std::min(at, text.size()));
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::size_t last = before.rfind('\n');
  const std::size_t column = last == std::string_view::npos ? at + 1 : at - last;
  return Error(ErrorCode::InvalidArgument,
               fmt::format("{}:{}: parse error: {}", line, column, what));
}

Result<std::vector<Token>> read_tokens(std::string_view text) {
  return Lexer(text).read();
}

}  // namespace clickdeploy::prometheus::promql
