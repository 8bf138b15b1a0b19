#include "controller/base/json.h"
#include "controller/base/utf8.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <array>
#include <charconv>
#include <cmath>

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

template <class Writer>
void write_string(Writer& writer, const std::string& text, bool is_key) {
  // Bytes from outside must not make the whole document unreadable.
  const bool valid = is_valid_utf8(text);
  const std::string repaired = valid ? std::string() : to_valid_utf8(text);
  const std::string& written = valid ? text : repaired;
  const auto length = static_cast<rapidjson::SizeType>(written.size());
  if (is_key) {
    writer.Key(written.data(), length);
  } else {
    writer.String(written.data(), length);
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

std::string to_json(const Json& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  write(writer, value);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string to_pretty_json(const Json& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 4);
  write(writer, value);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace clickdeploy
