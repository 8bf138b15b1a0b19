#include "api/schema/metadata_rules.h"
#include "api/schema/schema.h"
#include "controller/apiserver/admission_internal.h"
#include "controller/apiserver/json_extent_internal.h"
#include "controller/apiserver/object_internal.h"
#include "controller/apiserver/secret_rules_internal.h"
#include "controller/base/planted.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::size_t kGeneratedPrefixMax = 58;
constexpr std::size_t kGeneratedSuffix = 5;

// Metadata that only the server writes.
constexpr std::string_view kServerFields[] = {"uid", "creationTimestamp", "deletionTimestamp",
                                              "deletionGracePeriodSeconds", "generation"};

void keep_server_fields(Json& metadata, const Json& old_metadata) {
  for (const std::string_view field : kServerFields) {
    metadata.erase(field);
    if (const Json* value = old_metadata.find(field)) metadata.set(field, *value);
  }
  metadata.erase("resourceVersion");
  for (const std::string_view field : {"labels", "annotations", "finalizers", "ownerReferences"}) {
    const Json* value = metadata.find(field);
    if (value != nullptr && value->empty()) metadata.erase(field);
  }
}

// An apply may say null: where there is no default that is a value of the wrong type, not nothing.
void complete(const api::ResourceInfo& info, Json& object, const Writer& writer) {
  api::apply_defaults(object, info.schema,
                      writer.applied ? api::NullRule::Keep : api::NullRule::Drop);
  if (info.normalize) info.normalize(object);
  if (is_secret(info)) redact_last_applied(object);
}

// A namespace's finalizers are the server's: they hold it until its content is gone.
void keep_namespace_spec(const api::ResourceInfo& info, Json& object, const Json* old) {
  if (!is_namespace(info)) return;
  Json spec = old == nullptr ? Json::object({{"finalizers", Json::array({kNamespaceFinalizer})}})
                             : (*old)["spec"];
  object.set("spec", std::move(spec));
}

// Whatever the way to here: nothing is stored that a reader would refuse.
Answer<bool> check_size(const Json& object) {
  const JsonExtent extent = extent_of(object);
  if (extent.depth > kObjectDepthMax) {
    return bad_request(fmt::format("the object is nested deeper than {} levels", kObjectDepthMax));
  }
  if (extent.text_bytes_max <= kObjectBytesMax) return true;  // without printing it once more
  const std::size_t bytes = to_json(object).size();
  if (bytes <= kObjectBytesMax) return true;
  return too_large(fmt::format("limit is {}", kObjectBytesMax));
}

void set_name(const Core& core, Json& metadata) {
  const std::string prefix = metadata["generateName"].as_string();
  if (!metadata["name"].as_string().empty() || prefix.empty()) return;
  metadata.set("name",
               prefix.substr(0, kGeneratedPrefixMax) + core.random.name_suffix(kGeneratedSuffix));
}

bool has_same_members(const Json& a, const Json& b,
                      std::initializer_list<std::string_view> but_for) {
  auto counts = [&but_for](const std::string& key) {
    return std::find(but_for.begin(), but_for.end(), key) == but_for.end();
  };
  for (const auto& [key, value] : a.as_object()) {
    if (!counts(key)) continue;
    const Json* other = b.find(key);
    if (other == nullptr || *other != value) return false;
  }
  for (const auto& [key, value] : b.as_object()) {
    if (counts(key) && !a.contains(key)) return false;
  }
  return true;
}

// Equal in all that counts as desired state: what a rise of generation speaks of.
bool has_same_desire(const api::ResourceInfo& info, const Json& a, const Json& b) {
  return info.has_status ? has_same_members(a, b, {"metadata", "status"})
                         : has_same_members(a, b, {"metadata"});
}

api::FieldErrors metadata_errors(const api::ResourceInfo& info, const Json& metadata) {
  api::FieldErrors errors = api::validate_metadata(metadata, info.name_rule, info.namespaced);
  for (api::FieldError& error : managed_fields_problems(metadata["managedFields"])) {
    errors.push_back(std::move(error));
  }
  return errors;
}

Json with_status(Json object, Json status) {
  object.erase("status");
  if (!status.is_null()) object.set("status", std::move(status));
  return object;
}

// Kubernetes judges metadata twice on an update, all but the names of finalizers: the causes of a
// refusal stand there twice, as clients that count them may expect.
void repeat_update_errors(api::FieldErrors& errors) {
  const std::size_t count = errors.size();
  for (std::size_t i = 0; i < count && errors.size() < api::kFieldErrorsMax; ++i) {
    const api::FieldError& error = errors[i];
    const bool once =
        error.path == "metadata.finalizers" && error.reason == api::FieldReason::Invalid;
    if (!once) errors.push_back(api::FieldError(error));
  }
}

}  // namespace

std::unexpected<ApiError> invalid_object(const api::ResourceInfo& info, const Json& object,
                                         const api::FieldErrors& errors) {
  std::vector<Cause> causes;
  for (const api::FieldError& error : errors) {
    causes.push_back({std::string(api::to_string(error.reason)), error.message, error.path});
  }
  return invalid(info.group, info.kind, object["metadata"]["name"].as_string(), std::move(causes));
}

Answer<Json> admit_create(const Core& core, const Target& target, Json object,
                          const Writer& writer) {
  const api::ResourceInfo& info = *target.info;
  if (!object["metadata"]["resourceVersion"].as_string().empty()) {
    return internal_error("resourceVersion should not be set on objects to be created");
  }
  if (!writer.applied) {  // an apply counts before it begins
    const api::FieldErrors counts = count_problems(object["metadata"], Json());
    if (!counts.empty()) return invalid_object(info, object, counts);
  }
  Json& metadata = object.member("metadata");
  keep_server_fields(metadata, Json::object());
  set_name(core, metadata);
  metadata.set("uid", core.random.uuid());
  metadata.set("creationTimestamp", format_time(core.clock.wall_now()));
  if (info.custom) metadata.set("generation", 1);
  if (info.has_status) object.erase("status");
  keep_namespace_spec(info, object, nullptr);
  complete(info, object, writer);
  if (!writer.applied) track_update(info, writer, nullptr, object);

  api::FieldErrors errors = metadata_errors(info, object["metadata"]);
  errors = api::validate_object(info, object, nullptr, api::WriteTarget::Object, std::move(errors));
  if (!errors.empty()) return invalid_object(info, object, errors);
  Answer<bool> size = check_size(object);
  if (!size) return std::unexpected(size.error());
  return object;
}

Answer<Json> admit_update(const Target& target, Json object, const Json& old,
                          const Writer& writer) {
  const api::ResourceInfo& info = *target.info;
  const bool status_write = target.subresource == "status";
  Json managed;
  if (writer.applied) managed = std::move(object.member("metadata").member("managedFields"));
  if (!status_write) {
    const api::FieldErrors counts = count_problems(object["metadata"], old["metadata"]);
    if (!counts.empty()) return invalid_object(info, object, counts);
  }
  if (status_write) {
    object = with_status(old, std::move(object.member("status")));
  } else if (info.has_status) {
    object = with_status(std::move(object), old["status"]);
  }
  if (!status_write) keep_server_fields(object.member("metadata"), old["metadata"]);
  keep_namespace_spec(info, object, &old);
  complete(info, object, writer);
  if (writer.applied) {
    object.member("metadata").erase("managedFields");
    if (!managed.empty()) object.member("metadata").set("managedFields", std::move(managed));
  } else {
    track_update(info, writer, &old, object);
  }

  api::FieldErrors errors;
  if (!status_write) {
    errors = metadata_errors(info, object["metadata"]);
    for (api::FieldError& error :
         api::validate_metadata_update(object["metadata"], old["metadata"])) {
      errors.push_back(std::move(error));
    }
  }
  repeat_update_errors(errors);
  errors = api::validate_object(info, object, &old,
                                status_write ? api::WriteTarget::Status : api::WriteTarget::Object,
                                std::move(errors));
  if (!errors.empty()) return invalid_object(info, object, errors);

  const bool counted = planted(Bug::StatusRaisesGeneration) && status_write;
  if (info.custom && (counted || !has_same_desire(info, object, old))) {
    object.member("metadata").set("generation", old["metadata"]["generation"].as_int() + 1);
  }
  Answer<bool> size = check_size(object);
  if (!size) return std::unexpected(size.error());
  return object;
}

bool is_same(const Json& a, const Json& b) {
  return has_same_members(a, b, {"metadata"}) &&
         has_same_members(a["metadata"], b["metadata"], {"resourceVersion"});
}

}  // namespace clickdeploy::apiserver
