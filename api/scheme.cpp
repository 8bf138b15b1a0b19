#include "api/scheme.h"

#include "api/core/core_hooks.h"
#include "api/embedded.h"
#include "api/v1alpha1/validation.h"
#include "controller/base/check.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace clickdeploy::api {
namespace {

// "clickdeploy.io/v1alpha1" → the two parts; "v1" → "" and "v1".
std::pair<std::string_view, std::string_view> split_api_version(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  if (slash == std::string_view::npos) return {"", api_version};
  return {api_version.substr(0, slash), api_version.substr(slash + 1)};
}

bool has_name(const ResourceInfo& info, std::string_view lower_name) {
  return lower_name == info.plural || lower_name == info.singular ||
         lower_name == to_lower(info.kind) ||
         std::find(info.short_names.begin(), info.short_names.end(), lower_name) !=
             info.short_names.end();
}

void attach_hooks(ResourceInfo& info) {
  if (info.custom) {
    v1alpha1::attach_hooks(info);
  } else {
    core::attach_hooks(info);
  }
}

// Kubernetes stops before the rules when one of these is among the errors found so far.
bool blocks_rules(const FieldError& error) {
  switch (error.reason) {
    case FieldReason::Required:
    case FieldReason::TypeInvalid:
    case FieldReason::NotSupported:
    case FieldReason::TooLong:
    case FieldReason::TooMany:
      return true;
    case FieldReason::Invalid:
    case FieldReason::Duplicate:
    case FieldReason::Forbidden:
      return false;
  }
  return false;
}

const Json* at(const Json& object, const std::vector<std::string>& members) {
  const Json* value = &object;
  for (const std::string& name : members) {
    value = value->find(name);
    if (!value) return nullptr;
  }
  return value;
}

void check_scale(const ResourceInfo& info, const Json& object, FieldErrors& errors) {
  if (!info.scale) return;
  const std::string path = "." + join(info.scale->spec_replicas, ".");
  const Json* replicas = at(object, info.scale->spec_replicas);
  if (!replicas) return;
  if (replicas->is_int()) {
    if (replicas->as_int() < 0) {
      errors.push_back(invalid(path, *replicas, "should be a non-negative integer"));
    }
    return;
  }
  const std::string shown = replicas->is_string() ? replicas->as_string() : to_json(*replicas);
  const std::string_view type = replicas->is_string()   ? "string"
                                : replicas->is_double() ? "float64"
                                : replicas->is_bool()   ? "bool"
                                                        : "object";
  errors.push_back(invalid(
      path, 0,
      fmt::format("{} accessor error: {} is of the type {}, expected int64", path, shown, type)));
}

// What a write may not change is not judged: status on the main resource, the rest on /status.
Json part_of(const ResourceInfo& info, const Json& object, WriteTarget target) {
  Json part = object;
  if (target == WriteTarget::Object) {
    if (info.has_status) part.erase("status");
    return part;
  }
  part = Json::object();
  if (const Json* status = object.find("status")) part.set("status", *status);
  return part;
}

FieldErrors schema_errors(const ResourceInfo& info, const Json& object, const Json* old,
                          WriteTarget target) {
  if (target == WriteTarget::Object) {
    const Json part = part_of(info, object, target);
    const Json old_part = old ? part_of(info, *old, target) : Json();
    return validate(part, info.schema, {}, old ? &old_part : nullptr);
  }
  const Schema* status_schema = info.schema.property("status");
  const Json* status = object.find("status");
  if (!status_schema || !status) return {};
  return validate(*status, *status_schema, "status", old ? old->find("status") : nullptr);
}

}  // namespace

std::string ResourceInfo::api_version() const {
  return group.empty() ? version : group + "/" + version;
}

std::string ResourceInfo::group_resource() const {
  return group.empty() ? plural : plural + "." + group;
}

std::string ResourceInfo::group_kind() const {
  return group.empty() ? kind : kind + "." + group;
}

FieldErrors validate_object(const ResourceInfo& info, const Json& object, const Json* old,
                            WriteTarget target, FieldErrors earlier) {
  FieldErrors errors = std::move(earlier);
  const FieldErrors found = schema_errors(info, object, old, target);
  const auto is_duplicate = [](const FieldError& error) {
    return error.reason == FieldReason::Duplicate;
  };
  std::remove_copy_if(found.begin(), found.end(), std::back_inserter(errors), is_duplicate);
  if (target == WriteTarget::Object) check_scale(info, object, errors);
  std::copy_if(found.begin(), found.end(), std::back_inserter(errors), is_duplicate);

  if (std::any_of(errors.begin(), errors.end(), blocks_rules)) {
    if (info.schema.has_validations) {
      errors.push_back(invalid("<nil>", Json(),
                               "some validation rules were not checked because the object was "
                               "invalid; correct the existing errors to complete validation"));
    }
    return errors;
  }
  if (info.cross_field_rules && target == WriteTarget::Object) {
    FieldErrors broken = info.cross_field_rules(object, old);
    errors.insert(errors.end(), broken.begin(), broken.end());
  }
  return errors;
}

Scheme::Scheme(std::vector<ResourceInfo> resources) : resources_(std::move(resources)) {}

std::vector<std::pair<std::string, std::string>> Scheme::group_versions() const {
  std::vector<std::pair<std::string, std::string>> result;
  for (const ResourceInfo& info : resources_) {
    const std::pair<std::string, std::string> one(info.group, info.version);
    if (std::find(result.begin(), result.end(), one) == result.end()) result.push_back(one);
  }
  return result;
}

std::vector<const ResourceInfo*> Scheme::resources_of(std::string_view group,
                                                      std::string_view version) const {
  std::vector<const ResourceInfo*> result;
  for (const ResourceInfo& info : resources_) {
    if (info.group == group && info.version == version) result.push_back(&info);
  }
  return result;
}

const ResourceInfo* Scheme::find_resource(std::string_view group, std::string_view version,
                                          std::string_view plural) const {
  for (const ResourceInfo& info : resources_) {
    if (info.group == group && info.version == version && info.plural == plural) return &info;
  }
  return nullptr;
}

const ResourceInfo* Scheme::find_kind(std::string_view api_version, std::string_view kind) const {
  const auto [group, version] = split_api_version(api_version);
  for (const ResourceInfo& info : resources_) {
    if (info.group == group && info.version == version && info.kind == kind) return &info;
  }
  return nullptr;
}

const ResourceInfo* Scheme::find_by_name(std::string_view name) const {
  const std::string lower = to_lower(name);
  const std::size_t dot = lower.find('.');
  const std::string resource = lower.substr(0, dot);
  const std::string rest = dot == std::string::npos ? "" : lower.substr(dot + 1);
  for (const ResourceInfo& info : resources_) {
    if (!has_name(info, resource)) continue;
    if (rest.empty() || rest == info.group || rest == info.version + "." + info.group) return &info;
  }
  return nullptr;
}

std::vector<const ResourceInfo*> Scheme::find_by_category(std::string_view category) const {
  std::vector<const ResourceInfo*> result;
  for (const ResourceInfo& info : resources_) {
    const auto& names = info.categories;
    if (std::find(names.begin(), names.end(), category) != names.end()) result.push_back(&info);
  }
  return result;
}

const Scheme& builtin_scheme() {
  static const Scheme scheme = [] {
    std::vector<ResourceInfo> resources;
    for (const EmbeddedFile& file : embedded_definitions()) {
      Result<Json> definition = parse_single_yaml(file.text);
      CHECK(definition.has_value(), fmt::format("{}: {}", file.name, definition.error().message()));
      Result<ResourceInfo> info = read_definition(std::move(*definition));
      CHECK(info.has_value(), fmt::format("{}: {}", file.name, info.error().message()));
      attach_hooks(*info);
      resources.push_back(std::move(*info));
    }
    return Scheme(std::move(resources));
  }();
  return scheme;
}

}  // namespace clickdeploy::api
