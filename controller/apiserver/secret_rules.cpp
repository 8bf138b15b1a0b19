#include "controller/apiserver/secret_rules_internal.h"

#include <string_view>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

}  // namespace

void redact_last_applied(Json& secret) {
  const Json& annotation = secret["metadata"]["annotations"][kLastApplied];
  if (annotation.is_null()) return;
  Result<Json> applied = parse_json(annotation.as_string());
  Json& annotations = secret.member("metadata").member("annotations");
  if (!applied || !applied->is_object()) {
    annotations.erase(kLastApplied);
    return;
  }
  for (const std::string_view field : {"data", "stringData"}) {
    Json* values = applied->find(field);
    if (values == nullptr) continue;
    if (!values->is_object()) {
      *values = kRedacted;
      continue;
    }
    for (auto& [key, value] : values->object_ref()) value = kRedacted;
  }
  annotations.set(kLastApplied, to_json(*applied) + "\n");
}

}  // namespace clickdeploy::apiserver
