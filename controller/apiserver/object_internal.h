// Objects as JSON and as stored bytes: the splice of the revision, facts, and small questions.

#pragma once

#include "controller/apiserver/core_internal.h"

#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::apiserver {

// The write of `object`: its text is cut where metadata.resourceVersion stands, and the store puts
// the revision in between. A resourceVersion in `object` is left out.
store::Write make_write(store::Operation operation, const store::Key& key,
                        store::Revision expected_revision, const Json& object);

store::Facts read_object_facts(const Json& object);
std::vector<std::string> owner_uids_of(const Json& owner_references);

// The object of a stored document. Stored bytes are ours: a document that does not parse is a bug.
Json read_document(const store::Document& document);

bool is_deleting(const Json& object);
// Finalizers, or a Namespace's spec.finalizers: what keeps an object that is being deleted.
bool is_held(const api::ResourceInfo& info, const Json& object);

bool has_finalizer(const Json& object, std::string_view finalizer);
void remove_finalizer(Json& object, std::string_view finalizer);
void add_finalizer(Json& object, std::string_view finalizer);

inline constexpr std::string_view kForegroundFinalizer = "foregroundDeletion";
inline constexpr std::string_view kOrphanFinalizer = "orphan";
inline constexpr std::string_view kNamespaceFinalizer = "kubernetes";

}  // namespace clickdeploy::apiserver
