#include "controller/apiserver/object_internal.h"
#include "controller/apiserver/parsed_documents_internal.h"
#include "controller/apiserver/render_internal.h"
#include "controller/apiserver/secret_use_internal.h"
#include "controller/apiserver/verbs_internal.h"
#include "controller/base/planted.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <utility>

namespace clickdeploy::apiserver {
namespace {

// Here errors name the kind, where other conflicts name the resource.
std::unexpected<ApiError> precondition_failed(const Target& target, const std::string& why) {
  ApiError error;
  error.code = 409;
  error.reason = "Conflict";
  error.message = fmt::format("Operation cannot be fulfilled on {} {}: {}",
                              target.info->group_kind(), go_quote(target.name), why);
  error.name = target.name;
  error.group = target.info->group;
  error.kind = target.info->kind;
  return refuse(std::move(error));
}

Answer<bool> check_preconditions(const Target& target, const DeleteOptions& options,
                                 const store::Document& document) {
  if (!options.uid.empty() && options.uid != document.facts.uid) {
    return precondition_failed(
        target, fmt::format("the UID in the precondition ({}) does not match the UID in record "
                            "({}). The object might have been deleted and then recreated",
                            options.uid, document.facts.uid));
  }
  const std::string current = std::to_string(document.revision);
  if (!options.resource_version.empty() && options.resource_version != current) {
    return precondition_failed(
        target, fmt::format("the ResourceVersion in the precondition ({}) does not match the "
                            "ResourceVersion in record ({}). The object might have been modified",
                            options.resource_version, current));
  }
  return true;
}

Answer<bool> check_allowed(const Core& core, const Target& target) {
  std::string why;
  if (is_namespace(*target.info) && target.name == "default") {
    why = "this namespace may not be deleted";
  } else if (is_secret(*target.info)) {
    const std::vector<std::string> users =
        users_of_secret(core, target.namespace_name, target.name);
    if (!users.empty()) {
      why = "it is used by " + join(users, ", ") + "; delete those first, or change what they use";
    }
  }
  if (why.empty()) return true;
  ApiError error;
  error.code = 403;
  error.reason = "Forbidden";
  error.message =
      fmt::format("{} {} is forbidden: {}", target.info->plural, go_quote(target.name), why);
  error.name = target.name;
  error.kind = target.info->plural;
  return refuse(std::move(error));
}

void set_propagation(Json& object, std::optional<Propagation> propagation) {
  if (!propagation) return;
  remove_finalizer(object, kForegroundFinalizer);
  remove_finalizer(object, kOrphanFinalizer);
  if (*propagation == Propagation::Foreground) add_finalizer(object, kForegroundFinalizer);
  if (*propagation == Propagation::Orphan) add_finalizer(object, kOrphanFinalizer);
}

void mark_deleted(const Core& core, const api::ResourceInfo& info, Json& object) {
  Json& metadata = object.member("metadata");
  metadata.set("deletionTimestamp", format_time(core.clock.wall_now()));
  metadata.set("deletionGracePeriodSeconds", 0);
  if (info.custom) metadata.set("generation", metadata["generation"].as_int() + 1);
  if (is_namespace(info)) object.member("status").set("phase", "Terminating");
}

}  // namespace

Task<Answer<Deletion>> remove_object(const Core& core, Target target, DeleteOptions options) {
  Answer<bool> allowed = check_allowed(core, target);
  if (!allowed) co_return std::unexpected(allowed.error());
  for (int attempt = 1; attempt <= kWriteTries; ++attempt) {
    store::DocumentPtr document = core.store.get(target.key());
    if (document == nullptr) co_return not_found(target.object_name());
    Answer<bool> checked = check_preconditions(target, options, *document);
    if (!checked) co_return std::unexpected(checked.error());

    Json old = core.parsed->read(*document);
    Json object = old;
    set_propagation(object, options.propagation);
    const bool gone = !is_held(*target.info, object) || planted(Bug::FinalizersIgnored);
    if (!gone && !is_deleting(object)) mark_deleted(core, *target.info, object);
    if (gone && options.dry_run) co_return Deletion{std::move(document), true};
    if (gone) {
      // Watchers see the object as it was; it need not have been marked first.
      store::Write write =
          make_write(store::Operation::Delete, document->key, document->revision, old);
      Result<store::DocumentPtr> removed = co_await core.store.commit(std::move(write));
      if (removed) {
        core.parsed->forget(document->key);
        co_return Deletion{std::move(document), true};
      }
      if (removed.error().code() == ErrorCode::NotFound) {
        co_return not_found(target.object_name());
      }
      if (removed.error().code() != ErrorCode::Conflict) co_return store_failed(removed.error());
      continue;
    }
    Result<store::DocumentPtr> stored = co_await commit_update(
        core, target, std::move(document), std::move(old), std::move(object), options.dry_run);
    if (stored) co_return Deletion{std::move(*stored), false};
    if (stored.error().code() == ErrorCode::NotFound) co_return not_found(target.object_name());
    if (stored.error().code() != ErrorCode::Conflict) co_return store_failed(stored.error());
  }
  co_return stale(target.object_name());
}

Task<Answer<http::Reply>> delete_object(const Core& core, Call call) {
  Answer<DeleteOptions> options = read_delete_options(call.request);
  if (!options) co_return std::unexpected(options.error());
  Answer<Deletion> deletion = co_await remove_object(core, call.target, std::move(*options));
  if (!deletion) co_return std::unexpected(deletion.error());
  if (!deletion->gone) co_return reply_document(core, call, 200, std::move(deletion->document));

  Json details = Json::object({{"name", call.target.name}, {"kind", call.target.info->plural}});
  if (!call.target.info->group.empty()) details.set("group", call.target.info->group);
  details.set("uid", deletion->document->facts.uid);
  Json status = Json::object({{"kind", "Status"},
                              {"apiVersion", "v1"},
                              {"metadata", Json::object()},
                              {"status", "Success"},
                              {"details", std::move(details)}});
  co_return reply_json(call, 200, to_json(status));
}

Task<Answer<http::Reply>> delete_collection(const Core& core, Call call) {
  Answer<DeleteOptions> options = read_delete_options(call.request);
  if (!options) co_return std::unexpected(options.error());
  Answer<ListOptions> listing = read_list_options(call);
  if (!listing) co_return std::unexpected(listing.error());
  // Preconditions name one object; for a collection each object is what it is.
  options->uid.clear();
  options->resource_version.clear();

  const api::ResourceInfo& info = *call.target.info;
  store::ListResult list =
      core.store.list(info.group_resource(), call.target.namespace_name.empty()
                                                 ? std::nullopt
                                                 : std::optional(call.target.namespace_name));
  Json items = Json::array();
  for (const store::DocumentPtr& document : list.documents) {
    if (!listing->selection.matches(*document)) continue;
    Target target = call.target;
    target.namespace_name = document->key.namespace_name;
    target.name = document->key.name;
    DeleteOptions each = *options;
    Answer<Deletion> deletion = co_await remove_object(core, std::move(target), std::move(each));
    // What somebody else deleted meanwhile is deleted.
    if (!deletion && deletion.error().code != 404) co_return std::unexpected(deletion.error());
    if (deletion) items.push_back(read_shown(call, *deletion->document));
  }
  Json result = Json::object(
      {{"apiVersion", info.api_version()},
       {"kind", info.list_kind},
       {"metadata", Json::object({{"resourceVersion", std::to_string(core.store.revision())}})}});
  result.set("items", std::move(items));
  co_return reply_json(call, 200, to_json(result));
}

}  // namespace clickdeploy::apiserver
