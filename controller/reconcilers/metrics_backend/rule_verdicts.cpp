#include "controller/reconcilers/metrics_backend/rule_verdicts.h"

#include "controller/async/run_on.h"
#include "controller/base/planted.h"
#include "controller/base/text.h"

namespace clickdeploy::reconcilers {

namespace {
constexpr std::size_t kKept = 1000;
}

Task<Result<void>> RuleVerdicts::check(prometheus::RuleFile file) {
  const std::string key = planted(Bug::VerdictOfAnother) ? "" : sha256_hex(file.text);
  auto found = verdicts_.find(key);
  if (found != verdicts_.end()) co_return found->second;
  prometheus::RuleChecker* checker = &checker_;
  std::string text = std::move(file.text);
  auto ask = [checker, text = std::move(text)] { return checker->check(text); };
  Result<void> verdict = co_await run_on(blocking_, std::move(ask));
  const bool decided = verdict || verdict.error().code() == ErrorCode::InvalidArgument;
  if (decided) {
    if (verdicts_.size() >= kKept) verdicts_.clear();
    verdicts_.insert_or_assign(key, verdict);
  }
  co_return verdict;
}

}  // namespace clickdeploy::reconcilers
