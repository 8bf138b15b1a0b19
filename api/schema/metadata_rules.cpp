#include "api/schema/metadata_rules.h"

#include "api/schema/names.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <set>

namespace clickdeploy::api {
namespace {

constexpr std::size_t kSubdomainLengthMax = 253;
constexpr std::size_t kLabelLengthMax = 63;
constexpr std::size_t kAnnotationBytesMax = 256 * 1024;

constexpr std::string_view kSubdomainProblem =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view kDnsLabelProblem =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kQualifiedNameProblem =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view kLabelValueProblem =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

std::string too_many_characters(std::size_t most) {
  return fmt::format("must be no more than {} characters", most);
}

void add(FieldErrors& errors, std::string_view path, const Json& value,
         const std::vector<std::string>& problems) {
  if (errors.size() >= kFieldErrorsMax) return;
  for (const std::string& problem : problems) {
    errors.push_back(invalid(std::string(path), value, problem));
  }
}

void check_name(const Json& metadata, NameRule rule, FieldErrors& errors) {
  const auto problems = rule == NameRule::DnsLabel ? dns_label_problems : dns_subdomain_problems;
  std::string prefix = metadata["generateName"].as_string();
  if (!prefix.empty()) {
    // What is generated follows a dash, so the prefix may end in one.
    if (prefix.size() > 1 && prefix.back() == '-') prefix.back() = 'a';
    add(errors, "metadata.generateName", metadata["generateName"], problems(prefix));
  }
  const std::string& name = metadata["name"].as_string();
  if (name.empty()) {
    errors.push_back(required("metadata.name", "name or generateName is required"));
  } else {
    add(errors, "metadata.name", name, problems(name));
  }
}

void check_namespace(const Json& metadata, bool namespaced, FieldErrors& errors) {
  const std::string& name = metadata["namespace"].as_string();
  if (!namespaced && !name.empty()) {
    errors.push_back(forbidden("metadata.namespace", "not allowed on this type"));
  } else if (namespaced && name.empty()) {
    errors.push_back(required("metadata.namespace"));
  } else if (namespaced) {
    add(errors, "metadata.namespace", name, dns_label_problems(name));
  }
}

void check_annotations(const Json& metadata, FieldErrors& errors) {
  std::size_t bytes = 0;
  for (const auto& [key, value] : metadata["annotations"].as_object()) {
    add(errors, "metadata.annotations", key, qualified_name_problems(to_lower(key)));
    bytes += key.size() + value.as_string().size();
  }
  if (bytes > kAnnotationBytesMax) {
    errors.push_back(too_long("metadata.annotations",
                              fmt::format("may not be more than {} bytes", kAnnotationBytesMax)));
  }
}

std::string kind_and_name(const Json& owner) {
  return owner["kind"].as_string() + "/" + owner["name"].as_string();
}

// Kubernetes repeats the error, with the whole list in it, for every controller too many.
void check_one_controller(const Json& owners, FieldErrors& errors) {
  const Json* first = nullptr;
  for (const Json& owner : owners.as_array()) {
    if (!owner["controller"].as_bool()) continue;
    if (first == nullptr) {
      first = &owner;
      continue;
    }
    errors.push_back(
        invalid("metadata.ownerReferences", owner["uid"],
                fmt::format("Only one reference can have Controller set to true. Found \"true\" "
                            "in references for {} and {}",
                            kind_and_name(*first), kind_and_name(owner))));
    return;
  }
}

void check_owner_references(const Json& metadata, FieldErrors& errors) {
  check_one_controller(metadata["ownerReferences"], errors);
  for (const Json& owner : metadata["ownerReferences"].as_array()) {
    if (errors.size() >= kFieldErrorsMax) return;
    const std::string path = "metadata.ownerReferences";
    if (owner["apiVersion"].as_string().empty()) {
      errors.push_back(invalid(path + ".apiVersion", "", "version must not be empty"));
    }
    for (const char* field : {"kind", "name", "uid"}) {
      if (owner[field].as_string().empty()) {
        errors.push_back(
            invalid(child_path(path, field), "", std::string(field) + " must not be empty"));
      }
    }
  }
}

void check_finalizers(const Json& metadata, FieldErrors& errors) {
  bool orphan = false;
  bool foreground = false;
  for (const Json& finalizer : metadata["finalizers"].as_array()) {
    add(errors, "metadata.finalizers", finalizer, qualified_name_problems(finalizer.as_string()));
    orphan = orphan || finalizer.as_string() == "orphan";
    foreground = foreground || finalizer.as_string() == "foregroundDeletion";
  }
  if (orphan && foreground) {
    errors.push_back(invalid("metadata.finalizers", metadata["finalizers"],
                             "finalizer orphan and foregroundDeletion cannot be both set"));
  }
}

}  // namespace

std::vector<std::string> dns_subdomain_problems(std::string_view name) {
  std::vector<std::string> problems;
  if (name.size() > kSubdomainLengthMax) {
    problems.push_back(too_many_characters(kSubdomainLengthMax));
  }
  if (!has_dns_subdomain_form(name)) problems.emplace_back(kSubdomainProblem);
  return problems;
}

std::vector<std::string> dns_label_problems(std::string_view name) {
  std::vector<std::string> problems;
  if (name.size() > kLabelLengthMax) problems.push_back(too_many_characters(kLabelLengthMax));
  if (!has_dns_label_form(name)) problems.emplace_back(kDnsLabelProblem);
  return problems;
}

std::vector<std::string> qualified_name_problems(std::string_view key) {
  std::vector<std::string> problems;
  std::string_view name = key;
  if (const std::size_t slash = key.find('/'); slash != std::string_view::npos) {
    const std::string_view prefix = key.substr(0, slash);
    name = key.substr(slash + 1);
    if (name.find('/') != std::string_view::npos) {
      return {
          fmt::format("a qualified name {} with an optional DNS subdomain prefix and '/' (e.g. "
                      "'example.com/MyName')",
                      kQualifiedNameProblem)};
    }
    if (prefix.empty()) {
      problems.emplace_back("prefix part must be non-empty");
    } else {
      for (const std::string& problem : dns_subdomain_problems(prefix)) {
        problems.push_back("prefix part " + problem);
      }
    }
  }
  if (name.empty()) {
    problems.emplace_back("name part must be non-empty");
  } else if (name.size() > kLabelLengthMax) {
    problems.push_back("name part " + too_many_characters(kLabelLengthMax));
  }
  if (!has_label_form(name)) problems.push_back(fmt::format("name part {}", kQualifiedNameProblem));
  return problems;
}

std::vector<std::string> label_value_problems(std::string_view value) {
  std::vector<std::string> problems;
  if (value.size() > kLabelLengthMax) problems.push_back(too_many_characters(kLabelLengthMax));
  if (!value.empty() && !has_label_form(value)) problems.emplace_back(kLabelValueProblem);
  return problems;
}

FieldErrors validate_labels(const Json& labels, std::string_view path) {
  FieldErrors errors;
  for (const auto& [key, value] : labels.as_object()) {
    add(errors, path, key, qualified_name_problems(key));
    add(errors, path, value, label_value_problems(value.as_string()));
  }
  return errors;
}

FieldErrors validate_metadata(const Json& metadata, NameRule rule, bool namespaced) {
  FieldErrors errors;
  check_name(metadata, rule, errors);
  check_namespace(metadata, namespaced, errors);
  FieldErrors labels = validate_labels(metadata["labels"], "metadata.labels");
  errors.insert(errors.end(), labels.begin(), labels.end());
  check_annotations(metadata, errors);
  check_owner_references(metadata, errors);
  check_finalizers(metadata, errors);
  return errors;
}

FieldErrors validate_metadata_update(const Json& metadata, const Json& old_metadata) {
  if (old_metadata["deletionTimestamp"].is_null()) return {};
  std::set<std::string> known;
  for (const Json& finalizer : old_metadata["finalizers"].as_array()) {
    known.insert(finalizer.as_string());
  }
  std::vector<std::string> added;
  for (const Json& finalizer : metadata["finalizers"].as_array()) {
    if (!known.contains(finalizer.as_string())) added.push_back(go_quote(finalizer.as_string()));
  }
  if (added.empty()) return {};
  return {forbidden("metadata.finalizers",
                    fmt::format("no new finalizers can be added if the object is being deleted, "
                                "found new finalizers []string{{{}}}",
                                join(added, ", ")))};
}

std::vector<std::string> metadata_warnings(const Json& metadata) {
  std::vector<std::string> warnings;
  for (const Json& finalizer : metadata["finalizers"].as_array()) {
    const std::string& name = finalizer.as_string();
    if (name.find('/') != std::string::npos || name == "orphan" || name == "foregroundDeletion") {
      continue;
    }
    warnings.push_back(fmt::format(
        "metadata.finalizers: {}: prefer a domain-qualified finalizer name to avoid accidental "
        "conflicts with other finalizer writers",
        go_quote(name)));
  }
  return warnings;
}

}  // namespace clickdeploy::api
