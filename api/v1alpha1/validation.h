// Rules between fields of our kinds: what crds/ says in CEL, in C++, and what CEL cannot say.
//
// Each function takes an object that the schema found no blocking fault in; members may still be
// absent. Violations of a rule that stands in the CRD have the CRD's text.

#pragma once

#include "api/schema/field_error.h"
#include "api/scheme.h"
#include "controller/base/json.h"

namespace clickdeploy::api::v1alpha1 {

FieldErrors cloud_rules(const Json& object, const Json* old);
FieldErrors metrics_backend_rules(const Json& object, const Json* old);
FieldErrors service_rules(const Json& object, const Json* old);
FieldErrors instance_rules(const Json& object, const Json* old);
FieldErrors monitoring_policy_rules(const Json& object, const Json* old);

// Fills in the hooks of one of our kinds.
void attach_hooks(ResourceInfo& info);

}  // namespace clickdeploy::api::v1alpha1
