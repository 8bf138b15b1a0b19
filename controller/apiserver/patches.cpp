#include "controller/apiserver/json_patch_internal.h"
#include "controller/apiserver/verbs_internal.h"
#include "controller/base/text.h"

#include <utility>

namespace clickdeploy::apiserver {

Answer<PatchType> read_patch_type(const Call& call) {
  const std::string type = call.request.media_type();
  if (type == "application/json-patch+json") return PatchType::Json;
  if (type == "application/merge-patch+json") return PatchType::Merge;
  const bool strategic = !call.target.info->custom;
  if (strategic && type == "application/strategic-merge-patch+json") return PatchType::Strategic;
  return unsupported_media_type(strategic
                                    ? "application/json-patch+json, application/merge-patch+json, "
                                      "application/strategic-merge-patch+json"
                                    : "application/json-patch+json, application/merge-patch+json");
}

Answer<Json> read_patch(const Call& call, std::vector<std::string>& problems) {
  std::vector<std::string> duplicates;
  Result<Json> patch = parse_json(call.request.body, {}, &duplicates);
  if (!patch) {
    const std::string_view text = trim(call.request.body);
    const bool open = text.empty() || (text.front() == '{' && text.back() != '}');
    return bad_request("error decoding patch: " + (open
                                                       ? std::string("unexpected end of JSON input")
                                                       : patch.error().message()));
  }
  for (const std::string& path : duplicates) {
    problems.push_back("duplicate field " + go_quote(path));
  }
  return std::move(*patch);
}

Answer<Json> apply_patch(PatchType type, const Json& object, const Json& patch) {
  if (type == PatchType::Json) return apply_json_patch(object, patch);
  if (type == PatchType::Strategic) return apply_strategic_patch(object, patch);
  if (!patch.is_object()) return bad_request("error decoding patch: it must be a JSON object");
  Json patched = object;
  apply_merge_patch(patched, patch);
  return patched;
}

}  // namespace clickdeploy::apiserver
