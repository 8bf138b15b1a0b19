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

namespace {

constexpr const char* kCloudShare = "20%";

struct Count {
  std::int64_t total = 1;  // itself
  std::int64_t unhealthy = 1;
  std::int64_t running = 0;

  void add(const Instance& other, bool just_begun) {
    ++total;
    if (counts_as_unhealthy(other) || just_begun) ++unhealthy;
    if (is_repairing(other) || just_begun) ++running;
  }
};

}  // namespace

RepairBudget plan_repair_budget(const Instance& instance,
                                const std::vector<std::shared_ptr<const Instance>>& others,
                                const std::set<api::ObjectKey>& begun) {
  Count service;
  Count cloud;
  for (const auto& other : others) {
    const bool just_begun = begun.contains(other->metadata.key());
    cloud.add(*other, just_begun);
    if (other->metadata.namespace_name == instance.metadata.namespace_name &&
        other->spec.service_name == instance.spec.service_name) {
      service.add(*other, just_begun);
    }
  }
  const std::string& share = instance.spec.remediation.max_unhealthy;
  const std::int64_t service_max = count_of(share, service.total);
  const std::int64_t cloud_max = count_of(share.ends_with("%") ? share : kCloudShare, cloud.total);
  RepairBudget budget;
  budget.enabled = instance.spec.remediation.enabled;
  // A repair that is running goes on; the brake keeps new ones from starting.
  const bool mine_runs = is_repairing(instance);
  const bool service_over = service.unhealthy > service_max;
  const bool cloud_over = cloud.unhealthy > cloud_max;
  budget.blocked = !mine_runs && (service_over || cloud_over);
  const bool tell_cloud = cloud_over && !service_over;
  budget.scope = tell_cloud ? "Cloud" : "Service";
  budget.unhealthy = tell_cloud ? cloud.unhealthy : service.unhealthy;
  budget.unhealthy_max = tell_cloud ? cloud_max : service_max;
  budget.slot_free = mine_runs || service.running < instance.spec.remediation.max_in_flight;
  return budget;
}

}  // namespace clickdeploy::reconcilers
