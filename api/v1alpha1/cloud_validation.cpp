#include "api/v1alpha1/validation.h"
#include "api/v1alpha1/validation_parts.h"

namespace clickdeploy::api::v1alpha1 {

FieldErrors cloud_rules(const Json& object, const Json*) {
  FieldErrors errors;
  const Json& spec = object["spec"];
  check_selector(errors, spec["allowedNamespaces"], "spec.allowedNamespaces");
  return errors;
}

}  // namespace clickdeploy::api::v1alpha1
