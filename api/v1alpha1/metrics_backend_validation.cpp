#include "api/v1alpha1/validation.h"
#include "api/v1alpha1/validation_parts.h"

namespace clickdeploy::api::v1alpha1 {

FieldErrors metrics_backend_rules(const Json& object, const Json*) {
  FieldErrors errors;
  const Json& spec = object["spec"];
  check_base_url(errors, spec["url"], "spec.url");
  check_selector(errors, spec["allowedNamespaces"], "spec.allowedNamespaces");
  check_directory(errors, spec["targets"]["directory"], "spec.targets.directory");
  check_directory(errors, spec["rules"]["directory"], "spec.rules.directory");
  return errors;
}

}  // namespace clickdeploy::api::v1alpha1
