// RuleVerdicts: promtool's word on rule files, asked once per text.
//
// Threads: the event loop's; the check itself runs on the blocking executor. Holds the newest 1,000
// verdicts.

#pragma once

#include "controller/async/task.h"
#include "controller/prometheus/rule_files.h"

#include <map>
#include <string>

namespace clickdeploy::reconcilers {

class RuleVerdicts {
 public:
  RuleVerdicts(prometheus::RuleChecker& checker, Executor blocking)
      : checker_(checker), blocking_(std::move(blocking)) {}

  // As RuleChecker::check. Only what promtool decided is kept, not a failure to ask.
  Task<Result<void>> check(prometheus::RuleFile file);

 private:
  prometheus::RuleChecker& checker_;
  Executor blocking_;
  std::map<std::string, Result<void>> verdicts_;  // by sha256 of the text
};

}  // namespace clickdeploy::reconcilers
