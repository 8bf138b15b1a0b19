// From kubectl's client-side apply to server-side apply: what its annotation says, and keeping it.

#include "controller/apiserver/apply_fields_internal.h"
#include "controller/apiserver/apply_merge_internal.h"
#include "controller/apiserver/core_internal.h"
#include "controller/apiserver/secret_rules_internal.h"

#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr std::size_t kAnnotationsBytesMax = 256 * 1024;

// What the annotation says of a Secret's data is hidden there, and taken to be what is live.
void reveal_data(const Json& live, Json& last) {
  Json* data = last.find("data");
  if (data == nullptr || !data->is_object()) return;
  for (auto& [key, value] : data->object_ref()) {
    const Json* present = live["data"].find(key);
    if (present != nullptr && value.as_string() == kRedacted) value = *present;
  }
}

}  // namespace

std::optional<FieldSet> fields_last_applied(const api::ResourceInfo& info, const Json& live) {
  const std::string& text = live["metadata"]["annotations"][kLastApplied].as_string();
  if (text.empty()) return std::nullopt;
  Result<Json> last = parse_json(text);
  const FieldType type = FieldType::of(info);
  if (!last || (*last)["apiVersion"].as_string() != info.api_version()) return std::nullopt;
  if (!type_problems(type, *last).empty()) return std::nullopt;
  if (is_secret(info)) reveal_data(live, *last);
  const FieldChanges changes = compare_fields(type, *last, live);
  return subtract(subtract(fields_of(type, *last), changes.written), changes.removed);
}

void renew_last_applied(const Json& applied, Json& object) {
  if (object["metadata"]["annotations"][kLastApplied].as_string().empty()) return;
  Json body = applied;
  Json* own_annotations = body.member("metadata").find("annotations");
  if (own_annotations != nullptr) own_annotations->erase(kLastApplied);
  Json& annotations = object.member("metadata").member("annotations");
  annotations.set(kLastApplied, to_json(body) + "\n");
  std::size_t bytes = 0;
  for (const auto& [key, value] : annotations.as_object()) {
    bytes += key.size() + value.as_string().size();
  }
  if (bytes > kAnnotationsBytesMax) annotations.erase(kLastApplied);
}

}  // namespace clickdeploy::apiserver
