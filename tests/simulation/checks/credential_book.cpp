#include "tests/simulation/checks/credential_book.h"

#include "controller/base/text.h"
#include "controller/base/yaml.h"

#include <algorithm>

namespace clickdeploy::simulation {

bool is_log_in(const http::Request& request) {
  return request.method == "POST" && request.url.contains("/identity/v3/auth/tokens");
}

std::string user_of_log_in(const http::Request& request) {
  const Json body = parse_json(request.body).value_or(Json());
  return body["auth"]["identity"]["password"]["user"]["name"].as_string();
}

void CredentialBook::logged_in(const http::Request& request, const http::Response& response) {
  const std::string* token = http::find_header(response.headers, "X-Subject-Token");
  if (token != nullptr) token_users_[*token] = user_of_log_in(request);
}

std::string CredentialBook::owner_of_token(const std::string& token) const {
  const auto found = token_users_.find(token);
  return found == token_users_.end() ? "" : found->second;
}

void CredentialBook::changed(const store::Event& event, const Json& object) {
  const store::Key& key = event.document->key;
  const bool gone = event.type == store::EventType::Deleted;
  if (key.resource == "namespaces") {
    namespace_labels_[key.name] = gone ? Json() : object["metadata"]["labels"];
    refresh();
  } else if (key.resource == "secrets") {
    if (gone) return;
    std::set<std::string>& users = secret_users_[{key.namespace_name, key.name}];
    const std::string text = base64_decode(object["data"]["clouds.yaml"].as_string()).value_or("");
    const Json clouds = parse_single_yaml(text).value_or(Json());
    for (const auto& [name, cloud] : clouds["clouds"].as_object()) {
      users.insert(cloud["auth"]["username"].as_string());
    }
    ++changes_;
    refresh();
  } else if (key.resource == "clouds.clickdeploy.io" && !gone) {
    cloud_changed({key.namespace_name, key.name}, object);
  }
}

void CredentialBook::cloud_changed(const Key& key, const Json& object) {
  if (cloud_specs_[key] == object["spec"]) return;
  ++changes_;
  cloud_specs_[key] = object["spec"];
  const Json& spec = object["spec"];
  CloudEntry& entry = clouds_[key];
  entry.secret = {key.first, spec["credentials"]["secretRef"]["name"].as_string()};
  entry.requests_per_second =
      std::max(entry.requests_per_second, spec["limits"]["requestsPerSecond"].as_double(10));
  entry.burst = std::max(entry.burst, spec["limits"]["burst"].as_int(20));
  refresh();
}

void CredentialBook::refresh() {
  for (auto& [key, entry] : clouds_) {
    entry.users.merge(std::set<std::string>(secret_users_[entry.secret]));
    entry.namespaces.insert(key.first);
    const Json& selector = cloud_specs_[key]["allowedNamespaces"];
    if (selector.is_null()) continue;
    for (const auto& [name, labels] : namespace_labels_) {
      const bool matches = std::ranges::all_of(
          selector["matchLabels"].as_object(),
          [&](const auto& wanted) { return labels[wanted.first] == wanted.second; });
      if (matches) entry.namespaces.insert(name);
    }
  }
}

}  // namespace clickdeploy::simulation
