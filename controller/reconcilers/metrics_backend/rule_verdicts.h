// RuleVerdicts: promtool's word on the rules of policies, asked once for each rule; and what became
// of them on their way into Prometheus, for those who report it.
//
// Threads: the event loop's; the checks themselves run on the blocking executor. Holds the newest
// 1,000 verdicts on files and 20,000 on rules.

#pragma once

#include "controller/async/task.h"
#include "controller/prometheus/rule_files.h"
#include "controller/reconcilers/metrics_backend/policy_rules.h"
#include "controller/reconcilers/metrics_backend/rule_choice.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

class RuleVerdicts {
 public:
  RuleVerdicts(prometheus::RuleChecker& checker, Executor blocking)
      : checker_(checker), blocking_(std::move(blocking)) {}

  // What is wrong with each rule, in order; "" if nothing is. If a unit test of the policy fails,
  // that is wrong with all. Errors as RuleChecker's: only what promtool decided is kept, not a
  // failure to ask.
  Task<Result<std::vector<std::string>>> check(std::shared_ptr<const PolicyRules> rules);

  // What the delivery of an owner's file came to last; nullptr if nothing is known.
  void note(const std::string& owner, const std::string& file_name, RulesOutcome outcome);
  std::shared_ptr<const RulesOutcome> outcome(const std::string& owner,
                                              const std::string& file_name) const;

 private:
  Task<Result<void>> ask(std::shared_ptr<const PolicyRules> rules,
                         std::vector<std::string>& faults);
  Task<Result<void>> test(std::shared_ptr<const PolicyRules> rules,
                          std::vector<std::string>& faults);

  prometheus::RuleChecker& checker_;
  Executor blocking_;
  std::map<std::string, std::vector<std::string>> verdicts_;  // by PolicyRules::digest
  std::map<std::string, std::string> rules_;                  // by what the rule says
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const RulesOutcome>> outcomes_;
};

}  // namespace clickdeploy::reconcilers
