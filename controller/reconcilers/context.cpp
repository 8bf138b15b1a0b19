#include "controller/reconcilers/context.h"

namespace clickdeploy::reconcilers {

MonitoringInput Context::monitoring_input(bool with_instances) const {
  MonitoringInput input;
  input.cluster_id = cluster_id;
  input.policies = caches.policies.list();
  input.backends = caches.backends.list();
  for (const auto& item : caches.namespaces.list()) {
    const std::string& name = (*item)["metadata"]["name"].as_string();
    input.namespace_labels[name] = caches.namespace_labels(name);
  }
  if (with_instances) {
    input.services = caches.services.list();
    input.instances = caches.instances.list();
  }
  return input;
}

Context::Monitoring Context::monitoring_of(const api::v1alpha1::Service& service) const {
  Monitoring monitoring;
  monitoring.policy = applied_policy(service, monitoring_input(false));
  if (monitoring.policy == nullptr) return monitoring;
  monitoring.backend =
      monitoring.policy->spec.backend_ref.key(monitoring.policy->metadata.namespace_name);
  monitoring.connection = backends.find(monitoring.backend);
  return monitoring;
}

}  // namespace clickdeploy::reconcilers
