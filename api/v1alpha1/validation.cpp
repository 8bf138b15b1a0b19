#include "api/v1alpha1/validation.h"

#include "controller/base/check.h"

namespace clickdeploy::api::v1alpha1 {

void attach_hooks(ResourceInfo& info) {
  if (info.kind == "Cloud") info.cross_field_rules = cloud_rules;
  if (info.kind == "MetricsBackend") info.cross_field_rules = metrics_backend_rules;
  if (info.kind == "Service") info.cross_field_rules = service_rules;
  if (info.kind == "Instance") info.cross_field_rules = instance_rules;
  if (info.kind == "MonitoringPolicy") info.cross_field_rules = monitoring_policy_rules;
  CHECK(info.cross_field_rules, info.kind + ": no rules");
}

}  // namespace clickdeploy::api::v1alpha1
