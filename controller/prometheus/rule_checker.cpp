#include "controller/base/text.h"
#include "controller/base/utf8.h"
#include "controller/base/yaml.h"
#include "controller/prometheus/rule_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>
#include <tuple>

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
std::vector<std::string> reasons(const std::string& output, const std::string& path) {
  const std::string lead = path + ": ";
  std::vector<std::string> found;
  for (std::size_t at = output.find(lead); at != std::string::npos;) {
    const std::size_t start = at + lead.size();
    const std::size_t next = output.find("\n" + lead, start);
    found.push_back(cut(without_position(std::string_view(output).substr(start, next - start))));
    at = next == std::string::npos ? next : next + 1;
  }
  if (found.empty()) found.push_back(cut(output));
  return found;
}

// Files for one run of promtool, gone when it is over.
class TemporaryFiles {
 public:
  TemporaryFiles(Disk& disk, std::string folder) : disk_(disk), folder_(std::move(folder)) {}
  ~TemporaryFiles() {
    for (const std::string& path : paths_) std::ignore = disk_.remove(path);
  }
  TemporaryFiles(const TemporaryFiles&) = delete;
  TemporaryFiles& operator=(const TemporaryFiles&) = delete;

  Result<std::string> write(const std::string& name, const std::string& text) {
    Result<void> made = disk_.make_folder(folder_);
    if (!made) return std::unexpected(std::move(made).error());
    const std::string path = folder_ + "/" + name;
    Result<void> written = disk_.write_atomic(path, text);
    if (!written) return std::unexpected(std::move(written).error());
    paths_.push_back(path);
    return path;
  }

 private:
  Disk& disk_;
  std::string folder_;
  std::vector<std::string> paths_;
};

// Each rule in a group of its own, which promtool names: "rule-17".
std::string one_by_one(const std::vector<Rule>& rules, const std::vector<std::size_t>& which) {
  std::vector<RuleGroup> groups;
  for (const std::size_t i : which) {
    groups.push_back({.name = fmt::format("rule-{}", i), .interval = "", .rules = {rules[i]}});
  }
  return render_rule_file("check.yml", "check", groups).text;
}

// The rule that a complaint is about, and its words without what the caller knows.
std::optional<std::size_t> accused(std::string& words, const std::vector<std::size_t>& which,
                                   const std::vector<Rule>& rules) {
  constexpr std::string_view kLead = "group \"rule-";
  if (!words.starts_with(kLead)) return std::nullopt;
  std::size_t index = 0;
  const auto [end, code] =
      std::from_chars(words.data() + kLead.size(), words.data() + words.size(), index);
  if (code != std::errc() || std::ranges::find(which, index) == which.end()) return std::nullopt;
  const std::string& name = rules[index].alert.empty() ? rules[index].record : rules[index].alert;
  const std::string full = fmt::format("group \"rule-{}\", rule 1, \"{}\": ", index, name);
  if (words.starts_with(full)) words.erase(0, full.size());
  return index;
}

// Fills in what is wrong with the rules of `which`. Words that name none of them are found out by
// halves.
Result<void> judge(RuleChecker& checker, const std::vector<Rule>& rules,
                   std::vector<std::size_t> which, std::vector<std::string>& verdicts) {
  while (!which.empty()) {
    Result<std::vector<std::string>> said = checker.complaints(one_by_one(rules, which));
    if (!said) return std::unexpected(std::move(said).error());
    if (said->empty()) return {};
    if (which.size() == 1) {
      accused(said->front(), which, rules);
      verdicts[which.front()] = said->front();
      return {};
    }
    const std::size_t before = which.size();
    for (std::string& words : *said) {
      const std::optional<std::size_t> index = accused(words, which, rules);
      if (!index) continue;
      if (verdicts[*index].empty()) verdicts[*index] = words;
    }
    std::erase_if(which, [&verdicts](std::size_t i) { return !verdicts[i].empty(); });
    if (which.size() < before) continue;
    const auto middle = which.begin() + static_cast<std::ptrdiff_t>(which.size() / 2);
    Result<void> first = judge(checker, rules, {which.begin(), middle}, verdicts);
    if (!first) return first;
    return judge(checker, rules, {middle, which.end()}, verdicts);
  }
  return {};
}

}  // namespace

Result<void> RuleChecker::check(const std::string& text) {
  Result<std::vector<std::string>> said = complaints(text);
  if (!said) return std::unexpected(std::move(said).error());
  if (said->empty()) return {};
  return fail(ErrorCode::InvalidArgument, said->front());
}

Result<std::vector<std::string>> RuleChecker::check_rules(const std::vector<Rule>& rules) {
  std::vector<std::size_t> which(rules.size());
  std::iota(which.begin(), which.end(), 0);
  std::vector<std::string> verdicts(rules.size());
  Result<void> judged = judge(*this, rules, std::move(which), verdicts);
  if (!judged) return std::unexpected(std::move(judged).error());
  return verdicts;
}

PromtoolRuleChecker::PromtoolRuleChecker(ProcessRunner& processes, Disk& disk, Random& random,
                                         std::string folder, std::string promtool)
    : processes_(processes),
      disk_(disk),
      random_(random),
      folder_(std::move(folder)),
      promtool_(std::move(promtool)) {}

Result<std::vector<std::string>> PromtoolRuleChecker::complaints(const std::string& text) {
  TemporaryFiles files(disk_, folder_);
  Result<std::string> path = files.write(fmt::format("rule-check-{}.yml", random_.hex(8)), text);
  if (!path) return std::unexpected(std::move(path).error().with_context("check rules"));
  Result<ProcessResult> result =
      processes_.run({promtool_, "check", "rules", *path}, kCheckDeadline);
  if (!result) return std::unexpected(std::move(result).error().with_context("check rules"));
  if (result->exit_code == 0) return std::vector<std::string>{};
  return reasons(result->err, *path);
}

Result<void> PromtoolRuleChecker::test(const std::vector<RuleGroup>& groups, const Json& tests) {
  TemporaryFiles files(disk_, folder_);
  const std::string id = random_.hex(8);
  const std::string rules_name = fmt::format("rule-test-{}-rules.yml", id);
  const Json document = Json::object({{"rule_files", Json::array({rules_name})}, {"tests", tests}});
  Result<std::string> rules =
      files.write(rules_name, render_rule_file(rules_name, "test", groups).text);
  if (!rules) return std::unexpected(std::move(rules).error().with_context("test rules"));
  Result<std::string> path = files.write(fmt::format("rule-test-{}.yml", id), to_yaml(document));
  if (!path) return std::unexpected(std::move(path).error().with_context("test rules"));
  Result<ProcessResult> result =
      processes_.run({promtool_, "test", "rules", *path}, kCheckDeadline);
  if (!result) return std::unexpected(std::move(result).error().with_context("test rules"));
  if (result->exit_code == 0) return {};
  std::string words = result->out + result->err;
  const std::size_t failed = words.find("FAILED:");
  if (failed != std::string::npos) words.erase(0, failed + 7);
  for (const std::string& name : {*path, folder_ + "/"}) {
    for (std::size_t at = words.find(name); at != std::string::npos; at = words.find(name)) {
      words.erase(at, name.size());
    }
  }
  return fail(ErrorCode::InvalidArgument, cut(words));
}

}  // namespace clickdeploy::prometheus
