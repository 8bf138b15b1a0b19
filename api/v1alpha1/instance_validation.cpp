#include "api/v1alpha1/validation.h"
#include "api/v1alpha1/validation_parts.h"

namespace clickdeploy::api::v1alpha1 {

FieldErrors instance_rules(const Json& object, const Json*) {
  FieldErrors errors;
  check_server_template(errors, object["spec"]["server"], "spec.server");
  check_agents(errors, object["spec"]["agents"], "spec.agents");
  return errors;
}

}  // namespace clickdeploy::api::v1alpha1
