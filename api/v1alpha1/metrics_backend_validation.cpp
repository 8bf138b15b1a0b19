#include "api/v1alpha1/validation.h"
#include "api/v1alpha1/validation_parts.h"
#include "controller/base/text.h"

namespace clickdeploy::api::v1alpha1 {

namespace {

// The folder that a path names, however many slashes it is written with.
std::string folder_of(const std::string& path) {
  std::string folder;
  for (const std::string& part : split(path, '/')) {
    if (!part.empty()) folder += "/" + part;
  }
  return folder;
}

// Files in a folder that is not looked after any more would be read for ever.
void check_unmoved(FieldErrors& errors, const Json& now, const Json& before,
                   const std::string& path) {
  if (now == before) return;
  errors.push_back(invalid(
      path, now,
      "field is immutable: it was " + go_quote(before.as_string()) +
          ", and the files there would stay; make another MetricsBackend for another folder"));
}

// `of` has url, auth and tls.
void check_access(FieldErrors& errors, const Json& of, const std::string& path) {
  const Json& auth = of["auth"];
  if (auth.contains("basic") && auth.contains("bearer")) {
    broken_rule(errors, path + ".auth", "at most one of basic and bearer may be set");
  }
  const bool certificates = of.contains("tls") || auth.contains("mtls");
  if (certificates && of["url"].is_string() && !of["url"].as_string().starts_with("https://")) {
    broken_rule(errors, path, "tls and auth.mtls need a url that begins with https");
  }
}

void check_delivery(FieldErrors& errors, const Json& targets) {
  const std::string& type = targets["type"].as_string("FileSD");
  const bool served = type == "HTTPSD";
  if ((type == "FileSD") != targets.contains("directory")) {
    broken_rule(errors, "spec.targets", "directory is required by FileSD, and for FileSD only");
  }
  if (served != targets.contains("tokenSecretRef")) {
    broken_rule(errors, "spec.targets",
                "tokenSecretRef is required by HTTPSD, and for HTTPSD only");
  }
}

void check_same_type(FieldErrors& errors, const Json& targets, const Json& before) {
  // The folder tells of the others.
  if (targets.contains("directory") || before.contains("directory")) return;
  if (targets["type"] == before["type"]) return;
  broken_rule(errors, "spec.targets",
              "the type is immutable; make another MetricsBackend for another type");
}

}  // namespace

FieldErrors metrics_backend_rules(const Json& object, const Json* old) {
  FieldErrors errors;
  const Json& spec = object["spec"];
  const Json& targets = spec["targets"]["directory"];
  const Json& rules = spec["rules"]["directory"];
  check_base_url(errors, spec["url"], "spec.url");
  check_access(errors, spec, "spec");
  if (const Json* alertmanager = spec.find("alertmanager")) {
    check_base_url(errors, (*alertmanager)["url"], "spec.alertmanager.url");
    check_access(errors, *alertmanager, "spec.alertmanager");
  }
  check_selector(errors, spec["allowedNamespaces"], "spec.allowedNamespaces");
  check_delivery(errors, spec["targets"]);
  check_directory(errors, targets, "spec.targets.directory");
  check_directory(errors, rules, "spec.rules.directory");
  std::size_t index = 0;
  for (const Json& network : spec["scrapesFrom"].as_array()) {
    check_address(errors, network, item_path("spec.scrapesFrom", index++));
  }
  if (old != nullptr) {
    const Json& before = (*old)["spec"];
    check_same_type(errors, spec["targets"], before["targets"]);
    check_unmoved(errors, targets, before["targets"]["directory"], "spec.targets.directory");
    check_unmoved(errors, rules, before["rules"]["directory"], "spec.rules.directory");
  } else if (targets.is_string() && rules.is_string() &&
             folder_of(targets.as_string()) == folder_of(rules.as_string())) {
    // An object that has both in one place already must stay changeable, so that it can go.
    errors.push_back(invalid(
        "spec.rules.directory", rules,
        "must be another folder than spec.targets.directory, " + go_quote(targets.as_string())));
  }
  return errors;
}

}  // namespace clickdeploy::api::v1alpha1
