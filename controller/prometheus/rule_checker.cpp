#include "controller/base/text.h"
#include "controller/base/utf8.h"
#include "controller/prometheus/rule_files.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::prometheus {

namespace {

// Ten thousand rules take promtool five seconds on a busy machine.
constexpr std::chrono::milliseconds kCheckDeadline{30'000};
constexpr std::size_t kWordsBytesMax = 1000;

// "5:15: group …" → "group …": the position is one in a file that nobody has.
std::string_view without_position(std::string_view line) {
  for (int number = 0; number < 2; ++number) {
    const std::size_t end = line.find_first_not_of("0123456789");
    if (end == 0 || end == std::string_view::npos || line[end] != ':') return line;
    line.remove_prefix(end + 1);
  }
  return trim(line);
}

std::string cut(std::string_view words) {
  return to_valid_utf8(trim(words).substr(0, kWordsBytesMax));
}

// promtool writes "Checking F", "  FAILED:", then "F: reason" for each bad rule; a reason may go on
// in further lines.
std::string first_reason(const std::string& output, const std::string& path) {
  const std::string lead = path + ": ";
  const std::size_t start = output.find(lead);
  if (start == std::string::npos) return cut(output);
  std::string_view reason = std::string_view(output).substr(start + lead.size());
  reason = reason.substr(0, reason.find("\n" + lead));
  return cut(without_position(reason));
}

}  // namespace

PromtoolRuleChecker::PromtoolRuleChecker(ProcessRunner& processes, Disk& disk, Random& random,
                                         std::string folder, std::string promtool)
    : processes_(processes),
      disk_(disk),
      random_(random),
      folder_(std::move(folder)),
      promtool_(std::move(promtool)) {}

Result<void> PromtoolRuleChecker::check(const std::string& text) {
  const std::string path = fmt::format("{}/rule-check-{}.yml", folder_, random_.hex(8));
  Result<void> made = disk_.make_folder(folder_);
  if (!made) return std::unexpected(std::move(made).error().with_context("check rules"));
  Result<void> written = disk_.write_atomic(path, text);
  if (!written) return std::unexpected(std::move(written).error().with_context("check rules"));

  Result<ProcessResult> result =
      processes_.run({promtool_, "check", "rules", path}, kCheckDeadline);
  Result<void> removed = disk_.remove(path);
  if (!result) return std::unexpected(std::move(result).error().with_context("check rules"));
  if (!removed) return std::unexpected(std::move(removed).error().with_context("check rules"));
  if (result->exit_code == 0) return {};
  return fail(ErrorCode::InvalidArgument, first_reason(result->err, path));
}

}  // namespace clickdeploy::prometheus
