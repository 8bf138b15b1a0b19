#include "controller/base/utf8.h"
#include "controller/base/yaml.h"
#include "controller/base/yaml_scalar.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy {

namespace {

// Code points that every YAML reader takes as they are inside a line.
bool is_printable(char32_t c) {
  return (c >= 0x20 && c < 0x7F) || (c >= 0xA0 && c <= 0xD7FF && c != 0x2028 && c != 0x2029) ||
         (c >= 0xE000 && c < 0xFFFE && c != 0xFEFF) || (c >= 0x10000 && (c & 0xFFFE) != 0xFFFE);
}

bool is_printable_line(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    if (point.bytes == 0 || !is_printable(point.value)) return false;
    text.remove_prefix(point.bytes);
  }
  return true;
}

bool can_be_plain(std::string_view text) {
  if (text.empty() || !is_printable_line(text) || is_ambiguous_scalar(text)) return false;
  constexpr std::string_view kIndicators = " ?:,[]{}#&*!|>'\"%@`";
  if (kIndicators.find(text.front()) != std::string_view::npos) return false;
  if (text.front() == '-' && (text.size() == 1 || text[1] == ' ' || text.starts_with("---"))) {
    return false;
  }
  if (text.starts_with("...")) return false;
  return text.back() != ' ' && text.back() != ':' && text.find(": ") == std::string_view::npos &&
         text.find(" #") == std::string_view::npos;
}

std::string escape(char32_t c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  const auto number = static_cast<std::uint32_t>(c);
  if (number < 0x100) return fmt::format("\\x{:02X}", number);
  return number < 0x10000 ? fmt::format("\\u{:04X}", number) : fmt::format("\\U{:08X}", number);
}

std::string double_quoted(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    const bool as_is = is_printable(point.value) && point.value != '"' && point.value != '\\';
    if (as_is) {
      quoted += text.substr(0, point.bytes);
    } else {
      quoted += escape(point.value);
    }
    text.remove_prefix(point.bytes);
  }
  return quoted + '"';
}

// Literal blocks keep the text word for word only if no line starts or ends in white space that
// readers disagree about.
bool can_be_literal(std::string_view text) {
  if (text.find('\n') == std::string_view::npos) return false;
  if (text.front() == ' ' || text.front() == '\n') return false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (!is_printable_line(line) || line.ends_with(' ')) return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

class Writer {
 public:
  std::string take() { return std::move(out_); }

  // The rest of a line that ends in `lead` ("key:" or "-", or nothing at the root).
  void write_after(std::string_view lead, const Json& value, std::size_t indent) {
    if (value.is_object() && !value.empty()) {
      write_object(value.as_object(), lead, indent);
    } else if (value.is_array() && !value.empty()) {
      write_array(value.as_array(), lead, indent);
    } else {
      out_ += lead.empty() ? "" : " ";
      write_scalar(value, indent);
      out_ += '\n';
    }
  }

 private:
  void write_object(const JsonObject& object, std::string_view lead, std::size_t indent) {
    bool on_new_line = start_block(lead);
    for (const auto& [key, value] : object) {
      if (on_new_line) out_.append(indent, ' ');
      on_new_line = true;
      const std::string text = to_valid_utf8(key);
      out_ += can_be_plain(text) ? text : double_quoted(text);
      out_ += ':';
      // As kubectl prints it: the items of a list stand under their key.
      write_after(":", value, value.is_array() ? indent : indent + 2);
    }
  }

  void write_array(const JsonArray& items, std::string_view lead, std::size_t indent) {
    bool on_new_line = start_block(lead);
    for (const Json& item : items) {
      if (on_new_line) out_.append(indent, ' ');
      on_new_line = true;
      out_ += '-';
      write_after("-", item, indent + 2);
    }
  }

  // Returns whether the first child stands on a line of its own.
  bool start_block(std::string_view lead) {
    if (lead == "-") out_ += ' ';
    if (lead == ":") out_ += '\n';
    return lead != "-";
  }

  void write_scalar(const Json& value, std::size_t indent) {
    if (!value.is_string()) {
      out_ += to_json(value);
      return;
    }
    const std::string text = to_valid_utf8(value.as_string());
    if (can_be_plain(text)) {
      out_ += text;
    } else if (can_be_literal(text)) {
      write_literal(text, indent);
    } else {
      out_ += double_quoted(text);
    }
  }

  void write_literal(std::string_view text, std::size_t indent) {
    const bool ends_in_line_break = text.ends_with('\n');
    out_ += !ends_in_line_break ? "|-" : text.ends_with("\n\n") ? "|+" : "|";
    if (ends_in_line_break) text.remove_suffix(1);
    while (true) {
      const std::size_t end = text.find('\n');
      const std::string_view line = text.substr(0, end);
      out_ += '\n';
      if (!line.empty()) out_.append(std::max<std::size_t>(indent, 2), ' ').append(line);
      if (end == std::string_view::npos) return;
      text.remove_prefix(end + 1);
    }
  }

  std::string out_;
};

}  // namespace

std::string to_yaml(const Json& value) {
  Writer writer;
  writer.write_after("", value, 0);
  return writer.take();
}

}  // namespace clickdeploy
