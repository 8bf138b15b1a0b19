// The scale subresource: a small view of an object, with only the number of replicas to change.

#include "controller/apiserver/admission_internal.h"
#include "controller/apiserver/object_internal.h"
#include "controller/apiserver/parsed_documents_internal.h"
#include "controller/apiserver/render_internal.h"
#include "controller/apiserver/verbs_internal.h"
#include "controller/apiserver/write_steps_internal.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <functional>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

const Json& value_at(const Json& object, const std::vector<std::string>& path) {
  const Json* at = &object;
  for (const std::string& name : path) at = &(*at)[name];
  return *at;
}

Json make_scale(const api::ResourceInfo& info, const Json& object) {
  Json metadata = Json::object();
  for (const std::string_view field :
       {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    if (const Json* value = object["metadata"].find(field)) metadata.set(field, *value);
  }
  Json status =
      Json::object({{"replicas", value_at(object, info.scale->status_replicas).as_int()}});
  const std::string& selector = value_at(object, info.scale->label_selector).as_string();
  if (!selector.empty()) status.set("selector", selector);
  Json spec = Json::object({{"replicas", value_at(object, info.scale->spec_replicas).as_int()}});
  return Json::object({{"apiVersion", "autoscaling/v1"},
                       {"kind", "Scale"},
                       {"metadata", std::move(metadata)},
                       {"spec", std::move(spec)},
                       {"status", std::move(status)}});
}

// What Go's decoder says of a number of replicas that is none; "" if it is one.
std::string replicas_misfit(const Json& scale) {
  const Json& replicas = scale["spec"]["replicas"];
  if (replicas.is_null() || replicas.is_int()) return {};
  return fmt::format(
      "json: cannot unmarshal {} into Go struct field ScaleSpec.spec.replicas of type int32",
      replicas.is_double() ? "number " + to_json(replicas) : std::string(json_kind(replicas)));
}

Answer<bool> check_scale(const Target& target, const Json& scale, const store::Document& document) {
  if (scale["apiVersion"].as_string() != "autoscaling/v1" || scale["kind"].as_string() != "Scale") {
    return bad_request(fmt::format(
        "the object provided is unrecognized (must be of type Scale): it is {}, Kind={}",
        scale["apiVersion"].as_string(), scale["kind"].as_string()));
  }
  const std::string& name = scale["metadata"]["name"].as_string();
  if (!name.empty() && name != target.name) {
    return bad_request(fmt::format(
        "the name of the object ({}) does not match the name on the URL ({})", name, target.name));
  }
  const std::string& home = scale["metadata"]["namespace"].as_string();
  if (!home.empty() && home != target.namespace_name) {
    return bad_request(
        "the namespace of the provided object does not match the namespace sent on the request");
  }
  const std::string& version = scale["metadata"]["resourceVersion"].as_string();
  if (version.empty()) return true;
  Answer<store::Revision> revision = parse_revision(version);
  if (!revision) return std::unexpected(revision.error());
  if (*revision != document.revision) return stale(target.object_name());
  return true;
}

Json with_replicas(Json object, const api::ResourceInfo& info, const Json& replicas) {
  Json* at = &object;
  for (const std::string& name : info.scale->spec_replicas) at = &at->member(name);
  *at = replicas.is_null() ? Json(0) : replicas;
  return object;
}

// A body or patch turned into the Scale that the client wants, from the one there is.
using WantedScale = std::function<Answer<Json>(const Json& scale)>;

Task<Answer<http::Reply>> write_scale(const Core& core, Call call, WantedScale wanted,
                                      WriteOptions options) {
  Writer writer = writer_of(core, call, options);
  writer.time.clear();  // as in Kubernetes, which has the entry from a Scale
  Target target = call.target;
  target.subresource.clear();
  for (int attempt = 1; attempt <= kWriteTries; ++attempt) {
    store::DocumentPtr document = core.store.get(target.key());
    if (document == nullptr) co_return not_found(target.object_name());
    Json old = core.parsed->read(*document);
    Answer<Json> scale = wanted(make_scale(*target.info, old));
    if (!scale) co_return std::unexpected(scale.error());
    Answer<bool> good = check_scale(target, *scale, *document);
    if (!good) co_return std::unexpected(good.error());
    Answer<Json> object = admit_update(
        target, with_replicas(old, *target.info, (*scale)["spec"]["replicas"]), old, writer);
    if (!object) co_return std::unexpected(object.error());
    Result<store::DocumentPtr> stored = co_await commit_update(
        core, target, std::move(document), std::move(old), std::move(*object), options.dry_run);
    if (stored) {
      const Json result = make_scale(*target.info, read_document(**stored));
      co_return reply_json(call, 200, to_json(result));
    }
    const ErrorCode code = stored.error().code();
    if (code == ErrorCode::NotFound) co_return not_found(target.object_name());
    if (code != ErrorCode::Conflict) co_return store_failed(stored.error());
  }
  co_return stale(target.object_name());
}

// What an applied Scale says of the object behind it. The rest of a Scale is computed.
Answer<Json> object_of_scale(const Target& target, const Json& scale) {
  const api::ResourceInfo& info = *target.info;
  if (scale["apiVersion"].as_string() != "autoscaling/v1" || scale["kind"].as_string() != "Scale") {
    return bad_request(fmt::format("invalid object type: {}, Kind={}",
                                   scale["apiVersion"].as_string(), scale["kind"].as_string()));
  }
  for (const auto& [name, value] : scale["spec"].as_object()) {
    if (name == "replicas" && (value.is_int() || value.is_null())) continue;
    return internal_error(fmt::format(
        "failed to create typed patch object ({}/{}; autoscaling/v1, Kind=Scale): .spec.{}: {}",
        scale["metadata"]["namespace"].as_string(), scale["metadata"]["name"].as_string(), name,
        name == "replicas" ? "expected numeric (int or float)" : "field not declared in schema"));
  }
  Json metadata = Json::object();
  for (const std::string_view field : {"name", "namespace", "uid", "resourceVersion"}) {
    if (const Json* value = scale["metadata"].find(field)) metadata.set(field, *value);
  }
  Json object = Json::object(
      {{"apiVersion", info.api_version()}, {"kind", info.kind}, {"metadata", std::move(metadata)}});
  const Json& replicas = scale["spec"]["replicas"];
  return replicas.is_null() ? object : with_replicas(std::move(object), info, replicas);
}

Task<Answer<http::Reply>> apply_scale(const Core& core, Call call) {
  Answer<Apply> apply = read_apply_call(core, call);
  if (!apply) co_return std::unexpected(apply.error());
  Answer<Json> body = object_of_scale(call.target, apply->body);
  if (!body) co_return std::unexpected(body.error());
  apply->body = std::move(*body);
  apply->request.writer.time.clear();  // as write_scale() does
  Target target = call.target;
  target.subresource.clear();
  Answer<Applied> applied = co_await apply_to(core, std::move(target), std::move(*apply));
  if (!applied) co_return std::unexpected(applied.error());
  const Json result = make_scale(*call.target.info, read_document(*applied->document));
  co_return reply_json(call, 200, to_json(result));
}

}  // namespace

Task<Answer<http::Reply>> get_scale(const Core& core, Call call) {
  store::DocumentPtr document = core.store.get(call.target.key());
  if (document == nullptr) co_return not_found(call.target.object_name());
  const Json scale = make_scale(*call.target.info, read_document(*document));
  co_return reply_json(call, 200, to_json(scale));
}

Task<Answer<http::Reply>> replace_scale(const Core& core, Call call) {
  Answer<WriteOptions> options = read_write_options(call.request, "UpdateOptions");
  if (!options) co_return std::unexpected(options.error());
  std::vector<std::string> problems;
  Answer<Json> body = decode_body(call, problems);
  if (!body) co_return std::unexpected(body.error());
  const std::string misfit = replicas_misfit(*body);
  if (!misfit.empty()) {
    co_return bad_request("Scale in version \"v1\" cannot be handled as a Scale: " + misfit);
  }
  WantedScale wanted = [scale = std::move(*body)](const Json&) -> Answer<Json> { return scale; };
  Answer<http::Reply> reply =
      co_await write_scale(core, std::move(call), std::move(wanted), std::move(*options));
  co_return reply;
}

Task<Answer<http::Reply>> patch_scale(const Core& core, Call call) {
  Answer<PatchType> type = read_patch_type(call);
  if (!type) co_return std::unexpected(type.error());
  if (*type == PatchType::Apply) {
    Answer<http::Reply> reply = co_await apply_scale(core, std::move(call));
    co_return reply;
  }
  Answer<WriteOptions> options = read_write_options(call.request, "PatchOptions");
  if (!options) co_return std::unexpected(options.error());
  std::vector<std::string> problems;
  Answer<Json> patch = read_patch(call, problems);
  if (!patch) co_return std::unexpected(patch.error());
  WantedScale wanted = [type = *type, patch = std::move(*patch),
                        info = call.target.info](const Json& scale) -> Answer<Json> {
    Answer<Json> patched = apply_patch(type, scale, patch);
    if (!patched) return patched;
    const std::string misfit = replicas_misfit(*patched);
    if (!misfit.empty()) return bad_patch(*info, to_json(*patched), misfit);
    return patched;
  };
  Answer<http::Reply> reply =
      co_await write_scale(core, std::move(call), std::move(wanted), std::move(*options));
  co_return reply;
}

}  // namespace clickdeploy::apiserver
