#include "controller/apiserver/background_internal.h"
#include "controller/apiserver/object_internal.h"
#include "controller/apiserver/stored_text_internal.h"
#include "controller/apiserver/verbs_internal.h"
#include "controller/base/text.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy::apiserver {
namespace {

enum class Emptied { Yes, Held, Failed };

// Deletes what there is of one resource in the namespace. Held: finalizers keep some of it.
Task<Emptied> empty_resource(const Core& core, const api::ResourceInfo& info,
                             std::string namespace_name) {
  const store::ListResult list = core.store.list(info.group_resource(), namespace_name);
  for (const store::DocumentPtr& document : list.documents) {
    if (document->facts.deleting) continue;
    Target target;
    target.info = &info;
    target.namespace_name = namespace_name;
    target.name = document->key.name;
    DeleteOptions options;
    options.propagation = Propagation::Background;
    Answer<Deletion> deletion = co_await remove_object(core, std::move(target), std::move(options));
    if (!deletion && deletion.error().code != 404) co_return Emptied::Failed;
  }
  const bool empty = core.store.list(info.group_resource(), namespace_name).documents.empty();
  co_return empty ? Emptied::Yes : Emptied::Held;
}

Task<Emptied> empty_kinds(const Core& core, std::string namespace_name, bool custom) {
  Emptied all = Emptied::Yes;
  for (const api::ResourceInfo& info : core.scheme.resources()) {
    if (!info.namespaced || info.custom != custom) continue;
    Emptied one = co_await empty_resource(core, info, namespace_name);
    all = std::max(all, one);
  }
  co_return all;
}

// The names of what keeps a namespace, sorted.
struct Rest {
  std::set<std::string> resources;
  std::set<std::string> finalizers;
};

Rest find_rest(const Core& core, const std::string& namespace_name, bool custom) {
  constexpr std::size_t kLookedAtMax = 100;  // of each kind: they are kept by the same few names
  Rest rest;
  for (const api::ResourceInfo& info : core.scheme.resources()) {
    if (!info.namespaced || info.custom != custom) continue;
    const store::ListResult list = core.store.list(info.group_resource(), namespace_name);
    const std::size_t count = std::min(list.documents.size(), kLookedAtMax);
    if (count > 0) rest.resources.insert(info.group_resource());
    for (std::size_t i = 0; i < count; ++i) {
      const Json finalizers = read_stored_metadata(list.documents[i]->bytes, "finalizers");
      for (const Json& one : finalizers.as_array()) rest.finalizers.insert(one.as_string());
    }
  }
  return rest;
}

// A condition that holds since it did first.
Json condition(const Json& status, std::string_view type, std::string_view reason,
               std::string_view message, const std::set<std::string>& names,
               const std::string& now) {
  std::string since = now;
  for (const Json& old : status["conditions"].as_array()) {
    if (old["type"].as_string() == type) since = old["lastTransitionTime"].as_string();
  }
  const std::vector<std::string> list(names.begin(), names.end());
  return Json::object({{"type", type},
                       {"status", "True"},
                       {"reason", reason},
                       {"message", std::string(message) + join(list, ", ")},
                       {"lastTransitionTime", since}});
}

// For who waits: what is left, and whose finalizers keep it. Written only when it is something else
// than before, so the messages have names and no numbers.
Task<void> tell_rest(const Core& core, Target target, store::DocumentPtr home, bool custom) {
  const Rest rest = find_rest(core, target.name, custom);
  Json old = read_document(*home);
  const Json& status = old["status"];
  const std::string now = format_time(core.clock.wall_now());
  Json conditions = Json::array();
  if (!rest.resources.empty()) {
    conditions.push_back(condition(status, "NamespaceContentRemaining", "SomeResourcesRemain",
                                   "Some resources are remaining: ", rest.resources, now));
  }
  if (!rest.finalizers.empty()) {
    conditions.push_back(condition(
        status, "NamespaceFinalizersRemaining", "SomeFinalizersRemain",
        "Some content in the namespace has finalizers remaining: ", rest.finalizers, now));
  }
  if (conditions.empty()) co_return;
  Json changed = old;
  changed.member("status").set("conditions", std::move(conditions));
  // If somebody else writes at this moment, the next look tells.
  co_await commit_update(core, std::move(target), std::move(home), std::move(old),
                         std::move(changed), false);
}

}  // namespace

Task<bool> empty_namespace(const Core& core, std::string name) {
  const store::Key key{"namespaces", "", name};
  store::DocumentPtr home = core.store.get(key);
  if (home != nullptr && !home->facts.deleting) co_return true;

  std::optional<Target> target = target_of(core, key);
  if (!target) co_return true;

  // Our kinds first: while their finalizers do their work they need the Secrets beside them.
  bool custom = true;
  Emptied emptied = co_await empty_kinds(core, name, custom);
  if (emptied == Emptied::Yes) {
    custom = false;
    emptied = co_await empty_kinds(core, name, custom);
  }
  if (emptied == Emptied::Held && home != nullptr) {
    co_await tell_rest(core, std::move(*target), std::move(home), custom);
  }
  if (emptied != Emptied::Yes) co_return emptied == Emptied::Held;
  if (home == nullptr) co_return true;

  Json old = read_document(*home);
  Json changed = old;
  Json* finalizers = changed.member("spec").find("finalizers");
  if (finalizers != nullptr) {
    std::erase(finalizers->array_ref(), Json(kNamespaceFinalizer));
    if (finalizers->empty()) changed.member("spec").erase("finalizers");
  }
  Result<store::DocumentPtr> stored = co_await commit_update(
      core, std::move(*target), std::move(home), std::move(old), std::move(changed), false);
  co_return stored.has_value() || stored.error().code() == ErrorCode::NotFound;
}

}  // namespace clickdeploy::apiserver
