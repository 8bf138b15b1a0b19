#include "controller/apiserver/parsed_documents_internal.h"
#include "controller/apiserver/secret_use_internal.h"

#include <algorithm>

namespace clickdeploy::apiserver {
namespace {

constexpr std::size_t kUsersMax = 5;

// By the convention of all kinds: a member "secretRef" or "…SecretRef" with a name.
bool refers_to(const Json& value, const std::string& name) {
  if (value.is_array()) {
    return std::ranges::any_of(value.as_array(),
                               [&](const Json& item) { return refers_to(item, name); });
  }
  if (!value.is_object()) return false;
  return std::ranges::any_of(value.as_object(), [&](const auto& member) {
    const bool reference = member.first == "secretRef" || member.first.ends_with("SecretRef");
    if (reference && member.second["name"].as_string() == name) return true;
    return refers_to(member.second, name);
  });
}

}  // namespace

std::vector<std::string> users_of_secret(const Core& core, const std::string& namespace_name,
                                         const std::string& name) {
  std::vector<std::string> users;
  for (const api::ResourceInfo& info : core.scheme.resources()) {
    if (!info.custom || !info.namespaced) continue;
    const store::ListResult list = core.store.list(info.group_resource(), namespace_name);
    for (const store::DocumentPtr& document : list.documents) {
      if (users.size() == kUsersMax) return users;
      if (!refers_to(core.parsed->read(*document)["spec"], name)) continue;
      users.push_back(info.singular + "/" + document->key.name);
    }
  }
  return users;
}

}  // namespace clickdeploy::apiserver
