// The garbage collector's rules, for one object at a time.

#include "controller/apiserver/background_internal.h"
#include "controller/apiserver/object_internal.h"
#include "controller/apiserver/parsed_documents_internal.h"
#include "controller/apiserver/verbs_internal.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy::apiserver {
namespace {

enum class OwnerState {
  Solid,    // exists and stays
  Waiting,  // exists, and waits for its dependents to be deleted first
  Gone,
};

bool waits_for_dependents(const Core& core, const store::Document& document) {
  return document.facts.deleting &&
         has_finalizer(core.parsed->read(document), kForegroundFinalizer);
}

OwnerState owner_state(const Core& core, const Target& dependent, const Json& reference) {
  const api::ResourceInfo* info =
      core.scheme.find_kind(reference["apiVersion"].as_string(), reference["kind"].as_string());
  // An owner that we cannot look for is taken to exist: deleting on a guess is worse than a
  // leftover.
  if (info == nullptr) return OwnerState::Solid;
  if (info->namespaced && !dependent.info->namespaced) return OwnerState::Solid;
  store::DocumentPtr owner = core.store.get(
      {info->group_resource(), info->namespaced ? dependent.namespace_name : std::string(),
       reference["name"].as_string()});
  if (owner == nullptr || owner->facts.uid != reference["uid"].as_string()) {
    return OwnerState::Gone;
  }
  return waits_for_dependents(core, *owner) ? OwnerState::Waiting : OwnerState::Solid;
}

void remove_owner(Json& object, const std::vector<std::string>& uids) {
  Json& metadata = object.member("metadata");
  Json& owners = metadata.member("ownerReferences");
  std::erase_if(owners.array_ref(), [&uids](const Json& owner) {
    return std::find(uids.begin(), uids.end(), owner["uid"].as_string()) != uids.end();
  });
  if (owners.empty()) metadata.erase("ownerReferences");
}

// True if it is stored, or there is nothing left to store it in.
Task<bool> store_change(const Core& core, Target target, store::DocumentPtr document, Json old,
                        Json changed) {
  Result<store::DocumentPtr> stored = co_await commit_update(
      core, std::move(target), std::move(document), std::move(old), std::move(changed), false);
  co_return stored.has_value() || stored.error().code() == ErrorCode::NotFound;
}

Task<bool> remove_as(const Core& core, Target target, std::string uid, Propagation propagation) {
  DeleteOptions options;
  options.propagation = propagation;
  options.uid = std::move(uid);
  Answer<Deletion> deletion = co_await remove_object(core, std::move(target), std::move(options));
  co_return deletion.has_value() || deletion.error().code == 404;
}

// An object with owners, not being deleted: it lives as long as one of them is solid.
Task<bool> collect_dependent(const Core& core, Target target, store::DocumentPtr document) {
  Json object = core.parsed->read(*document);
  std::vector<std::string> leaving;
  bool solid = false;
  bool waiting = false;
  for (const Json& reference : object["metadata"]["ownerReferences"].as_array()) {
    const OwnerState state = owner_state(core, target, reference);
    solid = solid || state == OwnerState::Solid;
    waiting = waiting || state == OwnerState::Waiting;
    if (state != OwnerState::Solid) leaving.push_back(reference["uid"].as_string());
  }
  if (leaving.empty()) co_return true;
  if (solid) {
    Json changed = object;
    remove_owner(changed, leaving);
    bool stored = co_await store_change(core, std::move(target), std::move(document),
                                        std::move(object), std::move(changed));
    co_return stored;
  }
  const bool has_dependents = !core.store.list_owned(document->facts.uid).empty();
  std::string uid = document->facts.uid;
  bool removed = co_await remove_as(
      core, std::move(target), std::move(uid),
      waiting && has_dependents ? Propagation::Foreground : Propagation::Background);
  co_return removed;
}

bool blocks(const store::Document& dependent, const std::string& owner_uid) {
  const Json object = read_document(dependent);
  for (const Json& owner : object["metadata"]["ownerReferences"].as_array()) {
    if (owner["uid"].as_string() == owner_uid && owner["blockOwnerDeletion"].as_bool()) {
      return true;
    }
  }
  return false;
}

// Whether an object that waits for its dependents waits for itself among them, or for one that
// waits for it in turn. Who notices such a circle does not wait any longer, or all would for ever.
bool waits_in_circle(const Core& core, store::DocumentPtr dependent, const std::string& uid) {
  constexpr std::size_t kLookedAtMax = 1000;
  std::set<std::string> seen;
  std::vector<store::DocumentPtr> next = {std::move(dependent)};
  while (!next.empty() && seen.size() < kLookedAtMax) {
    const store::DocumentPtr at = std::move(next.back());
    next.pop_back();
    if (at->facts.uid == uid) return true;
    if (!waits_for_dependents(core, *at) || !seen.insert(at->facts.uid).second) continue;
    for (store::DocumentPtr& one : core.store.list_owned(at->facts.uid)) {
      if (blocks(*one, at->facts.uid)) next.push_back(std::move(one));
    }
  }
  return false;
}

Task<bool> release(const Core& core, Target target, store::DocumentPtr document,
                   std::string_view finalizer) {
  Json old = core.parsed->read(*document);
  Json changed = old;
  remove_finalizer(changed, finalizer);
  bool stored = co_await store_change(core, std::move(target), std::move(document), std::move(old),
                                      std::move(changed));
  co_return stored;
}

Task<bool> finish_foreground(const Core& core, Target target, store::DocumentPtr document) {
  const std::string uid = document->facts.uid;
  bool done = co_await collect_dependents(core, uid);
  if (!done) co_return false;
  for (const store::DocumentPtr& dependent : core.store.list_owned(uid)) {
    if (!blocks(*dependent, uid) || waits_in_circle(core, dependent, uid)) continue;
    co_return true;  // its end will bring us here again
  }
  done = co_await release(core, std::move(target), std::move(document), kForegroundFinalizer);
  co_return done;
}

Task<bool> finish_orphan(const Core& core, Target target, store::DocumentPtr document) {
  const std::string uid = document->facts.uid;
  for (const store::DocumentPtr& dependent : core.store.list_owned(uid)) {
    std::optional<Target> dependent_target = target_of(core, dependent->key);
    if (!dependent_target) continue;
    Json old = core.parsed->read(*dependent);
    Json changed = old;
    remove_owner(changed, {uid});
    bool stored = co_await store_change(core, std::move(*dependent_target), dependent,
                                        std::move(old), std::move(changed));
    if (!stored) co_return false;
  }
  bool done = co_await release(core, std::move(target), std::move(document), kOrphanFinalizer);
  co_return done;
}

}  // namespace

Task<bool> collect_object(const Core& core, store::Key key) {
  store::DocumentPtr document = core.store.get(key);
  std::optional<Target> target = target_of(core, key);
  if (document == nullptr || !target) co_return true;
  if (!document->facts.deleting) {
    bool done = co_await collect_dependent(core, std::move(*target), std::move(document));
    co_return done;
  }
  const Json object = core.parsed->read(*document);
  bool done = true;
  if (has_finalizer(object, kOrphanFinalizer)) {
    done = co_await finish_orphan(core, std::move(*target), std::move(document));
  } else if (has_finalizer(object, kForegroundFinalizer)) {
    done = co_await finish_foreground(core, std::move(*target), std::move(document));
  }
  co_return done;
}

Task<bool> collect_dependents(const Core& core, std::string owner_uid) {
  bool all = true;
  for (const store::DocumentPtr& dependent : core.store.list_owned(owner_uid)) {
    if (dependent->facts.deleting) continue;
    bool done = co_await collect_object(core, dependent->key);
    all = all && done;
  }
  co_return all;
}

}  // namespace clickdeploy::apiserver
