// The Prometheus exposition format, read for a few samples.

#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace clickdeploy::agents {

struct ExpositionSample {
  std::string_view name;
  std::map<std::string, std::string> labels;
};

// One line that is no comment; nullopt if it is not a sample. `line` outlives the result.
std::optional<ExpositionSample> parse_sample_line(std::string_view line);

// The first line that is not empty, or nothing.
std::string_view first_line(std::string_view text);

// Whether the text can be an exposition: judged by its first line, a comment or a sample.
bool looks_like_exposition(std::string_view text);

// The labels of the first sample of that name.
std::optional<std::map<std::string, std::string>> find_labels(std::string_view text,
                                                              std::string_view metric);

}  // namespace clickdeploy::agents
