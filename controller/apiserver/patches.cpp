#include "controller/apiserver/json_patch_internal.h"
#include "controller/apiserver/typed_decode_internal.h"
#include "controller/apiserver/verbs_internal.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"

#include <fmt/format.h>

#include <utility>

namespace clickdeploy::apiserver {

Answer<PatchType> read_patch_type(const Call& call) {
  const std::string type = call.request.media_type();
  if (type == "application/json-patch+json") return PatchType::Json;
  if (type == "application/merge-patch+json") return PatchType::Merge;
  if (type == "application/apply-patch+yaml") return PatchType::Apply;
  const bool strategic = !call.target.info->custom;
  if (strategic && type == "application/strategic-merge-patch+json") return PatchType::Strategic;
  return unsupported_media_type(strategic
                                    ? "application/json-patch+json, application/merge-patch+json, "
                                      "application/strategic-merge-patch+json, "
                                      "application/apply-patch+yaml"
                                    : "application/json-patch+json, application/merge-patch+json, "
                                      "application/apply-patch+yaml");
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

Answer<Json> read_apply(const Call& call, std::vector<std::string>& problems) {
  const std::string& body = call.request.body;
  std::vector<std::string> duplicates;
  // kubectl's YAML is JSON, and JSON is faster to read.
  Result<Json> applied = trim(body).starts_with('{')
                             ? parse_json(body, {}, &duplicates)
                             : Result<Json>(fail(ErrorCode::InvalidArgument, "not JSON"));
  if (!applied) {
    duplicates.clear();
    applied = trim(body).empty() ? Result<Json>(Json::object()) : parse_single_yaml(body);
  }
  if (!applied) {
    return bad_request("error decoding YAML: error converting YAML to JSON: yaml: " +
                       applied.error().message());
  }
  if (applied->is_null()) return Json::object();
  if (!applied->is_object()) {
    return bad_request(fmt::format(
        "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
        "{} into Go value of type map[string]interface {{}}",
        json_kind(*applied)));
  }
  for (const std::string& path : duplicates) {
    const std::string key = path.substr(path.rfind('.') + 1);
    problems.push_back(fmt::format("line 1: key {} already set in map", go_quote(key)));
  }
  return std::move(*applied);
}

namespace {

std::unexpected<ApiError> no_object(const Json& patch) {
  return bad_request(fmt::format(
      "error decoding patch: json: cannot unmarshal {} into Go value of type map[string]interface "
      "{{}}",
      json_kind(patch)));
}

}  // namespace

Answer<Json> apply_patch(PatchType type, const Json& object, const Json& patch) {
  if (type == PatchType::Json) return apply_json_patch(object, patch);
  if (type == PatchType::Strategic) return apply_strategic_patch(object, patch);
  if (!patch.is_object()) return no_object(patch);
  Json patched = object;
  apply_merge_patch(patched, patch);
  return patched;
}

}  // namespace clickdeploy::apiserver
