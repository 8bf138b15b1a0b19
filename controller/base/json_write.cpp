#include "controller/base/json.h"
#include "controller/base/utf8.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

namespace clickdeploy {

namespace {

// The shortest digits that read back to the same value, in Go's choice of form: an exponent only
// below 1e-6 and from 1e21 on, without leading zeros.
std::string number_text(double value) {
  const double size = std::abs(value);
  const bool fixed = size == 0 || (size >= 1e-6 && size < 1e21);
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 fixed ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(buffer.data(), end.ptr);
  const std::size_t exponent = text.find('e');
  if (exponent != std::string::npos && text[exponent + 2] == '0') text.erase(exponent + 2, 1);
  return text;
}

// How many bytes at the start need no escape and are ASCII; looks at eight at a time.
std::size_t plain_prefix(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  constexpr std::uint64_t kHigh = 0x8080808080808080ULL;
  const auto has_zero = [](std::uint64_t word) { return (word - kOnes) & ~word; };
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof(word));
    const std::uint64_t control = (word - kOnes * 0x20) & ~word;
    const std::uint64_t quote = has_zero(word ^ (kOnes * '"'));
    const std::uint64_t escape = has_zero(word ^ (kOnes * '\\'));
    if (((word | control | quote | escape) & kHigh) != 0) break;
  }
  const auto is_plain = [](unsigned char c) {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
  };
  while (at < text.size() && is_plain(static_cast<unsigned char>(text[at]))) ++at;
  return at;
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 0xFU];
  }
}

// Bytes that are not UTF-8 become U+FFFD: what comes from outside must not make the whole document
// unreadable.
void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (true) {
    const std::size_t plain = plain_prefix(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const CodePoint point = decode_utf8(text);
    if (point.bytes == 1) {
      append_escape(out, text.front());
    } else {
      out.append(point.bytes == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, point.bytes));
    }
    text.remove_prefix(std::max<std::size_t>(point.bytes, 1));
  }
  out += '"';
}

void append_number(std::string& out, std::int64_t value) {
  std::array<char, 24> buffer{};
  out.append(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr);
}

void append_value(std::string& out, const Json& value) {
  if (value.is_null()) {
    out += "null";
  } else if (value.is_bool()) {
    out += value.as_bool() ? "true" : "false";
  } else if (value.is_int()) {
    append_number(out, value.as_int());
  } else if (value.is_double()) {
    // JSON has no word for infinity.
    out += std::isfinite(value.as_double()) ? number_text(value.as_double()) : "null";
  } else if (value.is_string()) {
    append_string(out, value.as_string());
  } else if (value.is_array()) {
    char before = '[';
    for (const Json& item : value.as_array()) {
      out += std::exchange(before, ',');
      append_value(out, item);
    }
    out += value.empty() ? "[]" : "]";
  } else {
    char before = '{';
    for (const auto& [key, member] : value.as_object()) {
      out += std::exchange(before, ',');
      append_string(out, key);
      out += ':';
      append_value(out, member);
    }
    out += value.empty() ? "{}" : "}";
  }
}

template <class Writer>
void write_string(Writer& writer, const std::string& text, bool is_key) {
  const std::string valid = to_valid_utf8(text);
  const auto length = static_cast<rapidjson::SizeType>(valid.size());
  if (is_key) {
    writer.Key(valid.data(), length);
  } else {
    writer.String(valid.data(), length);
  }
}

template <class Writer>
void write_number(Writer& writer, double value) {
  if (!std::isfinite(value)) {
    writer.Null();  // JSON has no other word for it
    return;
  }
  const std::string text = number_text(value);
  writer.RawValue(text.data(), text.size(), rapidjson::kNumberType);
}

template <class Writer>
void write(Writer& writer, const Json& value) {
  if (value.is_null()) {
    writer.Null();
  } else if (value.is_bool()) {
    writer.Bool(value.as_bool());
  } else if (value.is_int()) {
    writer.Int64(value.as_int());
  } else if (value.is_double()) {
    write_number(writer, value.as_double());
  } else if (value.is_string()) {
    write_string(writer, value.as_string(), false);
  } else if (value.is_array()) {
    writer.StartArray();
    for (const Json& item : value.as_array()) write(writer, item);
    writer.EndArray();
  } else {
    writer.StartObject();
    for (const auto& [key, member] : value.as_object()) {
      write_string(writer, key, true);
      write(writer, member);
    }
    writer.EndObject();
  }
}

}  // namespace

void append_json(std::string& text, const Json& value) {
  append_value(text, value);
}

std::string to_json(const Json& value) {
  std::string text;
  text.reserve(1024);
  append_value(text, value);
  return std::string(text);  // NOLINT: without the room that was left
}

std::string to_pretty_json(const Json& value, unsigned indent) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', indent);
  write(writer, value);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace clickdeploy
