#include "controller/reconcilers/metrics_backend/rule_verdicts.h"

#include "controller/async/run_on.h"
#include "controller/base/planted.h"
#include "controller/base/text.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

namespace {

constexpr std::size_t kFilesKept = 1'000;
constexpr std::size_t kRulesKept = 20'000;

// All that promtool looks at.
std::string key_of(const prometheus::Rule& rule) {
  prometheus::RuleGroup group{.name = "", .interval = "", .rules = {rule}};
  return prometheus::render_rule_file("", "", {std::move(group)}).spec_hash;
}

}  // namespace

Task<Result<std::vector<std::string>>> RuleVerdicts::check(
    std::shared_ptr<const PolicyRules> rules) {
  const std::string key = planted(Bug::VerdictOfAnother) ? "" : rules->digest;
  auto found = verdicts_.find(key);
  if (found != verdicts_.end()) co_return found->second;
  std::vector<std::string> faults = rules->faults;
  faults.resize(rules->entries.size());
  Result<void> asked = co_await ask(rules, faults);
  if (!asked) co_return std::unexpected(std::move(asked).error());
  const bool good = std::ranges::all_of(faults, &std::string::empty);
  if (good && !rules->tests.empty()) {
    Result<void> tested = co_await test(rules, faults);
    if (!tested) co_return std::unexpected(std::move(tested).error());
  }
  if (verdicts_.size() >= kFilesKept) verdicts_.clear();
  verdicts_.insert_or_assign(key, faults);
  co_return faults;
}

// Asks about the rules that nobody asked about before.
Task<Result<void>> RuleVerdicts::ask(std::shared_ptr<const PolicyRules> rules,
                                     std::vector<std::string>& faults) {
  std::vector<prometheus::Rule> unknown;
  std::vector<std::size_t> places;
  std::vector<std::string> keys;
  std::size_t next = 0;
  for (const prometheus::RuleGroup& group : rules->groups) {
    for (const prometheus::Rule& rule : group.rules) {
      const std::size_t place = next++;
      if (!faults[place].empty()) continue;
      std::string key = key_of(rule);
      auto found = rules_.find(key);
      if (found != rules_.end()) {
        faults[place] = found->second;
        continue;
      }
      unknown.push_back(rule);
      places.push_back(place);
      keys.push_back(std::move(key));
    }
  }
  if (unknown.empty()) co_return Result<void>{};
  prometheus::RuleChecker* checker = &checker_;
  auto work = [checker, unknown = std::move(unknown)] { return checker->check_rules(unknown); };
  Result<std::vector<std::string>> verdicts = co_await run_on(blocking_, std::move(work));
  if (!verdicts) co_return std::unexpected(std::move(verdicts).error());
  if (rules_.size() + keys.size() > kRulesKept) rules_.clear();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    faults[places[i]] = (*verdicts)[i];
    rules_.insert_or_assign(std::move(keys[i]), (*verdicts)[i]);
  }
  co_return Result<void>{};
}

Task<Result<void>> RuleVerdicts::test(std::shared_ptr<const PolicyRules> rules,
                                      std::vector<std::string>& faults) {
  prometheus::RuleChecker* checker = &checker_;
  auto work = [checker, rules] { return checker->test(rules->tested, rules->tests); };
  Result<void> tested = co_await run_on(blocking_, std::move(work));
  if (tested) co_return Result<void>{};
  if (tested.error().code() != ErrorCode::InvalidArgument) {
    co_return std::unexpected(std::move(tested).error());
  }
  std::ranges::fill(faults, "a unit test in spec.rules.tests fails: " + tested.error().message());
  co_return Result<void>{};
}

void RuleVerdicts::note(const std::string& owner, const std::string& file_name,
                        RulesOutcome outcome) {
  outcomes_[{owner, file_name}] = std::make_shared<const RulesOutcome>(std::move(outcome));
}

std::shared_ptr<const RulesOutcome> RuleVerdicts::outcome(const std::string& owner,
                                                          const std::string& file_name) const {
  auto found = outcomes_.find({owner, file_name});
  return found == outcomes_.end() ? nullptr : found->second;
}

}  // namespace clickdeploy::reconcilers
