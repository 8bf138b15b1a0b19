// Keystone v3: tokens, the catalog, and as much of projects and users as clients look up.

#include "controller/base/text.h"
#include "controller/localcloud/face_internal.h"

#include <fmt/format.h>

namespace clickdeploy::localcloud {
namespace {

struct Service {
  std::string_view type;
  std::string_view name;
  std::string_view path;
};
constexpr Service kServices[] = {{"compute", "nova", "/compute/v2.1"},
                                 {"identity", "keystone", "/identity"},
                                 {"image", "glance", "/image"},
                                 {"network", "neutron", "/network"},
                                 {"volumev3", "cinderv3", "/volume/v3/"}};  // and the project

Json domain_view() {
  return Json::object({{"id", "default"}, {"name", "Default"}});
}

// Ids in the catalog are stable, as in a real one.
std::string stable_id(std::string_view what) {
  return sha256_hex(what).substr(0, 32);
}

Json catalog_view(const Cloud& cloud, const Call& call, const Token& token) {
  JsonArray catalog;
  for (const Service& service : kServices) {
    const bool volumes = service.type == "volumev3";
    if (volumes && cloud.faults().no_block_storage) continue;
    const std::string path = std::string(service.path) + (volumes ? token.project_id : "");
    JsonArray endpoints;
    for (const char* interface : {"admin", "internal", "public"}) {
      endpoints.push_back(
          Json::object({{"id", stable_id(fmt::format("{}/{}", service.type, interface))},
                        {"interface", interface},
                        {"region", cloud.options().region},
                        {"region_id", cloud.options().region},
                        {"url", call.base_url + path}}));
    }
    catalog.push_back(Json::object({{"id", stable_id(service.type)},
                                    {"type", service.type},
                                    {"name", service.name},
                                    {"endpoints", std::move(endpoints)}}));
  }
  return catalog;
}

Json project_view(const Call& call, const Project& project) {
  return Json::object(
      {{"id", project.id},
       {"name", project.name},
       {"description", ""},
       {"enabled", true},
       {"domain_id", "default"},
       {"parent_id", "default"},
       {"is_domain", false},
       {"tags", Json::array()},
       {"options", Json::object()},
       {"links", Json::object({{"self", call.base_url + "/identity/v3/projects/" + project.id}})}});
}

Json user_view(const Call& call, const User& user) {
  return Json::object(
      {{"id", user.id},
       {"name", user.name},
       {"enabled", true},
       {"domain_id", "default"},
       {"password_expires_at", nullptr},
       {"options", Json::object()},
       {"links", Json::object({{"self", call.base_url + "/identity/v3/users/" + user.id}})}});
}

Json roles_view(bool admin) {
  JsonArray roles;
  for (const char* name : {"member", "reader"}) {
    roles.push_back(Json::object({{"id", stable_id(name)}, {"name", name}}));
  }
  if (admin) roles.push_back(Json::object({{"id", stable_id("admin")}, {"name", "admin"}}));
  return roles;
}

Json token_view(const Cloud& cloud, const Call& call, const Token& token) {
  const User* user = cloud.find_user(token.user_id);
  Json view = Json::object({{"audit_ids", Json::array({token.audit_id})},
                            {"expires_at", format_micro_time(token.expires)},
                            {"issued_at", format_micro_time(token.issued)},
                            {"methods", Json::array({token.application_credential_id.empty()
                                                         ? "password"
                                                         : "application_credential"})},
                            {"user", Json::object({{"id", token.user_id},
                                                   {"name", user != nullptr ? user->name : ""},
                                                   {"domain", domain_view()},
                                                   {"password_expires_at", nullptr}})}});
  if (!token.application_credential_id.empty()) {
    for (const ApplicationCredential& credential : cloud.state().application_credentials) {
      if (credential.id != token.application_credential_id) continue;
      view.set(
          "application_credential",
          Json::object({{"id", credential.id}, {"name", credential.name}, {"restricted", true}}));
    }
  }
  if (token.project_id.empty()) return Json::object({{"token", std::move(view)}});
  const Project* project = cloud.find_project(token.project_id);
  view.set("project", Json::object({{"id", token.project_id},
                                    {"name", project != nullptr ? project->name : ""},
                                    {"domain", domain_view()}}));
  view.set("is_domain", false);
  view.set("roles", roles_view(user != nullptr && user->admin));
  if (!call.parameter("nocatalog").empty()) return Json::object({{"token", std::move(view)}});
  view.set("catalog", catalog_view(cloud, call, token));
  return Json::object({{"token", std::move(view)}});
}

std::string id_or_name(const Json& json) {
  return json.contains("id") ? json["id"].as_string() : json["name"].as_string();
}

Outcome<Token> log_in(Cloud& cloud, const Json& auth) {
  const Json& identity = auth["identity"];
  const Json& methods = identity["methods"];
  if (!methods.is_array() || methods.empty()) {
    return refuse(400, "'identity' is a required property");
  }
  const std::string& method = methods[0].as_string();
  const std::string project = id_or_name(auth["scope"]["project"]);
  if (method == "password") {
    const Json& user = identity["password"]["user"];
    return cloud.log_in(id_or_name(user), user["password"].as_string(), project);
  }
  if (method == "application_credential") {
    const Json& credential = identity["application_credential"];
    if (auth.contains("scope")) {
      return refuse(401, "The request you have made requires authentication.");
    }
    return cloud.log_in_with_credential(id_or_name(credential), id_or_name(credential["user"]),
                                        credential["secret"].as_string());
  }
  if (method == "token") {
    return cloud.log_in_with_token(identity["token"]["id"].as_string(), project);
  }
  return refuse(401, "The request you have made requires authentication.");
}

Reaction issue_token(Cloud& cloud, const Call& call) {
  if (!call.body["auth"].is_object()) return refuse(400, "'auth' is a required property");
  Outcome<Token> token = log_in(cloud, call.body["auth"]);
  if (!token) return std::unexpected(std::move(token).error());
  Answer made = answer(201, token_view(cloud, call, *token));
  made.headers.push_back({"X-Subject-Token", token->id});
  made.headers.push_back({"Vary", "X-Auth-Token"});
  return made;
}

Reaction subject_token(Cloud& cloud, const Call& call) {
  const std::string subject = call.header("X-Subject-Token");
  const Token* token = cloud.find_token(subject);
  if (token == nullptr) return refuse(404, "This is not a recognized Fernet token");
  if (call.method == "DELETE") {
    cloud.revoke_token(subject);
    return answer(204);
  }
  Answer shown = answer(200, call.method == "HEAD" ? Json() : token_view(cloud, call, *token));
  shown.headers.push_back({"X-Subject-Token", subject});
  shown.headers.push_back({"Vary", "X-Auth-Token"});
  return shown;
}

Json list_view(const Call& call, std::string_view name, JsonArray items) {
  Json links = Json::object(
      {{"next", nullptr},
       {"previous", nullptr},
       {"self", fmt::format("{}/identity/v3/{}", call.base_url, join(call.path, "/"))}});
  return Json::object({{std::string(name), std::move(items)}, {"links", std::move(links)}});
}

// A member sees its own project, an administrator all.
JsonArray visible_projects(const Cloud& cloud, const Call& call) {
  JsonArray items;
  const std::string name = call.parameter("name");
  for (const Project& project : cloud.state().projects) {
    if (!call.admin && project.id != call.token.project_id) continue;
    if (!name.empty() && project.name != name) continue;
    items.push_back(project_view(call, project));
  }
  return items;
}

Reaction show_user(const Cloud& cloud, const Call& call) {
  const User* user = cloud.find_user(call.path[1]);
  if (user == nullptr || user->id != call.path[1]) {
    return refuse(404, fmt::format("Could not find user: {}.", call.path[1]));
  }
  if (!call.admin && user->id != call.token.user_id) {
    return refuse(403,
                  "You are not authorized to perform the requested action: identity:get_user.");
  }
  return answer(200, Json::object({{"user", user_view(call, *user)}}));
}

Reaction show_project(const Cloud& cloud, const Call& call) {
  const Project* project = cloud.find_project(call.path[1]);
  if (project == nullptr || project->id != call.path[1]) {
    return refuse(404, fmt::format("Could not find project: {}.", call.path[1]));
  }
  if (!call.admin && project->id != call.token.project_id) {
    return refuse(403,
                  "You are not authorized to perform the requested action: identity:get_project.");
  }
  return answer(200, Json::object({{"project", project_view(call, *project)}}));
}

Json credentials_view(const Cloud& cloud, const Call& call) {
  JsonArray items;
  for (const ApplicationCredential& credential : cloud.state().application_credentials) {
    if (credential.user_id != call.path[1]) continue;
    items.push_back(Json::object({{"id", credential.id},
                                  {"name", credential.name},
                                  {"description", ""},
                                  {"unrestricted", false},
                                  {"expires_at", nullptr},
                                  {"project_id", call.token.project_id},
                                  {"roles", roles_view(false)}}));
  }
  return list_view(call, "application_credentials", std::move(items));
}

}  // namespace

Answer identity_versions(const Call& call, bool single) {
  Json version = Json::object(
      {{"id", "v3.14"},
       {"status", "stable"},
       {"updated", "2020-04-07T00:00:00Z"},
       {"links",
        Json::array({Json::object({{"rel", "self"}, {"href", call.base_url + "/identity/v3/"}})})},
       {"media-types",
        Json::array({Json::object({{"base", "application/json"},
                                   {"type", "application/vnd.openstack.identity-v3+json"}})})}});
  if (single) return answer(200, Json::object({{"version", std::move(version)}}));
  return answer(300,
                Json::object({{"versions", Json::object({{"values", Json::array({version})}})}}));
}

Reaction identity_call(Cloud& cloud, const Call& call) {
  if (matches(call, "GET", {})) return identity_versions(call, true);
  if (matches(call, "POST", {"auth", "tokens"})) return issue_token(cloud, call);
  if (call.token.id.empty()) {
    return refuse(401, "The request you have made requires authentication.");
  }
  if (matches(call, "GET", {"auth", "tokens"}) || matches(call, "HEAD", {"auth", "tokens"}) ||
      matches(call, "DELETE", {"auth", "tokens"})) {
    return subject_token(cloud, call);
  }
  if (matches(call, "GET", {"auth", "catalog"})) {
    return answer(200, Json::object({{"catalog", catalog_view(cloud, call, call.token)},
                                     {"links", Json::object()}}));
  }
  if (matches(call, "GET", {"auth", "projects"}) || matches(call, "GET", {"projects"}) ||
      matches(call, "GET", {"users", "*", "projects"})) {
    return answer(200, list_view(call, "projects", visible_projects(cloud, call)));
  }
  if (matches(call, "GET", {"projects", "*"})) return show_project(cloud, call);
  if (matches(call, "GET", {"users", "*"})) return show_user(cloud, call);
  if (matches(call, "GET", {"users"})) {
    if (!call.admin) {
      return refuse(403,
                    "You are not authorized to perform the requested action: identity:list_users.");
    }
    JsonArray items;
    for (const User& user : cloud.state().users) items.push_back(user_view(call, user));
    return answer(200, list_view(call, "users", std::move(items)));
  }
  if (matches(call, "GET", {"users", "*", "application_credentials"})) {
    return answer(200, credentials_view(cloud, call));
  }
  if (matches(call, "GET", {"domains"})) {
    return answer(200, list_view(call, "domains", {domain_view()}));
  }
  return refuse(404, "The resource could not be found.");
}

}  // namespace clickdeploy::localcloud
