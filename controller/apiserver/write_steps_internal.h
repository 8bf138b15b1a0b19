// Steps that the writing verbs share.

#pragma once

#include "controller/apiserver/apply_fields_internal.h"
#include "controller/apiserver/core_internal.h"
#include "controller/apiserver/managed_fields_internal.h"
#include "controller/apiserver/options_internal.h"

namespace clickdeploy::apiserver {

// What a write that was not made would have left behind.
store::DocumentPtr imagined(const store::Key& key, store::Revision revision, Json object);

// New objects need a namespace that exists and is not going.
Answer<bool> check_namespace(const Core& core, const Target& target, const Json& object);

// How an update is checked against what is stored: the verbs word it differently.
enum class UpdateVerb { Put, Patch, Apply };

// The version and uid that the new object carries against the stored ones. True: the version was
// checked; false: the client left it out.
Answer<bool> check_preconditions(const Target& target, const Json& object,
                                 const store::Document& stored, UpdateVerb verb);

void warn_of_metadata(Call& call, const Json& object);

// Who makes this call, for managedFields.
Writer writer_of(const Core& core, const Call& call, const WriteOptions& options);

// A server-side apply: what it works with, for as long as it takes, and what became of it.
struct Apply {
  ApplyRequest request;
  Json body;
  bool dry_run = false;
};
struct Applied {
  store::DocumentPtr document;
  bool created = false;
};
Answer<Apply> read_apply_call(const Core& core, Call& call);
// Through a subresource nothing is created.
Task<Answer<Applied>> apply_to(const Core& core, Target target, Apply apply);

}  // namespace clickdeploy::apiserver
