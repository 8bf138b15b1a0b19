#include "controller/agents/exposition_internal.h"
#include "controller/base/text.h"

#include <algorithm>

namespace clickdeploy::agents {

namespace {

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

std::string_view take_name(std::string_view& rest) {
  std::size_t end = 0;
  while (end < rest.size() &&
         (is_name_start(rest[end]) || (end > 0 && rest[end] >= '0' && rest[end] <= '9'))) {
    ++end;
  }
  const std::string_view name = rest.substr(0, end);
  rest.remove_prefix(end);
  return name;
}

void skip_spaces(std::string_view& rest) {
  const std::size_t at = rest.find_first_not_of(" \t");
  rest.remove_prefix(std::min(at, rest.size()));
}

bool take(std::string_view& rest, char c) {
  if (!rest.starts_with(c)) return false;
  rest.remove_prefix(1);
  return true;
}

// What follows the opening quote, up to and with the closing one. Known escapes: \\ \" \n; as in
// Prometheus, the backslash of any other stays.
std::optional<std::string> take_value(std::string_view& rest) {
  std::string value;
  for (std::size_t at = 0; at < rest.size(); ++at) {
    const char c = rest[at];
    if (c == '"') {
      rest.remove_prefix(at + 1);
      return value;
    }
    if (c != '\\') {
      value += c;
      continue;
    }
    if (++at == rest.size()) return std::nullopt;
    if (rest[at] == 'n') {
      value += '\n';
    } else if (rest[at] == '\\' || rest[at] == '"') {
      value += rest[at];
    } else {
      value += '\\';
      value += rest[at];
    }
  }
  return std::nullopt;
}

// What follows the opening brace, up to and with the closing one.
std::optional<std::map<std::string, std::string>> take_labels(std::string_view& rest) {
  std::map<std::string, std::string> labels;
  while (true) {
    skip_spaces(rest);
    if (take(rest, '}')) return labels;
    const std::string_view name = take_name(rest);
    skip_spaces(rest);
    if (name.empty() || !take(rest, '=')) return std::nullopt;
    skip_spaces(rest);
    if (!take(rest, '"')) return std::nullopt;
    std::optional<std::string> value = take_value(rest);
    if (!value) return std::nullopt;
    labels.insert_or_assign(std::string(name), *std::move(value));
    skip_spaces(rest);
    if (!take(rest, ',') && !rest.starts_with('}')) return std::nullopt;
  }
}

bool is_number(std::string_view text) {
  const std::string word = to_lower(text);
  if (word == "nan" || word == "+inf" || word == "-inf" || word == "inf") return true;
  return !word.empty() && word.find_first_not_of("0123456789+-.e") == std::string::npos &&
         word.find_first_of("0123456789") != std::string::npos;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trim(line);
}

}  // namespace

std::optional<ExpositionSample> parse_sample_line(std::string_view line) {
  ExpositionSample sample;
  sample.name = take_name(line);
  if (sample.name.empty()) return std::nullopt;
  if (take(line, '{')) {
    std::optional<std::map<std::string, std::string>> labels = take_labels(line);
    if (!labels) return std::nullopt;
    sample.labels = *std::move(labels);
  } else if (!line.starts_with(' ') && !line.starts_with('\t')) {
    return std::nullopt;
  }
  skip_spaces(line);
  if (!is_number(line.substr(0, line.find_first_of(" \t")))) return std::nullopt;
  return sample;
}

std::string_view first_line(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (!line.empty()) return line;
  }
  return {};
}

bool looks_like_exposition(std::string_view text) {
  const std::string_view line = first_line(text);
  return line.starts_with('#') || parse_sample_line(line).has_value();
}

std::optional<std::map<std::string, std::string>> find_labels(std::string_view text,
                                                              std::string_view metric) {
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (!line.starts_with(metric)) continue;
    std::optional<ExpositionSample> sample = parse_sample_line(line);
    if (sample && sample->name == metric) return std::move(sample->labels);
  }
  return std::nullopt;
}

}  // namespace clickdeploy::agents
