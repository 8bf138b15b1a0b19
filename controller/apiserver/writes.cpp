#include "api/schema/metadata_rules.h"
#include "controller/apiserver/admission_internal.h"
#include "controller/apiserver/object_internal.h"
#include "controller/apiserver/parsed_documents_internal.h"
#include "controller/apiserver/render_internal.h"
#include "controller/apiserver/verbs_internal.h"
#include "controller/apiserver/write_steps_internal.h"
#include "controller/base/planted.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <utility>

namespace clickdeploy::apiserver {

store::DocumentPtr imagined(const store::Key& key, store::Revision revision, Json object) {
  if (revision != 0) {
    object.member("metadata").set("resourceVersion", std::to_string(revision));
  }
  auto document = std::make_shared<store::Document>();
  document->key = key;
  document->revision = revision;
  document->facts = read_object_facts(object);
  document->bytes = to_json(object);
  return document;
}

Answer<bool> check_namespace(const Core& core, const Target& target, const Json& object) {
  if (!target.info->namespaced) return true;
  const std::string& name = target.namespace_name;
  store::DocumentPtr home = core.store.get({"namespaces", "", name});
  if (home == nullptr) return not_found({"", "namespaces", name});
  if (!home->facts.deleting) return true;
  const std::string object_name = object["metadata"]["name"].as_string();
  ApiError error;
  error.code = 403;
  error.reason = "Forbidden";
  error.message = fmt::format(
      "{} {} is forbidden: unable to create new content in namespace {} because it is being "
      "terminated",
      target.object_name().resource(), go_quote(object_name), name);
  error.name = object_name;
  error.group = target.info->group;
  error.kind = target.info->plural;
  error.causes.push_back({"NamespaceTerminating",
                          fmt::format("namespace {} is being terminated", name),
                          "metadata.namespace"});
  return refuse(std::move(error));
}

void warn_of_metadata(Call& call, const Json& object) {
  for (std::string& warning : api::metadata_warnings(object["metadata"])) {
    call.warnings.push_back(std::move(warning));
  }
}

Writer writer_of(const Core& core, const Call& call, const WriteOptions& options) {
  Writer writer;
  writer.manager = options.manager;
  writer.subresource = call.target.subresource;
  writer.time = format_time(core.clock.wall_now());
  return writer;
}

Task<Answer<http::Reply>> create_object(const Core& core, Call call) {
  Answer<WriteOptions> options = read_write_options(call.request, "CreateOptions");
  if (!options) co_return std::unexpected(options.error());
  std::vector<std::string> problems;
  Answer<Json> body = decode_body(call, problems);
  if (!body) co_return std::unexpected(body.error());
  Answer<bool> good = conform(call.target, *body, problems);
  if (good) good = settle_problems(call, problems, options->validation);
  if (good) good = check_identity(call.target, *body);
  if (good) good = check_namespace(core, call.target, *body);
  if (!good) co_return std::unexpected(good.error());
  const bool generated = (*body)["metadata"]["name"].as_string().empty();
  const Writer writer = writer_of(core, call, *options);

  for (int attempt = 1;; ++attempt) {
    Answer<Json> object = admit_create(core, call.target, *body, writer);
    if (!object) co_return std::unexpected(object.error());
    store::Key key = call.target.key();
    key.name = (*object)["metadata"]["name"].as_string();
    ObjectName name = call.target.object_name();
    name.name = key.name;
    if (options->dry_run) {
      store::DocumentPtr present = core.store.get(key);
      if (present != nullptr) co_return already_exists(name, present->facts.deleting);
      warn_of_metadata(call, *object);
      co_return reply_document(core, call, 201, imagined(key, 0, std::move(*object)));
    }
    store::Write write = make_write(store::Operation::Create, key, 0, *object);
    Result<store::DocumentPtr> stored = co_await core.store.commit(std::move(write));
    if (stored) {
      core.parsed->add(**stored, *object);
      warn_of_metadata(call, *object);
      co_return reply_document(core, call, 201, std::move(*stored));
    }
    if (stored.error().code() != ErrorCode::AlreadyExists) {
      co_return store_failed(stored.error());
    }
    if (generated && attempt < kWriteTries) continue;
    store::DocumentPtr present = core.store.get(key);
    co_return already_exists(name, present != nullptr && present->facts.deleting);
  }
}

Task<Result<store::DocumentPtr>> commit_update(const Core& core, Target target,
                                               store::DocumentPtr old_document, Json old,
                                               Json object, bool dry_run) {
  if (is_same(old, object)) co_return old_document;
  if (dry_run) co_return imagined(old_document->key, old_document->revision, std::move(object));
  const bool free = !is_held(*target.info, object) && !planted(Bug::DeletionNeverEnds);
  const bool finished = is_deleting(object) && free;
  store::Write write = make_write(finished ? store::Operation::Delete : store::Operation::Update,
                                  old_document->key, old_document->revision, object);
  Result<store::DocumentPtr> stored = co_await core.store.commit(std::move(write));
  if (stored && finished) core.parsed->forget(old_document->key);
  if (stored && !finished) core.parsed->add(**stored, object);
  co_return stored;
}

namespace {

// Whether a PUT must say which version it replaces. Who leads must never be decided blindly.
bool needs_version(const api::ResourceInfo& info) {
  return info.custom || info.group == "coordination.k8s.io";
}

}  // namespace

Answer<bool> check_preconditions(const Target& target, const Json& object,
                                 const store::Document& stored, UpdateVerb verb) {
  const Json& metadata = object["metadata"];
  const ObjectName name = target.object_name();
  const std::string uid = metadata["uid"].as_string();
  if (!uid.empty() && uid != stored.facts.uid) {
    if (verb != UpdateVerb::Put) {
      const Cause cause{"FieldValueInvalid",
                        fmt::format("Invalid value: {}: field is immutable", go_quote(uid)),
                        "metadata.uid"};
      std::vector<Cause> causes(2, cause);  // as metadata is judged twice
      return invalid(target.info->group, target.info->kind, target.name, std::move(causes));
    }
    return conflict(
        name,
        fmt::format("StorageError: invalid object, Code: 4, Key: /registry/{}{}{}/{}{}{}, "
                    "ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in "
                    "precondition: {}, UID in object meta: {}",
                    target.info->group, target.info->group.empty() ? "" : "/", target.info->plural,
                    target.namespace_name, target.namespace_name.empty() ? "" : "/", target.name,
                    uid, stored.facts.uid));
  }
  const std::string version = metadata["resourceVersion"].as_string();
  if (version.empty()) {
    if (verb != UpdateVerb::Put || !needs_version(*target.info)) return false;
    ApiError error;
    error.code = 422;
    error.reason = "Invalid";
    error.name = name.name;
    error.group = name.group;
    error.kind = name.plural;
    error.causes.push_back({"FieldValueInvalid",
                            "Invalid value: 0x0: must be specified for an update",
                            "metadata.resourceVersion"});
    error.message = fmt::format(
        "{} {} is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an "
        "update",
        name.resource(), go_quote(name.name));
    return refuse(std::move(error));
  }
  Answer<store::Revision> revision = parse_revision(version);
  if (!revision) return std::unexpected(revision.error());
  if (*revision != stored.revision) return stale(name);
  return true;
}

Task<Answer<http::Reply>> replace_object(const Core& core, Call call) {
  Answer<WriteOptions> options = read_write_options(call.request, "UpdateOptions");
  if (!options) co_return std::unexpected(options.error());
  std::vector<std::string> problems;
  Answer<Json> body = decode_body(call, problems);
  if (!body) co_return std::unexpected(body.error());
  Answer<bool> good = conform(call.target, *body, problems);
  if (good) good = settle_problems(call, problems, options->validation);
  if (good) good = check_identity(call.target, *body);
  if (!good) co_return std::unexpected(good.error());
  const Writer writer = writer_of(core, call, *options);

  for (int attempt = 1; attempt <= kWriteTries; ++attempt) {
    store::DocumentPtr document = core.store.get(call.target.key());
    if (document == nullptr) co_return not_found(call.target.object_name());
    Answer<bool> checked = check_preconditions(call.target, *body, *document, UpdateVerb::Put);
    if (!checked) co_return std::unexpected(checked.error());
    Json old = core.parsed->read(*document);
    Answer<Json> object = admit_update(call.target, *body, old, writer);
    if (!object) co_return std::unexpected(object.error());
    std::vector<std::string> metadata_warnings = api::metadata_warnings((*object)["metadata"]);
    Result<store::DocumentPtr> stored =
        co_await commit_update(core, call.target, std::move(document), std::move(old),
                               std::move(*object), options->dry_run);
    if (stored) {
      call.warnings.insert(call.warnings.end(), metadata_warnings.begin(), metadata_warnings.end());
      co_return reply_document(core, call, 200, std::move(*stored));
    }
    const ErrorCode code = stored.error().code();
    if (code == ErrorCode::NotFound) co_return not_found(call.target.object_name());
    if (code != ErrorCode::Conflict) co_return store_failed(stored.error());
  }
  co_return stale(call.target.object_name());
}

Task<Answer<http::Reply>> patch_object(const Core& core, Call call) {
  Answer<PatchType> type = read_patch_type(call);
  if (!type) co_return std::unexpected(type.error());
  if (*type == PatchType::Apply) {
    Answer<http::Reply> reply = co_await apply_object(core, std::move(call));
    co_return reply;
  }
  Answer<WriteOptions> options = read_write_options(call.request, "PatchOptions");
  if (!options) co_return std::unexpected(options.error());
  std::vector<std::string> patch_problems;
  Answer<Json> patch = read_patch(call, patch_problems);
  if (!patch) co_return std::unexpected(patch.error());
  const Writer writer = writer_of(core, call, *options);

  for (int attempt = 1; attempt <= kWriteTries; ++attempt) {
    call.warnings.clear();
    store::DocumentPtr document = core.store.get(call.target.key());
    if (document == nullptr) co_return not_found(call.target.object_name());
    Json old = core.parsed->read(*document);
    Answer<Json> patched = apply_patch(*type, old, *patch);
    if (!patched) co_return std::unexpected(patched.error());
    std::vector<std::string> problems = patch_problems;
    std::optional<Misfit> misfit;
    Answer<bool> good = conform(call.target, *patched, problems, misfit);
    if (good && (misfit || !problems.empty())) {
      // They are told with the object as it was before conforming.
      Answer<Json> shown = apply_patch(*type, old, *patch);
      if (!shown) co_return std::unexpected(shown.error());
      if (misfit && *type == PatchType::Strategic) {
        co_return bad_patch(*call.target.info, go_text(*patch), misfit->converted);
      }
      if (misfit) co_return bad_patch(*call.target.info, to_json(*shown), misfit->decoded);
      good = settle_patch_problems(call, problems, options->validation, *shown);
    }
    if (good) good = check_identity(call.target, *patched);
    if (good) good = check_preconditions(call.target, *patched, *document, UpdateVerb::Patch);
    if (!good) co_return std::unexpected(good.error());
    Answer<Json> object = admit_update(call.target, std::move(*patched), old, writer);
    if (!object) co_return std::unexpected(object.error());
    warn_of_metadata(call, *object);
    Result<store::DocumentPtr> stored =
        co_await commit_update(core, call.target, std::move(document), std::move(old),
                               std::move(*object), options->dry_run);
    if (stored) co_return reply_document(core, call, 200, std::move(*stored));
    const ErrorCode code = stored.error().code();
    if (code == ErrorCode::NotFound) co_return not_found(call.target.object_name());
    if (code != ErrorCode::Conflict) co_return store_failed(stored.error());
  }
  co_return stale(call.target.object_name());
}

}  // namespace clickdeploy::apiserver
