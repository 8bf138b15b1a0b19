#include "api/schema/field_error.h"
#include "api/v1alpha1/validation.h"
#include "api/v1alpha1/validation_parts.h"

namespace clickdeploy::api::v1alpha1 {

FieldErrors cloud_rules(const Json& object, const Json* old) {
  FieldErrors errors;
  const Json& spec = object["spec"];
  check_selector(errors, spec["allowedNamespaces"], "spec.allowedNamespaces");
  if (old != nullptr && (*old)["spec"]["region"] != spec["region"]) {
    errors.push_back(invalid("spec.region", spec["region"].as_string(),
                             "field is immutable: the fleet is where it was made; make another "
                             "Cloud for another region"));
  }
  return errors;
}

}  // namespace clickdeploy::api::v1alpha1
