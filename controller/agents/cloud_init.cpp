#include "controller/agents/cloud_init.h"

#include "controller/agents/install_internal.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::agents {

namespace {

constexpr std::string_view kHeader = "#cloud-config";

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::InvalidArgument, std::move(message));
}

// It goes into a metric's label, and is a Kubernetes uid.
bool is_uid(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

// cloud-init tells kinds of user-data apart by their first line.
Result<void> check_first_line(std::string_view text, bool secret) {
  const std::string line(trim(text.substr(0, text.find('\n'))));
  if (line == kHeader || line.starts_with(std::string(kHeader) + " ")) return {};
  if (to_lower(line).starts_with("## template:")) {
    return refuse("user data with a template line cannot be merged: write it out");
  }
  const std::string quoted = secret ? "something else" : go_quote(line.substr(0, 40));
  return refuse(fmt::format("user data begins with {}, but only {} documents can be merged", quoted,
                            kHeader));
}

Result<Json> parse_user_config(const std::string& text, bool secret) {
  const std::string_view trimmed = trim(text);
  if (trimmed.empty()) return Json::object();
  Result<void> known = check_first_line(trimmed, secret);
  if (!known) return std::unexpected(std::move(known).error());

  Result<std::vector<YamlDocument>> documents = parse_yaml(text, {.line_path_bytes_max = 0});
  if (!documents && secret) {
    return refuse("user data is not valid YAML; it is a secret, so it is not quoted here");
  }
  if (!documents) return std::unexpected(std::move(documents).error().with_context("user data"));
  if (documents->empty()) return Json::object();
  if (documents->size() > 1) return refuse("user data has more than one YAML document");
  Json& value = documents->front().value;
  if (!value.is_object()) return refuse("user data is not a mapping");
  for (const char* key : {"packages", "write_files", "runcmd"}) {
    const Json& list = value[key];
    if (!list.is_null() && !list.is_array()) {
      return refuse(fmt::format("user data: {} is not a list", key));
    }
  }
  return std::move(value);
}

const std::string& package_name(const Json& package) {
  return package.is_array() ? package[0].as_string() : package.as_string();
}

// Debian's docker.io and Docker's own packages exclude each other.
bool installs_docker(const Json& packages) {
  return std::ranges::any_of(packages.as_array(), [](const Json& package) {
    const std::string& name = package_name(package);
    return name.starts_with("docker") || name == "moby-engine" || name == "podman-docker";
  });
}

// A package that is asked for already, in whatever version, is not asked for again.
void append_packages(Json& list, const Json& packages) {
  if (!list.is_array()) list = Json::array();
  for (const Json& package : packages.as_array()) {
    const bool known = std::ranges::any_of(list.as_array(), [&package](const Json& other) {
      return package_name(other) == package_name(package);
    });
    if (!known) list.push_back(package);
  }
}

void append(Json& list, const Json& items) {
  if (!list.is_array()) list = Json::array();
  for (const Json& item : items.as_array()) list.push_back(item);
}

// The installer's script is the same for every agent.
void append_files(Json& list, const Json& files) {
  for (const Json& file : files.as_array()) {
    if (std::ranges::find(list.as_array(), file) == list.as_array().end()) list.push_back(file);
  }
}

void merge(Json& config, CloudConfigParts parts) {
  const bool has_caddyfile =
      std::ranges::any_of(config["write_files"].as_array(),
                          [](const Json& file) { return file["path"].as_string() == kCaddyfile; });
  if (has_caddyfile) {
    std::erase_if(parts.write_files.array_ref(),
                  [](const Json& file) { return file["path"].as_string() == kCaddyfile; });
  }
  if (installs_docker(config["packages"])) {
    std::erase(parts.packages.array_ref(), Json("docker.io"));
  }
  if (!parts.packages.empty()) {
    append_packages(config.member("packages"), parts.packages);
    if (!config.contains("package_update")) config.set("package_update", true);
  }
  if (!parts.write_files.empty()) append(config.member("write_files"), parts.write_files);
  if (!parts.runcmd.empty()) append(config.member("runcmd"), parts.runcmd);
}

Result<void> check_size(std::string_view text) {
  const std::size_t encoded = (text.size() + 2) / 3 * 4;
  if (encoded <= kUserDataBase64Max) return {};
  return refuse(fmt::format("user data has {} bytes in base64; the cloud takes {}", encoded,
                            kUserDataBase64Max));
}

// One agent's file or container stands for one name; two of a name would overwrite each other.
Result<void> check_names(const std::vector<Agent>& agents) {
  for (std::size_t at = 0; at < agents.size(); ++at) {
    for (std::size_t before = 0; before < at; ++before) {
      if (agents[before].name == agents[at].name) {
        return refuse(fmt::format("agent {} is there twice", agents[at].name));
      }
    }
  }
  return {};
}

}  // namespace

Result<CloudConfigParts> agent_parts(const UserDataInput& input) {
  if (!is_uid(input.instance_uid)) return refuse("the Instance's uid is not one");
  Result<void> names = check_names(input.agents);
  if (!names) return std::unexpected(std::move(names).error());
  CloudConfigParts parts;
  const std::string identity = identity_text(input.instance_uid, input.agents);
  for (const Agent& agent : input.agents) {
    Result<void> valid = validate_agent(agent);
    if (!valid) {
      return std::unexpected(std::move(valid).error().with_context("agent " + agent.name));
    }
    CloudConfigParts added;
    const auto lock = input.locks.find(agent.name);
    add_agent(added, agent, lock == input.locks.end() ? AgentLock{} : lock->second, identity);
    append_packages(parts.packages, added.packages);
    append_files(parts.write_files, added.write_files);
    append(parts.runcmd, added.runcmd);
  }
  return parts;
}

Result<std::string> render_user_data(const UserDataInput& input) {
  Result<CloudConfigParts> parts = agent_parts(input);
  if (!parts) return std::unexpected(std::move(parts).error());
  Result<Json> config = parse_user_config(input.user_cloud_config, input.user_config_is_secret);
  if (!config) return std::unexpected(std::move(config).error());
  merge(*config, *std::move(parts));

  const std::string body = config->empty() ? "{}\n" : to_yaml(*config);
  std::string text = std::string(kHeader) + "\n" + body;
  Result<void> fits = check_size(text);
  if (!fits) return std::unexpected(std::move(fits).error());
  return text;
}

}  // namespace clickdeploy::agents
