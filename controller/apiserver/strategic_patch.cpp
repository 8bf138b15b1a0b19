#include "controller/apiserver/json_patch_internal.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::string_view kPatch = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDeleteFromList = "$deleteFromPrimitiveList/";
constexpr std::string_view kElementOrder = "$setElementOrder/";

enum class ListKind { Atomic, Set, ByUid };

ListKind list_kind(std::string_view path) {
  if (path == "metadata.finalizers") return ListKind::Set;
  if (path == "metadata.ownerReferences") return ListKind::ByUid;
  return ListKind::Atomic;
}

std::unexpected<ApiError> bad_directive(std::string_view directive) {
  ApiError error;
  error.code = 422;
  error.reason = "Invalid";
  error.message =
      "the strategic merge patch has a directive that is not supported: " + std::string(directive);
  return refuse(std::move(error));
}

bool contains(const Json& list, const Json& value) {
  const JsonArray& items = list.as_array();
  return std::find(items.begin(), items.end(), value) != items.end();
}

Json merge_set(const Json& live, const Json& patch) {
  Json merged = live.is_array() ? live : Json::array();
  for (const Json& item : patch.as_array()) {
    if (!contains(merged, item)) merged.push_back(item);
  }
  return merged;
}

Answer<Json> merge_by_uid(const Json& live, const Json& patch) {
  Json merged = live.is_array() ? live : Json::array();
  for (const Json& item : patch.as_array()) {
    JsonArray& items = merged.array_ref();
    auto same = std::find_if(items.begin(), items.end(),
                             [&item](const Json& old) { return old["uid"] == item["uid"]; });
    const Json& directive = item[kPatch];
    if (directive.as_string() == "delete") {
      if (same != items.end()) items.erase(same);
    } else if (!directive.is_null()) {
      return bad_directive("$patch in a list item");
    } else if (same != items.end()) {
      apply_merge_patch(*same, item);
    } else {
      items.push_back(item);
    }
  }
  return merged;
}

Answer<Json> merge_list(const Json& live, const Json& patch, std::string_view path) {
  const ListKind kind = list_kind(path);
  if (kind == ListKind::Set) return merge_set(live, patch);
  if (kind == ListKind::ByUid) return merge_by_uid(live, patch);
  return patch;
}

void delete_from_list(Json& object, std::string_view key, const Json& values) {
  Json* list = object.find(key);
  if (list == nullptr || !list->is_array()) return;
  std::erase_if(list->array_ref(), [&values](const Json& item) { return contains(values, item); });
}

// Items named by the order come in that order; the others keep their places after them.
void set_order(Json& object, std::string_view key, const Json& order, ListKind kind) {
  Json* list = object.find(key);
  if (list == nullptr || !list->is_array() || kind == ListKind::Atomic) return;
  auto same = [kind](const Json& a, const Json& b) {
    return kind == ListKind::Set ? a == b : a["uid"] == b["uid"];
  };
  JsonArray ordered;
  JsonArray& rest = list->array_ref();
  for (const Json& wanted : order.as_array()) {
    auto found = std::find_if(rest.begin(), rest.end(),
                              [&](const Json& item) { return same(item, wanted); });
    if (found == rest.end()) continue;
    ordered.push_back(std::move(*found));
    rest.erase(found);
  }
  for (Json& item : rest) ordered.push_back(std::move(item));
  *list = Json(std::move(ordered));
}

Answer<Json> merge_object(const Json& live, const Json& patch, const std::string& path) {
  const std::string& directive = patch[kPatch].as_string();
  if (!directive.empty() && directive != "replace" && directive != "merge" &&
      directive != "delete") {
    return bad_directive("$patch: " + directive);
  }
  if (directive == "delete") return Json::object();
  Json result = live.is_object() && directive != "replace" ? live : Json::object();
  for (const auto& [key, value] : patch.as_object()) {
    if (key.starts_with('$')) continue;
    const std::string member_path = path.empty() ? key : path + "." + key;
    if (value.is_null()) {
      result.erase(key);
    } else if (value.is_object()) {
      Answer<Json> merged = merge_object(result[key], value, member_path);
      if (!merged) return merged;
      result.set(key, std::move(*merged));
    } else if (value.is_array()) {
      Answer<Json> merged = merge_list(result[key], value, member_path);
      if (!merged) return merged;
      result.set(key, std::move(*merged));
    } else {
      result.set(key, value);
    }
  }
  for (const auto& [key, value] : patch.as_object()) {
    if (!key.starts_with('$') || key == kPatch) continue;
    if (key == kRetainKeys) {
      Json kept = Json::object();
      for (const auto& [name, member] : result.as_object()) {
        if (contains(value, Json(name))) kept.set(name, member);
      }
      result = std::move(kept);
    } else if (key.starts_with(kDeleteFromList)) {
      delete_from_list(result, std::string_view(key).substr(kDeleteFromList.size()), value);
    } else if (key.starts_with(kElementOrder)) {
      const std::string_view list = std::string_view(key).substr(kElementOrder.size());
      set_order(result, list, value, list_kind(path + "." + std::string(list)));
    } else {
      return bad_directive(key);
    }
  }
  return result;
}

}  // namespace

Answer<Json> apply_strategic_patch(const Json& object, const Json& patch) {
  if (!patch.is_object()) return bad_request("error decoding patch: it must be a JSON object");
  return merge_object(object, patch, "");
}

}  // namespace clickdeploy::apiserver
