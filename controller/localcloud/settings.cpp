#include "controller/base/json.h"
#include "controller/base/yaml.h"
#include "controller/localcloud/ipv4_internal.h"
#include "controller/localcloud/settings_internal.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <iostream>

namespace clickdeploy::localcloud {
namespace {

constexpr std::uint32_t kLoopbackFirstByte = 127;

bool is_loopback(std::uint32_t address) {
  return address >> 24 == kLoopbackFirstByte;
}

// "127.0.0.1:8774" → settings; a sentence about what is wrong, or "".
std::string read_listen(const std::string& text, Settings& settings) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return "--listen wants ADDRESS:PORT";
  settings.address = text.substr(0, colon);
  const std::optional<std::uint32_t> address = parse_ipv4(settings.address);
  if (!address || !is_loopback(*address)) return "--listen binds loopback addresses only";
  const char* end = text.data() + text.size();
  auto [stop, problem] = std::from_chars(text.data() + colon + 1, end, settings.port);
  return problem == std::errc() && stop == end ? "" : "--listen wants a port from 0 to 65535";
}

std::string check_cidr(const std::string& text) {
  const std::optional<Ipv4Block> block = parse_ipv4_block(text);
  if (!block || !is_loopback(block->first) || block->prefix < 9 || block->prefix > 28) {
    return "--cidr wants a block of 127.0.0.0/8 from /9 to /28, such as 127.20.0.0/16";
  }
  return "";
}

Json cloud_entry(const Cloud& cloud, const std::string& base_url, Json auth) {
  auth.set("auth_url", base_url + "/identity/v3");
  return Json::object({{"auth", std::move(auth)},
                       {"region_name", cloud.options().region},
                       {"interface", "public"},
                       {"identity_api_version", 3}});
}

Json password_entry(const Cloud& cloud, const std::string& base_url, const User& user) {
  const Project* project = cloud.find_project(user.project_id);
  Json auth = Json::object({{"username", user.name},
                            {"password", user.password},
                            {"project_name", project != nullptr ? project->name : ""},
                            {"user_domain_name", "Default"},
                            {"project_domain_name", "Default"}});
  return cloud_entry(cloud, base_url, std::move(auth));
}

}  // namespace

ParsedSettings parse_settings(int argc, char** argv) {
  Settings settings;
  settings.cloud.external_cidr = "203.0.113.0/24";
  std::string listen = "127.0.0.1:8774";
  std::int64_t build_seconds = 2;
  std::int64_t token_ttl = 3600;
  CLI::App app{
      "An OpenStack-compatible cloud on this machine: Keystone, Nova, Neutron, Glance, "
      "Cinder."};
  app.add_option("--listen", listen, "loopback address and port; port 0 takes a free one")
      ->capture_default_str();
  app.add_option("--cidr", settings.cloud.cidr, "pool of the servers' addresses, in 127.0.0.0/8")
      ->capture_default_str();
  app.add_option("--external-cidr", settings.cloud.external_cidr,
                 "addresses of the network \"public\", for floating IPs; nothing is routed there")
      ->capture_default_str();
  app.add_option("--zones", settings.cloud.zones, "availability zones; the first is the default")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--state", settings.state_file, "file that keeps the cloud over restarts");
  app.add_option("--guests", settings.guests, "what runs in servers: none, process or container")
      ->check(CLI::IsMember({"none", "process", "container"}))
      ->capture_default_str();
  app.add_option(
      "--guests-dir", settings.guests_folder,
      "folder for the guests' disks; default: beside the state file, else a temporary one");
  app.add_option("--rootfs", settings.rootfs,
                 "file system of container guests, made by scripts/build-guest-rootfs");
  app.add_option("--exporter", settings.exporter, "node_exporter that process guests run")
      ->capture_default_str();
  app.add_option("--quota-instances", settings.cloud.quota.instances, "-1 is no limit")
      ->capture_default_str();
  app.add_option("--quota-ports", settings.cloud.quota.ports, "-1 is no limit")
      ->capture_default_str();
  app.add_option("--build-seconds", build_seconds, "from the create call to ACTIVE")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  app.add_option("--token-ttl", token_ttl, "seconds that a token lives")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  app.add_option("--region", settings.cloud.region)->capture_default_str();
  app.add_option("--project", settings.cloud.project)->capture_default_str();
  app.add_option("--user", settings.cloud.user)->capture_default_str();
  app.add_option("--password", settings.cloud.password, "of this user and of admin");
  app.add_option("--write-clouds", settings.clouds_file, "write a clouds.yaml for this cloud");
  app.add_flag("--verbose", settings.verbose, "log what happens");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, app.exit(error)};
  }
  settings.cloud.build = std::chrono::seconds(build_seconds);
  settings.cloud.token_ttl = std::chrono::seconds(token_ttl);
  std::string problem = read_listen(listen, settings);
  if (problem.empty()) problem = check_cidr(settings.cloud.cidr);
  if (problem.empty() && !parse_ipv4_block(settings.cloud.external_cidr)) {
    problem = "--external-cidr wants a block of addresses, such as 203.0.113.0/24";
  }
  if (!problem.empty()) {
    std::cerr << "localcloud: " << problem << '\n';
    return {std::nullopt, 1};
  }
  std::error_code ignored;
  for (std::string* path :
       {&settings.state_file, &settings.guests_folder, &settings.clouds_file, &settings.rootfs}) {
    if (!path->empty()) *path = std::filesystem::absolute(*path, ignored).string();
  }
  return {std::move(settings), 0};
}

std::string clouds_yaml(const Cloud& cloud, const std::string& base_url) {
  const ApplicationCredential& credential = cloud.state().application_credentials.front();
  Json credential_entry =
      cloud_entry(cloud, base_url,
                  Json::object({{"application_credential_id", credential.id},
                                {"application_credential_secret", credential.secret}}));
  credential_entry.set("auth_type", "v3applicationcredential");
  const std::vector<User>& users = cloud.state().users;
  return to_yaml(Json::object(
      {{"clouds", Json::object({{"localcloud", password_entry(cloud, base_url, users.front())},
                                {"localcloud-admin", password_entry(cloud, base_url, users.back())},
                                {"localcloud-appcred", std::move(credential_entry)}})}}));
}

}  // namespace clickdeploy::localcloud
