#include "api/schema/field_error.h"
#include "api/schema/metadata_rules.h"
#include "api/v1alpha1/validation.h"
#include "api/v1alpha1/validation_parts.h"

namespace clickdeploy::api::v1alpha1 {

namespace {

void check_hosts(FieldErrors& errors, const Json& spec) {
  std::size_t index = 0;
  for (const Json& host : spec["hosts"].as_array()) {
    const std::string path = item_path("spec.hosts", index++);
    check_address(errors, host["address"], path + ".address");
    FieldErrors labels = validate_labels(host["labels"], path + ".labels");
    errors.insert(errors.end(), labels.begin(), labels.end());
  }
}

}  // namespace

FieldErrors cloud_rules(const Json& object, const Json* old) {
  FieldErrors errors;
  const Json& spec = object["spec"];
  check_selector(errors, spec["allowedNamespaces"], "spec.allowedNamespaces");
  const bool hosts = spec["type"].as_string() == "Hosts";
  const bool of_hosts = spec.contains("hosts") || spec.contains("ssh");
  if (!hosts && !spec.contains("credentials")) {
    broken_rule(errors, "spec", "credentials are required by the type OpenStack");
  }
  if (!hosts && of_hosts) {
    broken_rule(errors, "spec", "hosts and ssh are for the type Hosts only");
  }
  if (hosts && !(spec.contains("hosts") && spec.contains("ssh"))) {
    broken_rule(errors, "spec", "hosts and ssh are required by the type Hosts");
  }
  if (hosts &&
      (spec.contains("credentials") || spec.contains("region") || spec.contains("identity"))) {
    broken_rule(errors, "spec", "credentials, region and identity are for the type OpenStack only");
  }
  check_hosts(errors, spec);
  if (old != nullptr && (*old)["spec"]["type"] != spec["type"]) {
    errors.push_back(invalid("spec.type", spec["type"].as_string(),
                             "field is immutable: make another Cloud of that type"));
  }
  if (old != nullptr && (*old)["spec"]["region"] != spec["region"]) {
    errors.push_back(invalid("spec.region", spec["region"].as_string(),
                             "field is immutable: the fleet is where it was made; make another "
                             "Cloud for another region"));
  }
  return errors;
}

}  // namespace clickdeploy::api::v1alpha1
