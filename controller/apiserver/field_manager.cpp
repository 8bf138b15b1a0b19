// Names of managers, and what is never owned.

#include "controller/apiserver/core_internal.h"
#include "controller/apiserver/json_extent_internal.h"
#include "controller/apiserver/managed_fields_internal.h"
#include "controller/base/text.h"
#include "controller/base/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::size_t kSubresourceBytesMax = 256;

constexpr std::string_view kMetadataIdentity[] = {
    "f:creationTimestamp", "f:generation",      "f:managedFields", "f:name",
    "f:namespace",         "f:resourceVersion", "f:selfLink",      "f:uid"};

// As Go counts it, nearly: controls, separators but the plain space, and unassigned areas are not.
bool is_printable(char32_t c) {
  if (c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0xad) return false;
  if ((c >= 0x2000 && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f)) return false;
  if ((c >= 0x205f && c <= 0x206f) || c == 0x3000 || c == 0xfeff) return false;
  return !(c >= 0xd800 && c <= 0xf8ff) && !(c >= 0xfff0 && c <= 0xfffb) && c < 0xe0000;
}

}  // namespace

std::string manager_of_agent(std::string_view user_agent) {
  std::string_view rest = user_agent.substr(0, user_agent.find('/'));
  std::string manager;
  while (!rest.empty()) {
    const CodePoint point = decode_utf8(rest);
    const std::size_t bytes = point.bytes == 0 ? 1 : point.bytes;
    if (point.bytes != 0 && is_printable(point.value)) {
      if (manager.size() + bytes > kManagerBytesMax) break;
      manager += rest.substr(0, bytes);
    }
    rest.remove_prefix(bytes);
  }
  return manager;
}

api::FieldErrors manager_problems(std::string_view manager, const std::string& path) {
  if (manager.size() > kManagerBytesMax) {
    return {api::too_long(path, "may not be more than 128 bytes")};
  }
  for (std::size_t at = 0; at < manager.size();) {
    const CodePoint point = decode_utf8(manager.substr(at));
    const char32_t value = point.bytes == 0 ? 0xfffd : point.value;
    if (point.bytes == 0 || !is_printable(value)) {
      return {api::invalid(path, manager,
                           fmt::format("invalid character U+{:04X} (at position {})",
                                       static_cast<std::uint32_t>(value), at))};
    }
    at += point.bytes;
  }
  return {};
}

api::FieldErrors count_problems(const Json& metadata, const Json& old_metadata) {
  struct Limited {
    std::string_view field;
    std::size_t most;
  };
  constexpr Limited kLimited[] = {{"finalizers", kFinalizersMax},
                                  {"ownerReferences", kOwnerReferencesMax},
                                  {"managedFields", kManagedFieldsMax}};
  api::FieldErrors errors;
  for (const auto& [field, most] : kLimited) {
    const std::size_t count = metadata[field].size();
    if (count <= std::max(most, old_metadata[field].size())) continue;
    errors.push_back(api::too_many(api::child_path("metadata", field), count, most));
  }
  const Json& managed = metadata["managedFields"];
  if (!errors.empty() || managed.empty()) return errors;
  const std::size_t values = extent_of(managed).values;
  if (values > kManagedFieldsValuesMax && managed != old_metadata["managedFields"]) {
    errors.push_back(api::too_many("metadata.managedFields", values, kManagedFieldsValuesMax));
  }
  return errors;
}

api::FieldErrors managed_fields_problems(const Json& managed_fields) {
  api::FieldErrors errors;
  if (managed_fields.size() > kManagedFieldsMax) {
    return {api::too_many("metadata.managedFields", managed_fields.size(), kManagedFieldsMax)};
  }
  std::size_t index = 0;
  for (const Json& entry : managed_fields.as_array()) {
    const std::string path = api::item_path("metadata.managedFields", index++);
    const std::string& manager = entry["manager"].as_string();
    for (api::FieldError& error : manager_problems(manager, api::child_path(path, "manager"))) {
      if (errors.size() < api::kFieldErrorsMax) errors.push_back(std::move(error));
    }
    if (entry["subresource"].as_string().size() > kSubresourceBytesMax) {
      errors.push_back(
          api::too_long(api::child_path(path, "subresource"), "may not be more than 256 bytes"));
    }
  }
  return errors;
}

FieldSet reachable(const api::ResourceInfo& info, std::string_view subresource, FieldSet set) {
  if (!info.has_status) return set;
  if (subresource != "status") {
    set.erase("f:status");
    return set;
  }
  FieldSet status = Json::object();
  if (Json* node = set.find("f:status")) status.set("f:status", std::move(*node));
  return status;
}

FieldSet without_identity(FieldSet set) {
  set.erase("f:apiVersion");
  set.erase("f:kind");
  Json* metadata = set.find("f:metadata");
  if (metadata == nullptr) return set;
  metadata->erase(".");
  for (const std::string_view key : kMetadataIdentity) metadata->erase(key);
  if (metadata->empty()) set.erase("f:metadata");
  return set;
}

// A Namespace is given its finalizers after its fields are counted, and an Event of Kubernetes has
// these fields even when it says nothing of them.
Json blank_object(const api::ResourceInfo& info, const Json& object) {
  Json blank = Json::object(
      {{"apiVersion", info.api_version()}, {"kind", info.kind}, {"metadata", Json::object()}});
  if (is_namespace(info)) {
    for (const std::string_view part : {"spec", "status"}) {
      if (const Json* value = object.find(part)) blank.set(part, *value);
    }
  }
  if (is_event(info)) {
    blank.set("source", Json::object());
    for (const std::string_view time : {"eventTime", "firstTimestamp", "lastTimestamp"}) {
      blank.set(time, nullptr);
    }
    for (const std::string_view name : {"reportingComponent", "reportingInstance"}) {
      blank.set(name, "");
    }
  }
  return blank;
}

}  // namespace clickdeploy::apiserver
