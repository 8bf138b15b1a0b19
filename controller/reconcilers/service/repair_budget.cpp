#include "controller/reconcilers/service/repair_budget.h"

#include <algorithm>
#include <charconv>

namespace clickdeploy::reconcilers {

bool is_repairing(const Instance& instance) {
  const std::string& step = instance.status.remediation.step;
  return !step.empty() && (!instance.status.booted_at.empty() || step == kRecreate);
}

std::int64_t count_of(const std::string& percent_or_number, std::int64_t total) {
  std::int64_t value = 0;
  const char* end = percent_or_number.data() + percent_or_number.size();
  const auto [rest, error] = std::from_chars(percent_or_number.data(), end, value);
  if (error != std::errc{}) return 1;
  if (rest != end && *rest == '%') return std::max<std::int64_t>(1, total * value / 100);
  return value;
}

bool counts_as_unhealthy(const Instance& instance) {
  if (instance.metadata.is_deleting()) return false;
  return is_repairing(instance) || (!instance.status.remediation.unhealthy_since.empty() &&
                                    !instance.status.booted_at.empty());
}

RepairBudget plan_repair_budget(const Instance& instance,
                                const std::vector<std::shared_ptr<const Instance>>& siblings,
                                const std::set<api::ObjectKey>& begun) {
  RepairBudget budget;
  budget.enabled = instance.spec.remediation.enabled;
  budget.unhealthy = 1;  // itself
  std::int64_t running = 0;
  for (const auto& sibling : siblings) {
    const bool just_begun = begun.contains(sibling->metadata.key());
    if (counts_as_unhealthy(*sibling) || just_begun) ++budget.unhealthy;
    if (is_repairing(*sibling) || just_begun) ++running;
  }
  const auto total = static_cast<std::int64_t>(siblings.size()) + 1;
  budget.unhealthy_max = count_of(instance.spec.remediation.max_unhealthy, total);
  // A repair that is running goes on; the brake keeps new ones from starting.
  const bool mine_runs = is_repairing(instance);
  budget.blocked = !mine_runs && budget.unhealthy > budget.unhealthy_max;
  budget.slot_free = mine_runs || running < instance.spec.remediation.max_in_flight;
  return budget;
}

}  // namespace clickdeploy::reconcilers
