#include "api/schema/metadata_rules.h"
#include "api/v1alpha1/validation.h"
#include "api/v1alpha1/validation_parts.h"

namespace clickdeploy::api::v1alpha1 {

FieldErrors service_rules(const Json& object, const Json*) {
  const Json& spec = object["spec"];
  const Json& labels = spec["template"]["metadata"]["labels"];
  FieldErrors errors = validate_labels(labels, "spec.template.metadata.labels");
  for (const auto& [key, value] : labels.as_object()) {
    if (key.starts_with("clickdeploy.io/")) {
      errors.push_back(
          invalid("spec.template.metadata.labels", key, "labels of clickdeploy.io are reserved"));
    }
  }
  check_server_template(errors, spec["template"]["spec"], "spec.template.spec");
  const Json& rollout = spec["rollout"];
  if (rollout["maxSurge"].as_int() == 0 && rollout["maxUnavailable"].as_int() == 0 &&
      rollout.is_object()) {
    broken_rule(errors, "spec.rollout", "maxSurge and maxUnavailable may not both be 0");
  }
  return errors;
}

}  // namespace clickdeploy::api::v1alpha1
