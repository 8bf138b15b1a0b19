// Writes of what the server makes of itself. One that asks for what is there succeeds and changes
// nothing, so that manifests which bring their definitions along can be applied as they are, here
// and to a Kubernetes. All others are refused.

#include "controller/apiserver/admission_internal.h"
#include "controller/apiserver/builtin_objects_internal.h"
#include "controller/apiserver/object_internal.h"
#include "controller/apiserver/render_internal.h"
#include "controller/apiserver/verbs_internal.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy::apiserver {
namespace {

std::unexpected<ApiError> built_in(const Target& target) {
  ApiError error;
  error.code = 403;
  error.reason = "Forbidden";
  error.message = fmt::format("{} {} is forbidden: the kinds of this server are built in",
                              target.info->group_resource(), go_quote(target.name));
  error.name = target.name;
  error.group = target.info->group;
  error.kind = target.info->plural;
  return refuse(std::move(error));
}

// Whether all of `part` is in `whole`, which may say more.
bool holds(const Json& whole, const Json& part) {
  if (part.is_object() && whole.is_object()) {
    return std::ranges::all_of(part.as_object(), [&whole](const auto& member) {
      return holds(whole[member.first], member.second);
    });
  }
  if (!part.is_array() || !whole.is_array()) return whole == part;
  return std::ranges::equal(whole.as_array(), part.as_array(), holds);
}

// Whether a PUT or PATCH leaves the spec as it is. Whole objects may leave out what has defaults.
Answer<bool> keeps_spec(const Call& call, const Json& present) {
  std::vector<std::string> problems;
  const bool put = call.request.method == "PUT";
  Answer<PatchType> type = put ? PatchType::Apply : read_patch_type(call);
  if (!type) return std::unexpected(type.error());
  if (*type == PatchType::Apply) {
    Answer<Json> whole = put ? decode_body(call, problems) : read_apply(call, problems);
    if (!whole) return std::unexpected(whole.error());
    return holds(present["spec"], (*whole)["spec"]);
  }
  Answer<Json> patch = read_patch(call, problems);
  if (!patch) return std::unexpected(patch.error());
  Answer<Json> patched = apply_patch(*type, present, *patch);
  if (!patched) return std::unexpected(patched.error());
  return (*patched)["spec"] == present["spec"];
}

}  // namespace

Task<Answer<http::Reply>> write_builtin(const Core& core, Call call) {
  const std::string& method = call.request.method;
  if (method == "POST") {
    std::vector<std::string> problems;
    Answer<Json> body = decode_body(call, problems);
    if (!body) co_return std::unexpected(body.error());
    call.target.name = (*body)["metadata"]["name"].as_string();
  }
  store::DocumentPtr document =
      call.target.name.empty() ? nullptr : find_document(core, call.target);
  if (document == nullptr || method == "DELETE") co_return built_in(call.target);
  if (method == "POST") co_return already_exists(call.target.object_name(), false);

  Answer<bool> kept = keeps_spec(call, read_document(*document));
  if (!kept) co_return std::unexpected(kept.error());
  if (!*kept) co_return built_in(call.target);
  co_return reply_document(core, call, 200, std::move(document));
}

}  // namespace clickdeploy::apiserver
