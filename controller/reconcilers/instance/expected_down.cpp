#include "controller/reconcilers/instance/expected_down.h"

namespace clickdeploy::reconcilers {

namespace {

std::string reason_of(const api::v1alpha1::Instance& instance) {
  if (instance.metadata.is_deleting()) return "Deleting";
  if (!instance.status.remediation.step.empty()) return "Repairing";
  const std::string& phase = instance.status.phase;
  return phase == "Creating" || phase == "Booting" ? "Booting" : "";
}

}  // namespace

std::optional<ExpectedDown> expected_down(const api::v1alpha1::Instance& instance) {
  ExpectedDown down;
  down.reason = reason_of(instance);
  if (down.reason.empty() || instance.status.server.id.empty()) return std::nullopt;
  down.project_id = instance.spec.project_id;
  if (!instance.metadata.owner_references.empty()) {
    down.service_id = instance.metadata.owner_references.front().uid;
  }
  down.instance_id = instance.status.server.id;
  down.service = instance.spec.service_name;
  down.namespace_name = instance.metadata.namespace_name;
  down.instance_name = instance.metadata.name;
  return down;
}

}  // namespace clickdeploy::reconcilers
