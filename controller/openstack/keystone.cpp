#include "controller/base/text.h"
#include "controller/openstack/catalog_internal.h"
#include "controller/openstack/keystone_internal.h"
#include "controller/openstack/words_internal.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace clickdeploy::openstack {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t kTokenBytesMax = 16 * 1024;
// Clocks and hostile answers apart, a log-in a day costs nothing.
constexpr std::chrono::hours kLifeMax{24};

Json domain_of(const std::string& id, const std::string& name) {
  return id.empty() ? Json::object({{"name", name}}) : Json::object({{"id", id}});
}

Json user_of(const Credentials& c) {
  if (!c.user_id.empty()) return Json::object({{"id", c.user_id}});
  return Json::object(
      {{"name", c.username}, {"domain", domain_of(c.user_domain_id, c.user_domain)}});
}

bool by_application_credential(const Credentials& c) {
  return !c.application_credential_id.empty() || !c.application_credential_name.empty();
}

Json application_credential_of(const Credentials& c) {
  Json credential = Json::object({{"secret", c.application_credential_secret.reveal()}});
  if (!c.application_credential_id.empty()) {
    credential.set("id", c.application_credential_id);
  } else {
    credential.set("name", c.application_credential_name);
    credential.set("user", user_of(c));
  }
  return credential;
}

Json project_of(const Credentials& c) {
  if (!c.project_id.empty()) return Json::object({{"id", c.project_id}});
  return Json::object(
      {{"name", c.project_name}, {"domain", domain_of(c.project_domain_id, c.project_domain)}});
}

bool is_header_safe(const std::string& token) {
  return !token.empty() && token.size() <= kTokenBytesMax &&
         std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7F; });
}

// nullopt for what is no time; times that nanoseconds cannot hold come out as 2200.
std::optional<WallTime> time_of(const Json& text) {
  std::string value = text.as_string();
  const bool has_year =
      value.size() > 4 &&
      std::all_of(value.begin(), value.begin() + 4, [](char c) { return c >= '0' && c <= '9'; });
  if (!has_year || value.substr(0, 4) < "1970") return std::nullopt;
  if (value.substr(0, 4) > "2200") value.replace(0, 4, "2200");
  return parse_time(value);
}

}  // namespace

std::string tokens_url(const std::string& auth_url) {
  std::string url = auth_url;
  while (url.ends_with('/')) url.pop_back();
  for (std::string_view other : {"/v2.0", "/v3"}) {
    if (url.ends_with(other)) url.resize(url.size() - other.size());
  }
  return url + "/v3/auth/tokens";
}

Json login_body(const Credentials& credentials) {
  Json identity = Json::object();
  Json auth = Json::object();
  if (by_application_credential(credentials)) {
    identity.set("methods", Json::array({"application_credential"}));
    identity.set("application_credential", application_credential_of(credentials));
  } else {
    Json user = user_of(credentials);
    user.set("password", credentials.password.reveal());
    identity.set("methods", Json::array({"password"}));
    identity.set("password", Json::object({{"user", std::move(user)}}));
    auth.set("scope", Json::object({{"project", project_of(credentials)}}));
  }
  auth.set("identity", std::move(identity));
  return Json::object({{"auth", std::move(auth)}});
}

Result<Login> parse_login(const http::Response& response, const Credentials& credentials,
                          WallTime now) {
  const auto nonsense = [](const std::string& what) {
    return fail(ErrorCode::Unavailable, "the answer has " + what);
  };
  const std::string* token = http::find_header(response.headers, "X-Subject-Token");
  if (!token || !is_header_safe(*token)) return nonsense("no usable token");
  Result<Json> body = parse_json(response.body);
  if (!body) return nonsense("no JSON");
  const Json& content = (*body)["token"];

  const std::optional<WallTime> expires = time_of(content["expires_at"]);
  if (!expires) return nonsense("no usable expires_at");
  // Both times are Keystone's, so a difference between its clock and ours does not matter.
  const WallTime issued = time_of(content["issued_at"]).value_or(now);
  const nanoseconds life = std::min<nanoseconds>(*expires - issued, kLifeMax);
  if (life <= nanoseconds::zero()) return nonsense("a token that has already expired");

  Login login;
  login.identity.project_id = content["project"]["id"].as_string();
  login.identity.user_id = content["user"]["id"].as_string();
  if (!is_plain_id(login.identity.project_id)) {
    return fail(ErrorCode::InvalidArgument, "the credentials give no project to work in");
  }
  if (!is_plain_id(login.identity.user_id)) return nonsense("no usable user id");
  login.token = SecretString(*token);
  login.catalog = Catalog::parse(content["catalog"]);
  login.identity.catalog_hash = login.catalog.hash(credentials.region, credentials.interface);
  login.identity.token_expires_at = *expires;
  login.life = life;
  return login;
}

}  // namespace clickdeploy::openstack
