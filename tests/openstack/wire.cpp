#include "tests/openstack/wire.h"

#include <algorithm>

namespace clickdeploy::openstack {
namespace {

Json domain(const std::string& id, const std::string& name) {
  return id.empty() ? Json::object({{"name", name}}) : Json::object({{"id", id}});
}

Json identity_of(const Credentials& credentials) {
  if (!credentials.application_credential_id.empty()) {
    return Json::object(
        {{"methods", Json::array({"application_credential"})},
         {"application_credential",
          Json::object({{"id", credentials.application_credential_id},
                        {"secret", credentials.application_credential_secret.reveal()}})}});
  }
  const Json user =
      Json::object({{"name", credentials.username},
                    {"domain", domain(credentials.user_domain_id, credentials.user_domain)},
                    {"password", credentials.password.reveal()}});
  return Json::object(
      {{"methods", Json::array({"password"})}, {"password", Json::object({{"user", user}})}});
}

Json scope_of(const Credentials& credentials) {
  if (!credentials.application_credential_id.empty()) return {};
  const Json project =
      Json::object({{"name", credentials.project_name},
                    {"domain", domain(credentials.project_domain_id, credentials.project_domain)}});
  return Json::object({{"project", project}});
}

Task<bool> pause(Clock& clock) {
  co_await clock.sleep(std::chrono::milliseconds(200));
  co_return true;
}

}  // namespace

std::string Answered::header(std::string_view name) const {
  const std::string* value = http::find_header(headers, name);
  return value == nullptr ? "" : *value;
}

std::string Answered::message() const {
  for (const auto& [name, value] : body.as_object()) {
    if (value["message"].is_string()) return value["message"].as_string();
  }
  return "";
}

Wire::Wire(CloudUnderTest& cloud, const Credentials& credentials)
    : cloud_(cloud), keystone_(credentials.auth_url) {
  if (keystone_.ends_with("/v3")) keystone_.resize(keystone_.size() - 3);
  const Answered answered = log_in(identity_of(credentials), scope_of(credentials));
  if (answered.status != 201) throw std::runtime_error("no log-in: " + answered.text);
  token = answered.header("X-Subject-Token");
  const Json& known = answered.body["token"];
  project_ = known["project"]["id"].as_string();
  for (const Json& service : known["catalog"].as_array()) {
    for (const Json& endpoint : service["endpoints"].as_array()) {
      if (endpoint["interface"].as_string() != credentials.interface) continue;
      endpoints_[service["type"].as_string()] = endpoint["url"].as_string();
    }
  }
  endpoints_["network"] += "/v2.0";
  endpoints_["image"] += "/v2";
}

Answered Wire::log_in(const Json& identity, const Json& scope) {
  Json auth = Json::object({{"identity", identity}});
  if (!scope.is_null()) auth.set("scope", scope);
  return call("", "POST", keystone_ + "/v3/auth/tokens", Json::object({{"auth", auth}}));
}

bool Wire::eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 600; ++i) {
    if (condition()) return true;
    cloud_.run(pause(cloud_.clock()));
  }
  return false;
}

Answered Wire::call(const std::string& service, std::string method, std::string path, Json body) {
  http::Request request;
  request.method = std::move(method);
  request.url = endpoints_[service] + path;
  request.deadline = std::chrono::seconds(120);
  if (!token.empty()) request.headers.push_back({"X-Auth-Token", token});
  if (service == "compute" && !version.empty()) {
    request.headers.push_back({"OpenStack-API-Version", "compute " + version});
  }
  if (!body.is_null()) {
    request.body = to_json(body);
    request.headers.push_back({"Content-Type", "application/json"});
  }
  Result<http::Response> response = cloud_.run(cloud_.http().send(std::move(request)));
  if (!response) return {.text = response.error().message()};
  Answered answered{response->status, std::move(response->headers), std::move(response->body), {}};
  Result<Json> parsed = parse_json(answered.text);
  if (parsed) answered.body = std::move(*parsed);
  return answered;
}

}  // namespace clickdeploy::openstack
