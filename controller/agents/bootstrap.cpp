#include "controller/agents/bootstrap.h"

#include "controller/agents/exposition_internal.h"
#include "controller/base/text.h"
#include "controller/base/utf8.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::agents {

namespace {

constexpr std::size_t kStepBytesMax = 250;  // status.bootstrap.step takes 256

// Both come from the server: nothing in them may break a line or a terminal.
std::string clean(std::string_view text) {
  std::string words = to_valid_utf8(trim(text).substr(0, kStepBytesMax));
  std::ranges::replace_if(
      words, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return words;
}

std::string describe_step(std::string_view step, std::string_view status, std::string_view words) {
  return clean(words.empty() ? fmt::format("{} (exit status {})", step, status)
                             : fmt::format("{} (exit status {}: {})", step, status, words));
}

}  // namespace

std::string failed_step_in_metrics(std::string_view exposition) {
  for (std::size_t at = exposition.find(kBootstrapStepMetric); at != std::string_view::npos;
       at = exposition.find(kBootstrapStepMetric, at + 1)) {
    if (at > 0 && exposition[at - 1] != '\n') continue;
    const std::string_view line = exposition.substr(at, exposition.find('\n', at) - at);
    const std::optional<ExpositionSample> sample = parse_sample_line(line);
    if (!sample || sample->name != kBootstrapStepMetric) continue;
    auto label = [&](const char* name) {
      const auto found = sample->labels.find(name);
      return found == sample->labels.end() ? std::string() : found->second;
    };
    if (label("outcome") == "failed")
      return describe_step(label("step"), label("status"), label("words"));
  }
  return "";
}

std::string failed_step_in_console(std::string_view console) {
  constexpr std::string_view kBegin = "click-deploy: step \"";
  constexpr std::string_view kFailed = "\" failed with exit status ";
  for (std::size_t at = console.find(kBegin); at != std::string_view::npos;
       at = console.find(kBegin, at + 1)) {
    const std::string_view line = console.substr(at, console.find('\n', at) - at);
    const std::size_t end = line.find(kFailed);
    if (end == std::string_view::npos) continue;
    const std::string_view step = line.substr(kBegin.size(), end - kBegin.size());
    std::string_view status = line.substr(end + kFailed.size());
    const std::size_t digits = std::min(status.find_first_not_of("0123456789"), status.size());
    std::string_view words = trim(status.substr(digits));
    if (words.starts_with(": ")) words.remove_prefix(2);
    return describe_step(step, status.substr(0, digits), words);
  }
  return "";
}

}  // namespace clickdeploy::agents
