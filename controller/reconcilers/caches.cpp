#include "controller/reconcilers/caches.h"

#include "controller/base/planted.h"
#include "controller/base/secret.h"
#include "controller/base/text.h"

namespace clickdeploy::reconcilers {

std::map<std::string, std::string> Caches::namespace_labels(const std::string& name) const {
  std::map<std::string, std::string> labels;
  const auto found = namespaces.get({"", name});
  if (found == nullptr) return labels;
  for (const auto& [key, value] : (*found)["metadata"]["labels"].as_object()) {
    labels.emplace(key, value.as_string());
  }
  return labels;
}

Result<SecretString> Caches::secret_value(const std::string& namespace_name,
                                          const api::v1alpha1::SecretKeyRef& ref) const {
  const auto secret = secrets.get({namespace_name, ref.name});
  if (secret == nullptr) {
    return fail(ErrorCode::NotFound, "Secret " + namespace_name + "/" + ref.name +
                                         " does not exist; create it, or correct the reference");
  }
  const Json* value = (*secret)["data"].find(ref.key);
  if (value == nullptr) {
    return fail(ErrorCode::NotFound,
                "Secret " + namespace_name + "/" + ref.name + " has no key \"" + ref.key + "\"");
  }
  std::optional<std::string> bytes = base64_decode(value->as_string());
  if (!bytes) {
    return fail(ErrorCode::InvalidArgument, "key \"" + ref.key + "\" of Secret " + namespace_name +
                                                "/" + ref.name + " is not base64");
  }
  return SecretString(*std::move(bytes));
}

bool Caches::reference_allowed(const std::string& from, const std::string& home,
                               const std::optional<api::LabelSelector>& allowed) const {
  if (from == home || planted(Bug::NamespaceNotAsked)) return true;
  return allowed && allowed->matches(namespace_labels(from));
}

}  // namespace clickdeploy::reconcilers
