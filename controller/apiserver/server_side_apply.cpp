// The verb of server-side apply: PATCH with application/apply-patch+yaml.

#include "api/schema/metadata_rules.h"
#include "controller/apiserver/admission_internal.h"
#include "controller/apiserver/apply_fields_internal.h"
#include "controller/apiserver/object_internal.h"
#include "controller/apiserver/parsed_documents_internal.h"
#include "controller/apiserver/render_internal.h"
#include "controller/apiserver/verbs_internal.h"
#include "controller/apiserver/write_steps_internal.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <utility>

namespace clickdeploy::apiserver {
namespace {

// What fieldValidation makes of duplicate keys. Unknown fields never get this far.
Answer<bool> settle_duplicates(Call& call, const std::vector<std::string>& problems,
                               FieldValidation validation) {
  if (problems.empty() || validation == FieldValidation::Ignore) return true;
  const std::string text =
      "error converting YAML to JSON: yaml: unmarshal errors:\n  " + join(problems, "\n  ");
  if (validation == FieldValidation::Strict) {
    return bad_request("error strict decoding YAML: " + text);
  }
  call.warnings.push_back(text);
  return true;
}

Answer<bool> check_result(const Target& target, Json& object) {
  Result<void> decoded = api::decode_metadata(object.member("metadata"), nullptr);
  if (!decoded) return bad_request(decoded.error().message());
  return check_identity(target, object);
}

bool differs_in_fields(const api::ResourceInfo& info, const Json& a, const Json& b) {
  const FieldChanges changes = compare_fields(FieldType::of(info), a, b);
  FieldSet written = without_identity(changes.written);
  FieldSet removed = without_identity(changes.removed);
  return !written.empty() || !removed.empty();
}

// nullopt: somebody else created it in the meantime.
Task<Answer<std::optional<store::DocumentPtr>>> apply_new(const Core& core, const Target& target,
                                                          const Apply& apply) {
  Answer<Json> object = apply_fields(apply.request, nullptr, apply.body);
  if (!object) co_return std::unexpected(object.error());
  if ((*object)["metadata"]["name"].as_string().empty()) {
    co_return bad_request(fmt::format(
        "the name of the object ({} based on URL) was undeterminable: name must be provided",
        target.name));
  }
  object->member("metadata").erase("resourceVersion");
  Answer<bool> good = check_result(target, *object);
  if (good) good = check_namespace(core, target, *object);
  if (!good) co_return std::unexpected(good.error());
  object = admit_create(core, target, std::move(*object), apply.request.writer);
  if (!object) co_return std::unexpected(object.error());
  if (apply.dry_run) co_return imagined(target.key(), 0, std::move(*object));
  store::Write write = make_write(store::Operation::Create, target.key(), 0, *object);
  Result<store::DocumentPtr> stored = co_await core.store.commit(std::move(write));
  if (stored) {
    core.parsed->add(**stored, *object);
    co_return std::move(*stored);
  }
  if (stored.error().code() == ErrorCode::AlreadyExists) co_return std::nullopt;
  co_return store_failed(stored.error());
}

// nullopt: somebody else changed it in the meantime.
Task<Answer<std::optional<store::DocumentPtr>>> apply_present(const Core& core,
                                                              const Target& target,
                                                              const Apply& apply,
                                                              store::DocumentPtr document) {
  Json old = core.parsed->read(*document);
  Answer<Json> object = apply_fields(apply.request, &old, apply.body);
  if (!object) co_return std::unexpected(object.error());
  Answer<bool> good = check_result(target, *object);
  if (good) good = check_preconditions(target, *object, *document, UpdateVerb::Apply);
  if (!good) co_return std::unexpected(good.error());
  object = admit_update(target, std::move(*object), old, apply.request.writer);
  if (!object) co_return std::unexpected(object.error());
  if (!differs_in_fields(*target.info, old, *object)) keep_times(old, *object);
  Result<store::DocumentPtr> stored = co_await commit_update(
      core, target, std::move(document), std::move(old), std::move(*object), apply.dry_run);
  if (stored) co_return std::move(*stored);
  const ErrorCode code = stored.error().code();
  if (code == ErrorCode::NotFound || code == ErrorCode::Conflict) co_return std::nullopt;
  co_return store_failed(stored.error());
}

}  // namespace

Answer<Apply> read_apply_call(const Core& core, Call& call) {
  Answer<WriteOptions> options = read_write_options(call.request, "PatchOptions", true);
  if (!options) return std::unexpected(options.error());
  std::vector<std::string> problems;
  Answer<Json> body = read_apply(call, problems);
  if (!body) return std::unexpected(body.error());
  Answer<bool> good = settle_duplicates(call, problems, options->validation);
  if (!good) return std::unexpected(good.error());
  Apply apply{.request = {.info = *call.target.info,
                          .writer = writer_of(core, call, *options),
                          .force = options->force},
              .body = std::move(*body),
              .dry_run = options->dry_run};
  apply.request.writer.applied = true;
  return apply;
}

Task<Answer<Applied>> apply_to(const Core& core, Target target, Apply apply) {
  const bool may_create = apply.request.writer.subresource.empty();
  for (int attempt = 1; attempt <= kWriteTries; ++attempt) {
    store::DocumentPtr document = core.store.get(target.key());
    const bool created = document == nullptr;
    if (created && !may_create) co_return not_found(target.object_name());
    Answer<std::optional<store::DocumentPtr>> written;
    if (created) {
      written = co_await apply_new(core, target, apply);
    } else {
      written = co_await apply_present(core, target, apply, std::move(document));
    }
    if (!written) co_return std::unexpected(written.error());
    if (*written) co_return Applied{.document = std::move(**written), .created = created};
  }
  co_return stale(target.object_name());
}

Task<Answer<http::Reply>> apply_object(const Core& core, Call call) {
  Answer<Apply> apply = read_apply_call(core, call);
  if (!apply) co_return std::unexpected(apply.error());
  Answer<Applied> applied = co_await apply_to(core, call.target, std::move(*apply));
  if (!applied) co_return std::unexpected(applied.error());
  warn_of_metadata(call, read_document(*applied->document));
  co_return reply_document(core, call, applied->created ? 201 : 200, std::move(applied->document));
}

}  // namespace clickdeploy::apiserver
