#include "controller/apiserver/admission_internal.h"
#include "controller/apiserver/apply_fields_internal.h"
#include "controller/apiserver/apply_merge_internal.h"
#include "controller/apiserver/core_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::string_view kKubectl = "kubectl";
constexpr std::string_view kBeforeFirstApply = "before-first-apply";

// "clickdeploy.io/v1alpha1, Kind=Service", as Go prints a kind with its group and version.
std::string kind_text(const Json& object) {
  std::string version = object["apiVersion"].as_string();
  const auto slashes = std::count(version.begin(), version.end(), '/');
  if (slashes == 0) version = "/" + version;
  const std::string& kind = object["kind"].as_string();
  if (slashes > 1 || kind.empty()) return "/, Kind=" + kind;
  return version + ", Kind=" + kind;
}

Answer<bool> check_body(const api::ResourceInfo& info, const Json& applied) {
  if (applied["apiVersion"].as_string() != info.api_version() ||
      applied["kind"].as_string() != info.kind) {
    return bad_request("invalid object type: " + kind_text(applied));
  }
  if (applied["metadata"]["managedFields"].is_array()) {
    return bad_request("metadata.managedFields must be nil");
  }
  const api::FieldErrors counts = count_problems(applied["metadata"], Json());
  if (!counts.empty()) return invalid_object(info, applied, counts);
  const std::string problems = type_problems(FieldType::of(info), applied, is_secret(info));
  if (problems.empty()) return true;
  return internal_error(fmt::format("failed to create typed patch object ({}/{}; {}): {}",
                                    applied["metadata"]["namespace"].as_string(),
                                    applied["metadata"]["name"].as_string(), kind_text(applied),
                                    problems));
}

// One apply, step by step; the steps share the owners.
class Application {
 public:
  Application(const ApplyRequest& request, const Json* live)
      : info_(request.info),
        writer_(request.writer),
        type_(FieldType::of(request.info)),
        live_(live != nullptr
                  ? *live
                  : Json::object({{"apiVersion", info_.api_version()}, {"kind", info_.kind}})) {
    Json* managed = live != nullptr ? live_.member("metadata").find("managedFields") : nullptr;
    if (managed != nullptr) owners_ = adopt_owners(std::move(*managed));
    if (live != nullptr) live_.member("metadata").erase("managedFields");
    for (FieldOwner& owner : owners_) owner.fields = settle_fields(type_, owner.fields);
    if (live != nullptr && owners_.empty()) own_all_before();
    drop_void_owners(info_, owners_);
    self_.manager = writer_.manager;
    self_.applied = true;
    self_.api_version = info_.api_version();
    self_.subresource = writer_.subresource;
  }

  // What the object becomes; from here on the writer owns what it applied.
  void merge(const Json& applied) {
    FieldSet last = Json::object();
    self_.fields = reachable(info_, writer_.subresource, fields_of(type_, applied));
    if (const FieldOwner* present = find_owner(owners_, self_)) {
      last = present->fields;
      self_.time = present->time;
    }
    FieldSet owned = self_.fields;
    for (const FieldOwner& owner : owners_) {
      if (!owner.is_same_owner(self_)) owned = unite(owned, owner.fields);
    }
    object_ = prune_given_up(type_, merge_applied(type_, live_, applied), last, owned);
    // A map or list that the body has empty went if all that was in it did. Kubernetes has it back
    // with the next apply of the same body, or refuses it as null.
    object_ = merge_applied(type_, object_, applied);
    changes_ = compare_fields(type_, live_, object_);
    changes_.written = reachable(info_, writer_.subresource, std::move(changes_.written));
    changes_.removed = reachable(info_, writer_.subresource, std::move(changes_.removed));
  }

  FieldOwners conflicts() const {
    FieldOwners conflicts;
    for (const FieldOwner& owner : owners_) {
      if (owner.is_same_owner(self_)) continue;
      FieldSet common = intersect(owner.fields, changes_.written);
      if (common.empty()) continue;
      conflicts.push_back(owner);
      conflicts.back().fields = std::move(common);
    }
    return conflicts;
  }

  Json finish() && {
    self_.fields = without_identity(std::move(self_.fields));
    if (object_ != live_) self_.time = writer_.time;
    std::erase_if(owners_, [this](const FieldOwner& owner) { return owner.is_same_owner(self_); });
    for (FieldOwner& owner : owners_) {
      owner.fields = subtract(subtract(owner.fields, changes_.written), changes_.removed);
    }
    owners_.push_back(std::move(self_));
    drop_void_owners(info_, owners_);
    if (!owners_.empty()) {
      object_.member("metadata").set("managedFields", write_owners(std::move(owners_)));
    }
    return std::move(object_);
  }

 private:
  // Nobody was written down: what is there belongs to one Update owner, so that it stays.
  void own_all_before() {
    FieldChanges all = compare_fields(type_, blank_object(info_, live_), live_);
    all.written = reachable(info_, writer_.subresource, std::move(all.written));
    all.removed = Json::object();
    Writer before = writer_;
    before.manager = kBeforeFirstApply;
    record_update(info_, before, all, owners_);
  }

  const api::ResourceInfo& info_;
  const Writer& writer_;
  FieldType type_;
  Json live_;
  FieldOwners owners_;
  FieldOwner self_;
  Json object_;
  FieldChanges changes_;
};

// Conflicts that remain when kubectl takes over what its client-side apply wrote.
FieldOwners without_last_applied(const api::ResourceInfo& info, const Json& live,
                                 FieldOwners conflicts) {
  const std::optional<FieldSet> own = fields_last_applied(info, live);
  if (!own) return conflicts;
  for (FieldOwner& owner : conflicts) owner.fields = subtract(owner.fields, *own);
  std::erase_if(conflicts, [](const FieldOwner& owner) { return owner.fields.empty(); });
  return conflicts;
}

}  // namespace

Answer<Json> apply_fields(const ApplyRequest& request, const Json* live, const Json& applied) {
  Answer<bool> good = check_body(request.info, applied);
  if (!good) return std::unexpected(good.error());
  Application application(request, live);
  application.merge(applied);
  const bool kubectl = request.writer.manager == kKubectl;
  if (!request.force) {
    FieldOwners conflicts = application.conflicts();
    if (kubectl && live != nullptr && !conflicts.empty()) {
      conflicts = without_last_applied(request.info, *live, std::move(conflicts));
    }
    if (!conflicts.empty()) return refuse_conflicts(std::move(conflicts));
  }
  Json object = std::move(application).finish();
  // The annotation is of the object's own body, not of a Scale.
  if (kubectl && request.writer.subresource != "scale") renew_last_applied(applied, object);
  return object;
}

std::unexpected<ApiError> refuse_conflicts(FieldOwners conflicts) {
  std::sort(conflicts.begin(), conflicts.end(),
            [](const FieldOwner& a, const FieldOwner& b) { return a.sort_key() < b.sort_key(); });
  ApiError error;
  error.code = 409;
  error.reason = "Conflict";
  std::string lines;
  for (const FieldOwner& owner : conflicts) {
    const std::string shown = owner.shown();
    lines += fmt::format("{}conflicts with {}:", lines.empty() ? "" : "\n", shown);
    each_field(owner.fields, [&](const std::vector<std::string>& keys) {
      const std::string path = path_text(keys);
      lines += "\n- " + path;
      error.causes.push_back({"FieldManagerConflict", "conflict with " + shown, path});
    });
  }
  const Cause& first = error.causes.front();
  error.message =
      error.causes.size() == 1
          ? fmt::format("Apply failed with 1 conflict: {}: {}", first.message, first.field)
          : fmt::format("Apply failed with {} conflicts: {}", error.causes.size(), lines);
  return refuse(std::move(error));
}

}  // namespace clickdeploy::apiserver
