#include "controller/base/yaml.h"
#include "controller/openstack/session.h"

#include <algorithm>
#include <array>

namespace clickdeploy::openstack {
namespace {

constexpr std::array kPasswordTypes = {"", "password", "v3password"};

std::unexpected<Error> wrong(const std::string& cloud, const std::string& what) {
  return fail(ErrorCode::InvalidArgument, "clouds.yaml: clouds." + cloud + what);
}

// The cloud's own members first, then those of its auth block: people write them in both places.
Result<std::string> read(const std::string& cloud, const Json& entry, const std::string& field) {
  const Json* found = entry["auth"].find(field);
  if (!found) found = entry.find(field);
  if (!found || found->is_null()) return std::string();
  // YAML reads 0123 or 1e5 as a number; the value itself may be a secret and is not repeated.
  if (!found->is_string()) return wrong(cloud, ".auth." + field + ": must be a string; quote it");
  return found->as_string();
}

Result<void> check_known_place(const std::string& cloud, const Json& entry) {
  if (!entry.is_object()) return wrong(cloud, ": must be a mapping");
  if (entry["auth"].is_null()) return wrong(cloud, ".auth: missing");
  if (!entry["auth"].is_object()) return wrong(cloud, ".auth: must be a mapping");
  return {};
}

Result<void> check_application_credential(const std::string& cloud, const Credentials& c) {
  if (c.application_credential_id.empty() && c.application_credential_name.empty()) {
    return wrong(cloud, ".auth.application_credential_id: missing");
  }
  if (c.application_credential_secret.empty()) {
    return wrong(cloud, ".auth.application_credential_secret: missing");
  }
  if (c.application_credential_id.empty() && c.username.empty() && c.user_id.empty()) {
    return wrong(cloud, ".auth.username: an application credential by name needs its user");
  }
  return {};
}

Result<void> check_password(const std::string& cloud, const Credentials& c) {
  if (c.username.empty() && c.user_id.empty()) return wrong(cloud, ".auth.username: missing");
  if (c.password.empty()) return wrong(cloud, ".auth.password: missing");
  if (c.project_name.empty() && c.project_id.empty()) {
    return wrong(cloud, ".auth.project_name: missing (or project_id)");
  }
  return {};
}

Result<std::string> read_interface(const std::string& cloud, const std::string& text) {
  if (text.empty() || text == "public" || text == "publicURL") return "public";
  if (text == "internal" || text == "internalURL") return "internal";
  if (text == "admin" || text == "adminURL") return "admin";
  return wrong(cloud, ".interface: must be public, internal or admin");
}

Result<void> read_fields(const std::string& cloud, const Json& entry, Credentials& out) {
  struct Field {
    const char* name;
    std::string* into;
  };
  std::string domain_name;
  std::string domain_id;
  std::string password;
  std::string secret;
  std::string user_domain;
  std::string project_domain;
  const Field fields[] = {
      {"auth_url", &out.auth_url},
      {"username", &out.username},
      {"user_id", &out.user_id},
      {"user_domain_name", &user_domain},
      {"user_domain_id", &out.user_domain_id},
      {"password", &password},
      {"project_name", &out.project_name},
      {"project_id", &out.project_id},
      {"project_domain_name", &project_domain},
      {"project_domain_id", &out.project_domain_id},
      {"domain_name", &domain_name},
      {"domain_id", &domain_id},
      {"application_credential_id", &out.application_credential_id},
      {"application_credential_name", &out.application_credential_name},
      {"application_credential_secret", &secret},
      {"region_name", &out.region},
      {"interface", &out.interface},
  };
  for (const Field& field : fields) {
    Result<std::string> value = read(cloud, entry, field.name);
    if (!value) return std::unexpected(std::move(value).error());
    *field.into = std::move(*value);
  }
  // domain_* stands for both domains where the narrower one is not given.
  if (user_domain.empty() && out.user_domain_id.empty()) {
    user_domain = domain_name;
    out.user_domain_id = domain_id;
  }
  if (project_domain.empty() && out.project_domain_id.empty()) {
    project_domain = domain_name;
    out.project_domain_id = domain_id;
  }
  if (!user_domain.empty()) out.user_domain = user_domain;
  if (!project_domain.empty()) out.project_domain = project_domain;
  out.password = SecretString(std::move(password));
  out.application_credential_secret = SecretString(std::move(secret));
  return {};
}

}  // namespace

Result<Credentials> parse_clouds_yaml(std::string_view text, const std::string& cloud_name) {
  Result<Json> document = parse_single_yaml(text);
  if (!document) {
    // The parser's message may quote the line it stopped at, and that line may hold a password.
    return fail(ErrorCode::InvalidArgument, "clouds.yaml: not valid YAML");
  }
  const Json& clouds = (*document)["clouds"];
  if (!clouds.is_object()) {
    return fail(ErrorCode::InvalidArgument, "clouds.yaml: clouds: missing or not a mapping");
  }
  const Json* entry = clouds.find(cloud_name);
  if (!entry) {
    std::vector<std::string> names;
    for (const auto& [name, value] : clouds.as_object()) names.push_back(name);
    return fail(ErrorCode::InvalidArgument,
                "clouds.yaml: no cloud \"" + cloud_name + "\"; it has: " + join(names, ", "));
  }
  Result<void> place = check_known_place(cloud_name, *entry);
  if (!place) return std::unexpected(std::move(place).error());

  Credentials credentials;
  Result<void> fields = read_fields(cloud_name, *entry, credentials);
  if (!fields) return std::unexpected(std::move(fields).error());

  if (!credentials.auth_url.starts_with("http://") &&
      !credentials.auth_url.starts_with("https://")) {
    return wrong(cloud_name, credentials.auth_url.empty()
                                 ? ".auth.auth_url: missing"
                                 : ".auth.auth_url: must begin with http:// or https://");
  }
  Result<std::string> interface_name = read_interface(cloud_name, credentials.interface);
  if (!interface_name) return std::unexpected(std::move(interface_name).error());
  credentials.interface = *interface_name;

  const std::string type = (*entry)["auth_type"].as_string();
  const bool names_credential = !credentials.application_credential_id.empty() ||
                                !credentials.application_credential_name.empty();
  Result<void> complete;
  if (type == "v3applicationcredential" || (type.empty() && names_credential)) {
    complete = check_application_credential(cloud_name, credentials);
  } else if (std::ranges::find(kPasswordTypes, type) != kPasswordTypes.end()) {
    complete = check_password(cloud_name, credentials);
    // What the log-in does not use must not change how it is done.
    credentials.application_credential_id.clear();
    credentials.application_credential_name.clear();
  } else {
    return wrong(cloud_name, ".auth_type: must be password, v3password or v3applicationcredential");
  }
  if (!complete) return std::unexpected(std::move(complete).error());
  return credentials;
}

}  // namespace clickdeploy::openstack
