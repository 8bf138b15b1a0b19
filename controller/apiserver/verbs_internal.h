// The verbs: each takes a call whose target is known and gives the reply or the refusal.

#pragma once

#include "controller/apiserver/core_internal.h"
#include "controller/apiserver/options_internal.h"

#include <string>
#include <vector>

namespace clickdeploy::apiserver {

Task<Answer<http::Reply>> get_object(const Core& core, Call call);
Task<Answer<http::Reply>> list_objects(const Core& core, Call call, ListOptions options);
Task<Answer<http::Reply>> watch_objects(const Core& core, Call call, ListOptions options);
Task<Answer<http::Reply>> create_object(const Core& core, Call call);
Task<Answer<http::Reply>> replace_object(const Core& core, Call call);
Task<Answer<http::Reply>> patch_object(const Core& core, Call call);
Task<Answer<http::Reply>> apply_object(const Core& core, Call call);  // a PATCH of that type
Task<Answer<http::Reply>> delete_object(const Core& core, Call call);
Task<Answer<http::Reply>> delete_collection(const Core& core, Call call);
// Of the objects that the server makes of itself.
Task<Answer<http::Reply>> write_builtin(const Core& core, Call call);
Task<Answer<http::Reply>> get_scale(const Core& core, Call call);
Task<Answer<http::Reply>> replace_scale(const Core& core, Call call);
Task<Answer<http::Reply>> patch_scale(const Core& core, Call call);

// Stores `object` in the place of `old_document`, or removes it when this write takes away the last
// thing that held it; the old document where nothing differs. An Error is the store's.
Task<Result<store::DocumentPtr>> commit_update(const Core& core, Target target,
                                               store::DocumentPtr old_document, Json old,
                                               Json object, bool dry_run);

// How a patch is written; 415 if this kind cannot take it.
enum class PatchType { Json, Merge, Strategic, Apply };
Answer<PatchType> read_patch_type(const Call& call);
// The body of a patch: of a server-side apply in YAML, of others in JSON.
Answer<Json> read_patch(const Call& call, std::vector<std::string>& problems);
Answer<Json> read_apply(const Call& call, std::vector<std::string>& problems);
// Of any type but Apply.
Answer<Json> apply_patch(PatchType type, const Json& object, const Json& patch);

// One deletion, as the verb does it; the collector deletes by the same rules.
struct Deletion {
  store::DocumentPtr document;  // as it is now, or as it was at the end
  bool gone = false;
};
Task<Answer<Deletion>> remove_object(const Core& core, Target target, DeleteOptions options);

}  // namespace clickdeploy::apiserver
