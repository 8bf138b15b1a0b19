#include "controller/apiserver/json_extent_internal.h"
#include "controller/apiserver/json_patch_internal.h"
#include "controller/apiserver/typed_decode_internal.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy::apiserver {
namespace {

constexpr std::size_t kOperationsMax = 10'000;
// "copy" can double an object with each operation; this bounds what a small patch may build, and
// the next how much of it may be moved about.
constexpr std::size_t kCopiedBytesMax = 3 * 1024 * 1024;
constexpr std::size_t kMovedBytesMax = 64 * 1024 * 1024;
// As deep as a body may be: what a patch builds is read back with the same limit.
constexpr std::size_t kDepthMax = 64;

struct Budget {
  std::size_t copied_bytes = 0;
  std::size_t moved_bytes = 0;
};

std::unexpected<ApiError> does_not_fit() {
  ApiError error;
  error.code = 422;
  error.reason = "Invalid";
  error.message = "the server rejected our request due to an error in our request";
  error.empty_details = true;
  return refuse(std::move(error));
}

std::optional<std::vector<std::string>> parse_pointer(const std::string& text) {
  std::vector<std::string> path;
  if (text.empty()) return path;
  if (text.front() != '/') return std::nullopt;
  for (const std::string& part : split(std::string_view(text).substr(1), '/')) {
    std::string token;
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (part[i] != '~') {
        token += part[i];
      } else if (i + 1 < part.size() && (part[i + 1] == '0' || part[i + 1] == '1')) {
        token += part[++i] == '0' ? '~' : '/';
      } else {
        return std::nullopt;
      }
    }
    path.push_back(std::move(token));
  }
  return path;
}

std::optional<std::size_t> parse_index(const std::string& token, std::size_t end) {
  std::size_t index = 0;
  if (token.empty() || (token.size() > 1 && token.front() == '0')) return std::nullopt;
  auto [stop, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || stop != token.data() + token.size() || index >= end) {
    return std::nullopt;
  }
  return index;
}

Json* child(Json& parent, const std::string& token) {
  if (parent.is_object()) return parent.find(token);
  if (!parent.is_array()) return nullptr;
  std::optional<std::size_t> index = parse_index(token, parent.size());
  return index ? &parent.array_ref()[*index] : nullptr;
}

Json* locate(Json& root, const std::vector<std::string>& path, std::size_t depth) {
  Json* at = &root;
  for (std::size_t i = 0; i < depth && at != nullptr; ++i) at = child(*at, path[i]);
  return at;
}

bool add(Json& root, const std::vector<std::string>& path, Json value) {
  if (path.size() + extent_of(value).depth > kDepthMax) return false;
  if (path.empty()) {
    root = std::move(value);
    return true;
  }
  Json* parent = locate(root, path, path.size() - 1);
  if (parent == nullptr) return false;
  if (parent->is_object()) {
    parent->set(path.back(), std::move(value));
    return true;
  }
  if (!parent->is_array()) return false;
  JsonArray& items = parent->array_ref();
  if (path.back() == "-") {
    items.push_back(std::move(value));
    return true;
  }
  std::optional<std::size_t> index = parse_index(path.back(), items.size() + 1);
  if (!index) return false;
  items.insert(items.begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  return true;
}

bool remove(Json& root, const std::vector<std::string>& path) {
  if (path.empty()) return false;
  Json* parent = locate(root, path, path.size() - 1);
  if (parent == nullptr) return false;
  if (parent->is_object()) return parent->erase(path.back());
  if (!parent->is_array()) return false;
  std::optional<std::size_t> index = parse_index(path.back(), parent->size());
  if (!index) return false;
  JsonArray& items = parent->array_ref();
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(*index));
  return true;
}

bool starts_with(const std::vector<std::string>& path, const std::vector<std::string>& prefix) {
  return path.size() > prefix.size() && std::equal(prefix.begin(), prefix.end(), path.begin());
}

bool apply_one(Json& root, const Json& operation, Budget& budget) {
  const std::string& op = operation["op"].as_string();
  std::optional<std::vector<std::string>> path = parse_pointer(operation["path"].as_string());
  if (!path || !operation["path"].is_string()) return false;

  if (op == "add" || op == "replace" || op == "test") {
    const Json* value = operation.find("value");
    if (value == nullptr) return false;
    if (op == "add") return add(root, *path, *value);
    Json* target = locate(root, *path, path->size());
    if (target == nullptr) return op == "test" && value->is_null();
    if (op == "test") return *target == *value;
    if (path->size() + extent_of(*value).depth > kDepthMax) return false;
    *target = *value;
    return true;
  }
  if (op == "remove") return remove(root, *path);
  if (op != "move" && op != "copy") return false;

  std::optional<std::vector<std::string>> from = parse_pointer(operation["from"].as_string());
  if (!from || !operation["from"].is_string()) return false;
  Json* source = locate(root, *from, from->size());
  if (source == nullptr || (op == "move" && starts_with(*path, *from))) return false;
  Json value = *source;
  std::size_t& spent = op == "copy" ? budget.copied_bytes : budget.moved_bytes;
  spent += to_json(value).size();
  if (spent > (op == "copy" ? kCopiedBytesMax : kMovedBytesMax)) return false;
  if (op == "move" && !remove(root, *from)) return false;
  return add(root, *path, std::move(value));
}

}  // namespace

Answer<Json> apply_json_patch(const Json& object, const Json& patch) {
  if (!patch.is_array()) {
    return bad_request(
        "error decoding patch: json: cannot unmarshal object into Go value of type "
        "[]handlers.jsonPatchOp");
  }
  if (patch.size() > kOperationsMax) {
    return too_large(fmt::format("The allowed maximum operations in a JSON patch is {}, got {}",
                                 kOperationsMax, patch.size()));
  }
  for (const Json& operation : patch.as_array()) {
    if (operation.is_object() || operation.is_null()) continue;
    return bad_request(
        fmt::format("error decoding patch: json: cannot unmarshal {} into Go value of type "
                    "handlers.jsonPatchOp",
                    json_kind(operation)));
  }
  Json result = object;
  Budget budget;
  for (const Json& operation : patch.as_array()) {
    if (!apply_one(result, operation, budget)) return does_not_fit();
  }
  return result;
}

}  // namespace clickdeploy::apiserver
