#include "controller/apiserver/background_internal.h"
#include "controller/apiserver/object_internal.h"
#include "controller/apiserver/verbs_internal.h"

#include <algorithm>
#include <utility>

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

}  // namespace

Task<bool> empty_namespace(const Core& core, std::string name) {
  const store::Key key{"namespaces", "", name};
  store::DocumentPtr home = core.store.get(key);
  if (home != nullptr && !home->facts.deleting) co_return true;

  // Our kinds first: while their finalizers do their work they need the Secrets beside them.
  Emptied emptied = co_await empty_kinds(core, name, true);
  if (emptied == Emptied::Yes) emptied = co_await empty_kinds(core, name, false);
  if (emptied != Emptied::Yes) co_return emptied == Emptied::Held;
  if (home == nullptr) co_return true;

  Json old = read_document(*home);
  Json changed = old;
  Json* finalizers = changed.member("spec").find("finalizers");
  if (finalizers != nullptr) {
    std::erase(finalizers->array_ref(), Json(kNamespaceFinalizer));
    if (finalizers->empty()) changed.member("spec").erase("finalizers");
  }
  std::optional<Target> target = target_of(core, key);
  if (!target) co_return true;
  Result<store::DocumentPtr> stored = co_await commit_update(
      core, std::move(*target), std::move(home), std::move(old), std::move(changed), false);
  co_return stored.has_value() || stored.error().code() == ErrorCode::NotFound;
}

}  // namespace clickdeploy::apiserver
