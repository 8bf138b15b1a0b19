#include "controller/cli/three_way_patch_internal.h"

#include <string>
#include <string_view>
#include <utility>

namespace clickdeploy::cli {
namespace {

// The annotation is compared as text, so it must be written as Go's encoder writes it.
std::string go_json(const Json& value) {
  constexpr std::pair<std::string_view, std::string_view> kEscapes[] = {{"<", "\\u003c"},
                                                                        {">", "\\u003e"},
                                                                        {"&", "\\u0026"},
                                                                        {"\u2028", "\\u2028"},
                                                                        {"\u2029", "\\u2029"}};
  std::string text = to_json(value);
  // Outside of strings JSON has none of these characters.
  for (const auto& [plain, escaped] : kEscapes) {
    for (std::size_t at = text.find(plain); at != std::string::npos;
         at = text.find(plain, at + escaped.size())) {
      text.replace(at, plain.size(), escaped);
    }
  }
  return text;
}

// What is in `modified` and not the same in `live`. Nulls ask for nothing.
Json additions(const Json& live, const Json& modified) {
  Json patch = Json::object();
  for (const auto& [key, value] : modified.as_object()) {
    if (value.is_null()) continue;
    const Json* have = live.find(key);
    if (have != nullptr && *have == value) continue;
    if (have != nullptr && have->is_object() && value.is_object()) {
      Json below = additions(*have, value);
      if (!below.empty()) patch.set(key, std::move(below));
    } else {
      patch.set(key, value);
    }
  }
  return patch;
}

// Null for what is in `original` and not in `modified`.
Json deletions(const Json& original, const Json& modified) {
  Json patch = Json::object();
  for (const auto& [key, value] : original.as_object()) {
    const Json* have = modified.find(key);
    if (have == nullptr) {
      patch.set(key, nullptr);
    } else if (have->is_object() && value.is_object()) {
      Json below = deletions(value, *have);
      if (!below.empty()) patch.set(key, std::move(below));
    }
  }
  return patch;
}

void merge_into(Json& target, Json patch) {
  for (auto& [key, value] : patch.object_ref()) {
    Json* have = target.find(key);
    if (have != nullptr && have->is_object() && value.is_object()) {
      merge_into(*have, std::move(value));
    } else {
      target.set(key, std::move(value));
    }
  }
}

}  // namespace

Json with_last_applied(Json object) {
  Json& annotations = object.member("metadata").member("annotations");
  annotations.object_ref();
  annotations.erase(kLastApplied);
  std::string text = go_json(object) + "\n";
  annotations.set(kLastApplied, std::move(text));
  return object;
}

Result<Json> last_applied_of(const Json& live) {
  const std::string& text = live["metadata"]["annotations"][kLastApplied].as_string();
  if (text.empty()) return Json();
  Result<Json> object = parse_json(text);
  if (!object) {
    return fail(ErrorCode::InvalidArgument,
                std::string("the annotation ") + kLastApplied +
                    " of the object cannot be read: " + object.error().message() + "; remove it");
  }
  return object;
}

Json three_way_patch(const Json& original, const Json& modified, const Json& live) {
  Json patch = additions(live, modified);
  merge_into(patch, deletions(original, modified));
  return patch;
}

}  // namespace clickdeploy::cli
