#include "tests/simulation/checks/credential_check.h"

#include <algorithm>

namespace clickdeploy::simulation {

namespace {

// What follows `lead`, up to one of `ends`; "" if it is not there.
std::string after(const std::string& text, std::string_view lead, const char* ends) {
  const std::size_t at = text.find(lead);
  if (at == std::string::npos) return "";
  const std::size_t from = at + lead.size();
  return text.substr(from, text.find_first_of(ends, from) - from);
}

}  // namespace

void CredentialCheck::changed(const store::Event& event, const Json& object) {
  if (event.document->key.resource != "instances.clickdeploy.io") return;
  const Json& metadata = object["metadata"];
  const Json& cloud = object["spec"]["cloudRef"];
  const std::string& home = metadata["namespace"].as_string();
  const Owner owner{.name = metadata["name"].as_string(),
                    .namespace_name = home,
                    .cloud = {cloud["namespace"].as_string(home), cloud["name"].as_string()}};
  by_uid_[metadata["uid"].as_string()] = owner;
  const std::string& claim = object["status"]["claim"]["token"].as_string();
  if (!claim.empty()) by_claim_[claim] = owner;
}

const CredentialCheck::Owner* CredentialCheck::find(const std::map<std::string, Owner>& owners,
                                                    const std::string& id) const {
  const auto found = owners.find(id);
  return found == owners.end() ? nullptr : &found->second;
}

const CredentialCheck::Owner* CredentialCheck::owner_of(const http::Request& request) const {
  const std::string server = after(request.url, "/servers/", "/?");
  if (!server.empty()) return find(by_uid_, server_owner_(server));
  const std::string port = after(request.url, "/ports/", "/?");
  if (!port.empty()) return find(by_claim_, port_claim_(port));
  if (request.url.ends_with("/servers")) {
    return find(by_uid_, after(request.body, "\"clickdeploy_uid\":\"", "\""));
  }
  return find(by_claim_, after(request.body, " claim=", " \""));
}

void CredentialCheck::sent(const http::Request& request) const {
  if (!request.url.starts_with(kCloudOfSimulation)) return;
  if (is_log_in(request)) {
    const std::string user = user_of_log_in(request);
    const bool named = std::ranges::any_of(
        book_.clouds(), [&](const auto& cloud) { return cloud.second.users.contains(user); });
    if (!named) report_.add("S21", "log-in of " + user + ", which no Cloud's Secret names");
    return;
  }
  if (request.method == "GET" || request.method == "HEAD") return;
  const Owner* owner = owner_of(request);
  if (owner == nullptr) return;  // S2 tells of what is nobody's
  const std::string* token = http::find_header(request.headers, "X-Auth-Token");
  const std::string user = token == nullptr ? "" : book_.owner_of_token(*token);
  const auto cloud = book_.clouds().find(owner->cloud);
  const std::string what = request.method + " " + request.url + " for Instance " +
                           owner->namespace_name + "/" + owner->name;
  if (cloud == book_.clouds().end()) {
    return report_.add("S21", what + ", whose Cloud has never been there");
  }
  if (!cloud->second.users.contains(user)) {
    report_.add("S21", what + " with the credentials of " + user + ", not of its Cloud " +
                           owner->cloud.first + "/" + owner->cloud.second);
  }
  if (!cloud->second.namespaces.contains(owner->namespace_name)) {
    report_.add("S21", what + ", whose namespace its Cloud does not allow");
  }
}

}  // namespace clickdeploy::simulation
