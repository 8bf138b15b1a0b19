// Scheme: the one list of the kinds this server knows, and all that is generic about each.
//
// A kind is described by one file in crds/ (ours) or api/core/ (the few Kubernetes kinds we serve),
// both in the form of a CustomResourceDefinition. What a schema cannot say is in hooks, written in
// C++ beside the kind. Everything here is immutable after construction and safe from any thread.

#pragma once

#include "api/schema/metadata_rules.h"
#include "api/schema/schema.h"
#include "api/schema/table.h"
#include "controller/base/error.h"
#include "controller/base/json.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clickdeploy::api {

// Where the scale subresource finds its values, as member names from the root: {"spec","replicas"}.
struct ScalePaths {
  std::vector<std::string> spec_replicas;
  std::vector<std::string> status_replicas;
  std::vector<std::string> label_selector;
};

struct ResourceInfo {
  std::string group;    // "" for the core group
  std::string version;  // "v1alpha1"
  std::string kind;     // "Service"
  std::string list_kind;
  std::string plural;
  std::string singular;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  bool namespaced = true;
  bool custom = true;  // a kind of ours, as opposed to one of Kubernetes' own
  // Objects that the server makes of itself, to be read: the definitions of its kinds.
  bool read_only = false;
  NameRule name_rule = NameRule::DnsSubdomain;

  Json definition;   // the whole file, as JSON
  Json schema_json;  // its openAPIV3Schema
  Schema schema;

  std::vector<Column> columns;
  bool has_status = false;  // the status subresource
  std::optional<ScalePaths> scale;
  std::vector<std::string> selectable_fields;  // paths a field selector may name

  // Rules between fields, run when the schema found nothing that blocks them. `old` is the stored
  // object on an update, else nullptr. Null where a kind has none.
  std::function<FieldErrors(const Json& object, const Json* old)> cross_field_rules;
  // Turns write-only fields into stored ones and fills in what depends on other fields (a Secret's
  // stringData, a Namespace's phase). Runs on each write, after defaulting and after status was
  // dropped or restored, before validation. May be null.
  std::function<void(Json& object)> normalize;

  std::string api_version() const;     // "clickdeploy.io/v1alpha1", "v1"
  std::string group_resource() const;  // "services.clickdeploy.io", "secrets": names errors
  std::string group_kind() const;      // "Service.clickdeploy.io", "Secret"
};

// Which part of the object a write may change, and so which part is validated.
enum class WriteTarget : std::uint8_t {
  Object,  // everything but status, where there is a status subresource
  Status,
};

// The schema, the scale subresource, list types and cross-field rules, in this order, after the
// errors already found in metadata (`earlier`). When the rules could not be run because of errors
// before them, a note says so, as in Kubernetes (path "<nil>"). A write of status runs no rules.
FieldErrors validate_object(const ResourceInfo& info, const Json& object, const Json* old,
                            WriteTarget target = WriteTarget::Object, FieldErrors earlier = {});

class Scheme {
 public:
  explicit Scheme(std::vector<ResourceInfo> resources);

  const std::vector<ResourceInfo>& resources() const { return resources_; }

  // Group and version pairs, ours first, no duplicates.
  std::vector<std::pair<std::string, std::string>> group_versions() const;
  std::vector<const ResourceInfo*> resources_of(std::string_view group,
                                                std::string_view version) const;

  // nullptr where there is none. Lookups are exact.
  const ResourceInfo* find_resource(std::string_view group, std::string_view version,
                                    std::string_view plural) const;
  const ResourceInfo* find_kind(std::string_view api_version, std::string_view kind) const;

  // Any name kubectl accepts, in any case: plural, singular, short name, kind, and these with the
  // group ("services.clickdeploy.io") or version and group ("services.v1alpha1.clickdeploy.io").
  const ResourceInfo* find_by_name(std::string_view name) const;
  std::vector<const ResourceInfo*> find_by_category(std::string_view category) const;

 private:
  std::vector<ResourceInfo> resources_;
};

// Reads one CustomResourceDefinition (its stored version). Hooks are left empty.
Result<ResourceInfo> read_definition(Json definition);

// The kinds of this program, built once from the embedded files.
const Scheme& builtin_scheme();

}  // namespace clickdeploy::api
