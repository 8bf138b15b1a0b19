#include "controller/cli/manifest_answer_internal.h"

namespace clickdeploy::cli {
namespace {

constexpr std::string_view kStrict = "strict decoding error: ";

// `unknown field "spec.a", duplicate field "spec.b"` → the problems, each at its line.
std::vector<std::string> strict_problems(const Manifest& manifest, std::string_view text) {
  std::vector<std::string> lines;
  for (;;) {
    const std::size_t open = text.find(" field \"");
    if (open == std::string_view::npos) return lines;
    const std::size_t space = text.rfind(' ', open == 0 ? 0 : open - 1);
    const std::string_view what =
        text.substr(space == std::string_view::npos ? 0 : space + 1,
                    open - (space == std::string_view::npos ? 0 : space + 1));
    const std::size_t begin = open + std::string_view(" field \"").size();
    const std::size_t end = text.find('"', begin);
    if (end == std::string_view::npos) return lines;
    const std::string path(text.substr(begin, end - begin));
    lines.push_back(manifest.where(path) + ": " + path + ": " + std::string(what) + " field");
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::vector<std::string> explain_refusal(const Manifest& manifest, const ApiAnswer& answer) {
  const std::string& message = answer.body["message"].as_string();
  const std::size_t strict = message.find(kStrict);
  if (strict != std::string::npos) {
    std::vector<std::string> lines =
        strict_problems(manifest, std::string_view(message).substr(strict + kStrict.size()));
    if (!lines.empty()) return lines;
  }
  std::vector<std::string> lines;
  for (const Json& cause : answer.body["details"]["causes"].as_array()) {
    const std::string& field = cause["field"].as_string();
    if (field.empty()) continue;
    const bool is_path = field != "<nil>" && field != "patch";
    lines.push_back(manifest.where(is_path ? field : "metadata.name") + ": " +
                    (is_path ? field + ": " : "") + cause["message"].as_string());
  }
  if (lines.empty()) {
    lines.push_back(manifest.where("metadata.name") + ": " + answer.error().message());
  }
  return lines;
}

}  // namespace clickdeploy::cli
