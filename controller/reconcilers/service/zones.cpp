#include "controller/reconcilers/service/zones.h"

#include <algorithm>
#include <map>

namespace clickdeploy::reconcilers {

using api::v1alpha1::Instance;

std::string choose_zone(const api::v1alpha1::Service& service,
                        const std::vector<Instance>& instances, const std::string& revision) {
  const std::vector<std::string>& zones = service.spec.template_spec.availability_zones;
  if (zones.empty()) return "";
  std::map<std::string, std::int64_t> counts;
  for (const Instance& instance : instances) {
    const auto label = instance.metadata.labels.find(std::string(api::v1alpha1::kRevisionLabel));
    const bool counts_here = label != instance.metadata.labels.end() && label->second == revision &&
                             !instance.metadata.is_deleting();
    if (!counts_here) continue;
    const std::string& placed = instance.status.resolved.availability_zone;
    ++counts[placed.empty() ? instance.spec.availability_zone : placed];
  }
  return *std::ranges::min_element(zones, {},
                                   [&](const std::string& zone) { return counts[zone]; });
}

}  // namespace clickdeploy::reconcilers
