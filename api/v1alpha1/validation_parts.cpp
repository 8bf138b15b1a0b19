#include "api/v1alpha1/validation_parts.h"

#include "api/schema/metadata_rules.h"
#include "api/schema/names.h"
#include "controller/base/text.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace clickdeploy::api::v1alpha1 {
namespace {

constexpr std::size_t kUserDataBytesMax = 65535;  // of the base64 form: the compute API's limit
constexpr std::size_t kMetadataKeyLengthMax = 255;

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7F;
  });
}

void add(FieldErrors& errors, const std::string& path, const Json& value,
         const std::vector<std::string>& problems) {
  for (const std::string& problem : problems) errors.push_back(invalid(path, value, problem));
}

void check_user_data(FieldErrors& errors, const Json& user_data, const std::string& path) {
  if (user_data.contains("inline") && user_data.contains("secretRef")) {
    broken_rule(errors, path, "at most one of inline and secretRef may be set");
  }
  const std::size_t encoded = (user_data["inline"].as_string().size() + 2) / 3 * 4;
  if (encoded > kUserDataBytesMax) {
    errors.push_back(
        too_long(path + ".inline", "may not be more than 65535 bytes after base64 encoding"));
  }
}

void check_url(FieldErrors& errors, const Json& url, const std::string& path, bool query_allowed) {
  if (!url.is_string()) return;
  std::string_view rest = url.as_string();
  const std::size_t scheme = rest.find("://");
  if (scheme == std::string_view::npos) return;  // the schema's pattern says so already
  if (has_control(rest) || rest.find('\\') != std::string_view::npos) {
    errors.push_back(invalid(path, url, "must not hold control characters or backslashes"));
  }
  rest.remove_prefix(scheme + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) {
    // The value is not repeated: what stands before the @ may be a password.
    errors.push_back(invalid(path, "", "must not hold a user or password"));
    return;
  }
  if (authority.empty() || authority.front() == ':') {
    errors.push_back(invalid(path, url, "must name a host"));
  }
  const bool has_fragment = rest.find('#') != std::string_view::npos;
  const bool has_query = rest.find('?') != std::string_view::npos;
  if (has_fragment || (has_query && !query_allowed)) {
    errors.push_back(invalid(path, url, "must not have a query or fragment"));
  }
}

}  // namespace

void check_address(FieldErrors& errors, const Json& address, const std::string& path) {
  if (!address.is_string()) return;
  const std::string& text = address.as_string();
  const std::size_t slash = text.find('/');
  const std::string host = text.substr(0, slash);
  std::array<unsigned char, 16> bytes{};
  const bool v4 = inet_pton(AF_INET, host.c_str(), bytes.data()) == 1;
  const bool v6 = !v4 && inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
  bool good = v4 || v6;
  if (good && slash != std::string::npos) {
    const std::string bits = text.substr(slash + 1);
    good = !bits.empty() && bits.size() <= 3 &&
           bits.find_first_not_of("0123456789") == std::string::npos &&
           std::stoi(bits) <= (v4 ? 32 : 128);
  }
  if (!good) errors.push_back(invalid(path, address, "must be an IP address or a CIDR"));
}

namespace {

void check_floating_ip(FieldErrors& errors, const Json& server, const std::string& path) {
  const Json& wanted = server["floatingIP"];
  check_cloud_thing(errors, wanted["network"], path + ".network");
  const std::string& attachment = wanted["attachment"].as_string();
  if (attachment.empty()) return;
  const JsonArray& networks = server["networks"].as_array();
  const bool known = std::ranges::any_of(
      networks, [&](const Json& network) { return network["name"].as_string() == attachment; });
  if (!known) {
    errors.push_back(
        invalid(path + ".attachment", wanted["attachment"], "must be the name of one of networks"));
  }
}

}  // namespace

void broken_rule(FieldErrors& errors, const std::string& path, std::string_view message) {
  errors.push_back(invalid(path, "object", message));
}

void check_cloud_thing(FieldErrors& errors, const Json& thing, const std::string& path) {
  if (!thing.is_object()) return;
  const int chosen =
      int(thing.contains("id")) + int(thing.contains("name")) + int(thing.contains("filter"));
  if (chosen != 1) broken_rule(errors, path, "exactly one of id, name and filter must be set");
  const Json& filter = thing["filter"];
  if (filter.is_object() && filter["properties"].empty() && filter["tags"].empty()) {
    broken_rule(errors, path + ".filter", "properties or tags must be given");
  }
}

void check_selector(FieldErrors& errors, const Json& selector, const std::string& path) {
  FieldErrors labels = validate_labels(selector["matchLabels"], path + ".matchLabels");
  errors.insert(errors.end(), labels.begin(), labels.end());
  std::size_t index = 0;
  for (const Json& expression : selector["matchExpressions"].as_array()) {
    const std::string at = item_path(path + ".matchExpressions", index++);
    const std::string& op = expression["operator"].as_string();
    if ((op == "In" || op == "NotIn") == expression["values"].empty()) {
      broken_rule(errors, at, "values are needed by In and NotIn, and only by them");
    }
    add(errors, at + ".key", expression["key"],
        qualified_name_problems(expression["key"].as_string()));
    std::size_t value_index = 0;
    for (const Json& value : expression["values"].as_array()) {
      add(errors, item_path(at + ".values", value_index++), value,
          label_value_problems(value.as_string()));
    }
  }
}

namespace {

// A server is made from an image, flavors and networks; a machine is there already.
void check_machine(FieldErrors& errors, const Json& server, const std::string& path) {
  if (!server.is_object()) return;
  const int given = int(server.contains("image")) + int(server.contains("flavors")) +
                    int(server.contains("networks"));
  if (given != 0 && given != 3) {
    broken_rule(errors, path,
                "image, flavors and networks must be given together; none of them is for machines "
                "of a Cloud of type Hosts");
  }
  if (server.contains("networks")) {
    if (server.contains("hostSelector")) {
      broken_rule(errors, path,
                  "hostSelector is for machines of a Cloud of type Hosts, which have no networks "
                  "here");
    }
    return;
  }
  const bool made = std::ranges::any_of(
      std::array{"availabilityZones", "floatingIP", "rootVolume", "volumes", "serverGroup",
                 "configDrive", "keyName", "userData", "metadata"},
      [&server](const char* field) { return server.contains(field); });
  if (made) {
    broken_rule(errors, path,
                "a machine of a Cloud of type Hosts is what it is: availabilityZones, floatingIP, "
                "rootVolume, volumes, serverGroup, configDrive, keyName, userData and metadata are "
                "for servers that are made from image, flavors and networks");
  }
}

}  // namespace

void check_server_template(FieldErrors& errors, const Json& server, const std::string& path) {
  check_machine(errors, server, path);
  check_selector(errors, server["hostSelector"], path + ".hostSelector");
  check_cloud_thing(errors, server["image"], path + ".image");
  std::size_t index = 0;
  for (const Json& flavor : server["flavors"].as_array()) {
    check_cloud_thing(errors, flavor, item_path(path + ".flavors", index++));
  }
  index = 0;
  for (const Json& network : server["networks"].as_array()) {
    const std::string at = item_path(path + ".networks", index++);
    check_cloud_thing(errors, network["network"], at + ".network");
    check_cloud_thing(errors, network["subnet"], at + ".subnet");
    std::size_t pair_index = 0;
    for (const Json& pair : network["allowedAddressPairs"].as_array()) {
      check_address(errors, pair["ipAddress"],
                    item_path(at + ".allowedAddressPairs", pair_index++) + ".ipAddress");
    }
    std::size_t group_index = 0;
    for (const Json& group : network["securityGroups"].as_array()) {
      check_cloud_thing(errors, group, item_path(at + ".securityGroups", group_index++));
    }
  }
  check_floating_ip(errors, server, path + ".floatingIP");
  const Json& group = server["serverGroup"];
  if (group.is_object() && group.contains("policy") == group.contains("name")) {
    broken_rule(errors, path + ".serverGroup", "exactly one of policy and name must be set");
  }
  check_user_data(errors, server["userData"], path + ".userData");
  for (const auto& [key, value] : server["metadata"].as_object()) {
    if (key.empty() || key.size() > kMetadataKeyLengthMax) {
      errors.push_back(invalid(path + ".metadata", key, "a key must have 1 to 255 characters"));
    }
  }
}

namespace {

// What the catalog does not know has to be said: how it gets there, and where it answers.
void check_install_of(FieldErrors& errors, const Json& agent, const std::string& at) {
  const std::string& name = agent["name"].as_string();
  const Json& install = agent["install"];
  const std::string& method = install["method"].as_string();
  const bool known = name == "node-exporter" || name == "cadvisor" || name == "caddy";
  const bool locked = agent["tls"]["mode"].as_string() == "Server" || agent.contains("auth");
  if (locked && name != "node-exporter" && method != "Prebuilt" && method != "None") {
    broken_rule(errors, at,
                "tls and auth of an agent other than node-exporter need an install.method of "
                "Prebuilt or None: somebody else has to lock it");
  }
  if (known) {
    if (install.contains("package") || install.contains("binary")) {
      broken_rule(errors, at + ".install", "package and binary are for agents of your own");
    }
    if (name == "cadvisor" && (method.empty() || method == "Package")) {
      broken_rule(errors, at + ".install",
                  "there is no package of cadvisor; the method Container fits");
    }
  } else {
    if (method.empty() || !agent.contains("port")) {
      broken_rule(errors, at,
                  go_quote(name) +
                      " is none of node-exporter, cadvisor and caddy; an agent of your own needs "
                      "install.method and port");
    }
    if (method == "Container" && !install.contains("image")) {
      broken_rule(errors, at + ".install", "image is required for an agent of your own");
    }
    if (method == "Package" && !install.contains("package")) {
      broken_rule(errors, at + ".install", "package is required for an agent of your own");
    }
  }
  const bool takes_arguments = method == "Container" || method == "Archive" ||
                               (name == "node-exporter" && (method.empty() || method == "Package"));
  if (!takes_arguments && !agent["extraArgs"].empty()) {
    broken_rule(errors, at, "extraArgs are not possible with this install.method");
  }
  if (method != "Package" && install.contains("package")) {
    broken_rule(errors, at + ".install", "package is for the method Package only");
  }
  if (method != "Archive" && install.contains("binary")) {
    broken_rule(errors, at + ".install", "binary is for the method Archive only");
  }
  if (method != "Prebuilt" && method != "None" && install.contains("unit")) {
    broken_rule(errors, at + ".install", "unit is for the methods Prebuilt and None only");
  }
}

}  // namespace

void check_agents(FieldErrors& errors, const Json& agents, const std::string& path) {
  std::size_t index = 0;
  for (const Json& agent : agents.as_array()) {
    const std::string at = item_path(path, index++);
    const Json& install = agent["install"];
    const bool archive = install["method"].as_string() == "Archive";
    const bool has_url = install.contains("url");
    const bool has_sum = install.contains("sha256");
    if (archive && !(has_url && has_sum)) {
      broken_rule(errors, at + ".install", "url and sha256 are required by the method Archive");
    }
    if (!archive && (has_url || has_sum)) {
      broken_rule(errors, at + ".install", "url and sha256 are for the method Archive only");
    }
    if (install.contains("image") && install["method"].as_string() != "Container") {
      broken_rule(errors, at + ".install", "image is for the method Container only");
    }
    check_install_of(errors, agent, at);
    check_download_url(errors, install["url"], at + ".install.url");
    std::size_t arg_index = 0;
    for (const Json& arg : agent["extraArgs"].as_array()) {
      const std::string arg_path = item_path(at + ".extraArgs", arg_index++);
      if (has_control(arg.as_string())) {
        errors.push_back(invalid(arg_path, arg, "must not hold control characters"));
      }
    }
  }
}

void check_base_url(FieldErrors& errors, const Json& url, const std::string& path) {
  check_url(errors, url, path, false);
}

void check_download_url(FieldErrors& errors, const Json& url, const std::string& path) {
  check_url(errors, url, path, true);
}

void check_directory(FieldErrors& errors, const Json& directory, const std::string& path) {
  if (!directory.is_string()) return;
  const std::string& text = directory.as_string();
  if (!text.starts_with('/') || has_control(text)) {
    errors.push_back(invalid(path, directory, "must be an absolute path"));
    return;
  }
  for (const std::string& part : split(text, '/')) {
    if (part == "." || part == "..") {
      errors.push_back(invalid(path, directory, "must not have '.' or '..' parts"));
      return;
    }
  }
  if (text.find_first_not_of('/') == std::string::npos) {
    errors.push_back(invalid(path, directory, "must not be the root directory"));
  }
}

void check_duration(FieldErrors& errors, const Json& duration, const std::string& path) {
  if (!duration.is_string()) return;
  const auto parsed = parse_prometheus_duration(duration.as_string());
  if (!parsed) {
    errors.push_back(invalid(path, duration, "must be a duration such as 30s or 1h30m"));
  } else if (parsed->count() <= 0) {
    errors.push_back(invalid(path, duration, "must be longer than nothing"));
  }
}

bool is_prometheus_label_name(std::string_view name) {
  if (name.empty() || name.starts_with("__")) return false;
  if (name.front() >= '0' && name.front() <= '9') return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_alphanumeric(c) || c == '_'; });
}

}  // namespace clickdeploy::api::v1alpha1
