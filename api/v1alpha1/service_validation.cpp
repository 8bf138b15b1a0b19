#include "api/schema/metadata_rules.h"
#include "api/v1alpha1/validation.h"
#include "api/v1alpha1/validation_parts.h"
#include "controller/base/text.h"

namespace clickdeploy::api::v1alpha1 {

namespace {
// Names of Instances, which are host names of at most 63 characters and values of labels, are made
// of the Service's name, a revision and a suffix.
constexpr std::size_t kNameMax = 48;
// Names of agents of the catalog would tell one target from another no more.
void check_endpoints(FieldErrors& errors, const Json& endpoints) {
  std::size_t index = 0;
  for (const Json& endpoint : endpoints.as_array()) {
    const std::string path = item_path("spec.endpoints", index++);
    const std::string& name = endpoint["name"].as_string();
    if (name == "node-exporter" || name == "cadvisor") {
      errors.push_back(invalid(path + ".name", name, "this is the name of an agent"));
    }
    check_duration(errors, endpoint["interval"], path + ".interval");
    check_duration(errors, endpoint["timeout"], path + ".timeout");
    const auto interval = parse_prometheus_duration(endpoint["interval"].as_string());
    const auto timeout = parse_prometheus_duration(endpoint["timeout"].as_string());
    if (interval && timeout && *timeout > *interval) {
      errors.push_back(
          invalid(path + ".timeout", endpoint["timeout"], "must not be longer than the interval"));
    }
    for (const auto& [parameter, value] : endpoint["params"].as_object()) {
      if (!is_prometheus_label_name(parameter)) {
        errors.push_back(
            invalid(path + ".params", parameter, "a name must match '[a-zA-Z_][a-zA-Z0-9_]*'"));
      }
    }
  }
}

}  // namespace

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
  const std::string& name = object["metadata"]["name"].as_string();
  if (name.size() > kNameMax) {
    errors.push_back(invalid("metadata.name", name,
                             "must be no more than 48 characters: the servers' host names are made "
                             "from it"));
  }
  check_server_template(errors, spec["template"]["spec"], "spec.template.spec");
  check_endpoints(errors, spec["endpoints"]);
  const Json& rollout = spec["rollout"];
  if (rollout["maxSurge"].as_int() == 0 && rollout["maxUnavailable"].as_int() == 0 &&
      rollout.is_object()) {
    broken_rule(errors, "spec.rollout", "maxSurge and maxUnavailable may not both be 0");
  }
  if (spec["managementPolicy"].as_string() == "Adopt" && spec["adopt"]["filter"].empty()) {
    broken_rule(errors, "spec", "managementPolicy Adopt needs adopt.filter");
  }
  return errors;
}

}  // namespace clickdeploy::api::v1alpha1
