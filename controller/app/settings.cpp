#include "controller/app/settings.h"

#include "controller/base/json.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace clickdeploy::app {

namespace {

// How each setting is put into Settings; the rest of this file is generic.
struct Binding {
  SettingInfo info;
  std::function<Result<void>(Settings&, const std::string&)> set;
};

Binding text(SettingInfo info, std::string Settings::* member) {
  return {std::move(info), [member](Settings& settings, const std::string& value) -> Result<void> {
            settings.*member = value;
            return {};
          }};
}

Result<bool> parse_bool(const std::string& value) {
  const std::string lower = to_lower(value);
  if (lower == "true" || lower == "1" || lower == "yes" || lower == "on") return true;
  if (lower == "false" || lower == "0" || lower == "no" || lower == "off") return false;
  return fail(ErrorCode::InvalidArgument, "\"" + value + "\" is neither true nor false");
}

Result<std::int64_t> parse_seconds(const std::string& value) {
  std::string digits = value;
  if (digits.ends_with("s")) digits.pop_back();
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (error != std::errc{} || end != digits.data() + digits.size() || seconds < 1 ||
      seconds > 3600) {
    return fail(ErrorCode::InvalidArgument,
                "\"" + value + "\" is not a number of seconds from 1 to 3600");
  }
  return seconds;
}

// Marks hold its first eight digits alone, so it must be as random as a UUID is.
bool is_uuid(const std::string& value) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (value.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool digit = (value[i] >= '0' && value[i] <= '9') || (value[i] >= 'a' && value[i] <= 'f');
    if (kForm[i] == 'x' ? !digit : value[i] != '-') return false;
  }
  return true;
}

const std::vector<Binding>& bindings() {
  static const std::vector<Binding> kBindings = {
      text({"--data", "data", "CLICKDEPLOY_DATA", "folder of the database; made if missing"},
           &Settings::data),
      {{"--cluster-id", "clusterID", "CLICKDEPLOY_CLUSTER_ID",
        "UUID that marks what is made in clouds; to take a fleet over with an empty database"},
       [](Settings& settings, const std::string& value) -> Result<void> {
         if (!is_uuid(value)) {
           return fail(ErrorCode::InvalidArgument, "\"" + value + "\" is no UUID in lower case");
         }
         settings.cluster_id = value;
         return {};
       }},
      text({"--listen", "listen", "CLICKDEPLOY_LISTEN",
            "address and port of the API; a loopback address, port 0 for any free one"},
           &Settings::listen),
      text({"--tls-certificate", "tlsCertificate", "CLICKDEPLOY_TLS_CERTIFICATE",
            "PEM file of the API's certificate chain; serves https"},
           &Settings::tls_certificate),
      text({"--tls-key", "tlsKey", "CLICKDEPLOY_TLS_KEY", "PEM file of its private key"},
           &Settings::tls_key),
      text({"--log-level", "logLevel", "CLICKDEPLOY_LOG_LEVEL",
            "trace, debug, info, warning or error"},
           &Settings::log_level),
      text({"--log-format", "logFormat", "CLICKDEPLOY_LOG_FORMAT", "text or json"},
           &Settings::log_format),
      text({"--promtool", "promtool", "CLICKDEPLOY_PROMTOOL",
            "the promtool program, which checks rules before they are loaded"},
           &Settings::promtool),
      text({"--prometheus-url", "prometheusURL", "PROMETHEUS_URL",
            "Prometheus of the MetricsBackend default/default, made when there is none"},
           &Settings::prometheus_url),
      text({"--prometheus-targets-dir", "prometheusTargetsDir", "PROMETHEUS_TARGETS_DIR",
            "folder that its file_sd reads; absolute"},
           &Settings::prometheus_targets_dir),
      text({"--prometheus-rules-dir", "prometheusRulesDir", "PROMETHEUS_RULES_DIR",
            "folder of its rule_files; absolute. Default: \"rules\" beside the targets folder"},
           &Settings::prometheus_rules_dir),
      {{"--enable-metrics-collection", "enableMetricsCollection", "ENABLE_METRICS_COLLECTION",
        "false: the MetricsBackend default/default is not made"},
       [](Settings& settings, const std::string& value) -> Result<void> {
         Result<bool> parsed = parse_bool(value);
         if (!parsed) return std::unexpected(parsed.error());
         settings.enable_metrics_collection = *parsed;
         return {};
       }},
      {{"--metrics-collection-interval", "metricsCollectionInterval", "METRICS_COLLECTION_INTERVAL",
        "seconds between two looks at Prometheus"},
       [](Settings& settings, const std::string& value) -> Result<void> {
         Result<std::int64_t> parsed = parse_seconds(value);
         if (!parsed) return std::unexpected(parsed.error());
         settings.metrics_collection_interval = *parsed;
         return {};
       }},
  };
  return kBindings;
}

std::string help_text() {
  std::string help =
      "Usage: clickdeployd [FLAGS]          serve the API and run the controllers\n"
      "       clickdeployd dev [FLAGS]      a whole monitored fleet on this machine\n\n"
      "Flags (each also in the YAML file given by --config, or in the environment):\n";
  for (const Binding& binding : bindings()) {
    help += "  " + binding.info.flag + " VALUE\n        " + binding.info.help + " [" +
            binding.info.environment + "]\n";
  }
  help +=
      "  --config FILE\n        YAML file of settings [CLICKDEPLOY_CONFIG]\n"
      "  --version, --help\n"
      "\nFlags of dev (its --data is ./clickdeploy-dev unless given; with --listen HOST:0 all its "
      "ports are free ones):\n"
      "  --once\n        prove the whole chain, print the evidence, stop, and exit 0\n";
  return help;
}

Result<std::map<std::string, std::string>> read_file_settings(const std::string& path,
                                                              const FileReader& read_file) {
  Result<std::string> text_of_file = read_file(path);
  if (!text_of_file) {
    return std::unexpected(std::move(text_of_file).error().with_context("--config " + path));
  }
  Result<Json> json = parse_single_yaml(*text_of_file);
  if (!json) return std::unexpected(std::move(json).error().with_context(path));
  if (!json->is_object() && !json->is_null()) {  // an empty file chooses nothing
    return fail(ErrorCode::InvalidArgument, path + ": not a mapping of settings");
  }
  std::map<std::string, std::string> values;
  for (const auto& [key, value] : json->as_object()) {
    bool known = false;
    for (const Binding& binding : bindings()) known = known || binding.info.file_key == key;
    if (!known) return fail(ErrorCode::InvalidArgument, path + ": unknown setting \"" + key + "\"");
    if (value.is_null() || value.is_array() || value.is_object()) {
      return fail(ErrorCode::InvalidArgument, path + ": " + key + " is not a single value");
    }
    values[key] = value.is_string() ? value.as_string() : to_json(value);
  }
  return values;
}

Result<void> apply(const Binding& binding, Settings& settings, const std::string& value,
                   const std::string& where) {
  Result<void> done = binding.set(settings, value);
  if (!done) return std::unexpected(std::move(done).error().with_context(where));
  return done;
}

// A name is none, whatever it begins with.
bool is_loopback(const std::string& host) {
  if (host == "::1") return true;
  const std::vector<std::string> parts = split(host, '.');
  if (parts.size() != 4 || parts[0] != "127") return false;
  return std::ranges::all_of(parts, [](const std::string& part) {
    std::uint8_t number = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    return error == std::errc{} && end == part.data() + part.size();
  });
}

Result<void> check(const Settings& settings) {
  if (settings.tls_certificate.empty() != settings.tls_key.empty()) {
    return fail(ErrorCode::InvalidArgument, "--tls-certificate and --tls-key go together");
  }
  if (settings.log_format != "text" && settings.log_format != "json") {
    return fail(ErrorCode::InvalidArgument,
                "--log-format: \"" + settings.log_format + "\" is neither text nor json");
  }
  static const std::vector<std::string> kLevels{"trace", "debug", "info", "warning", "error"};
  if (std::ranges::find(kLevels, settings.log_level) == kLevels.end()) {
    return fail(ErrorCode::InvalidArgument,
                "--log-level: \"" + settings.log_level + "\" is none of " + join(kLevels, ", "));
  }
  for (const std::string* folder :
       {&settings.prometheus_targets_dir, &settings.prometheus_rules_dir}) {
    if (!folder->empty() && !folder->starts_with("/")) {
      return fail(ErrorCode::InvalidArgument, "\"" + *folder + "\" is not an absolute folder");
    }
  }
  Result<ListenAddress> listen = parse_listen(settings.listen);
  if (!listen) return std::unexpected(std::move(listen).error().with_context("--listen"));
  return {};
}

}  // namespace

const std::vector<SettingInfo>& setting_infos() {
  static const std::vector<SettingInfo> kInfos = [] {
    std::vector<SettingInfo> infos;
    for (const Binding& binding : bindings()) infos.push_back(binding.info);
    return infos;
  }();
  return kInfos;
}

Result<CommandLine> read_settings(const std::vector<std::string>& arguments,
                                  const Environment& environment, const FileReader& read_file) {
  CommandLine line;
  line.help_text = help_text();
  std::map<std::string, std::string> flags;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i];
    if (name == "--help" || name == "-h") {
      line.help = true;
      return line;
    }
    if (name == "--version") {
      line.version = true;
      return line;
    }
    if (name == "--once") {
      line.extra_flags.push_back(name);
      continue;
    }
    std::optional<std::string> value;
    if (const std::size_t equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    bool known = name == "--config";
    for (const Binding& binding : bindings()) known = known || binding.info.flag == name;
    if (!known) {
      return fail(ErrorCode::InvalidArgument, "unknown argument \"" + name + "\"; see --help");
    }
    if (!value) {
      if (i + 1 == arguments.size())
        return fail(ErrorCode::InvalidArgument, name + " needs a value");
      value = arguments[++i];
    }
    flags[name] = *value;
  }
  std::optional<std::string> config = environment("CLICKDEPLOY_CONFIG");
  if (flags.contains("--config")) config = flags["--config"];
  std::map<std::string, std::string> file;
  if (config && !config->empty()) {
    Result<std::map<std::string, std::string>> read = read_file_settings(*config, read_file);
    if (!read) return std::unexpected(std::move(read).error());
    file = *std::move(read);
  }
  for (const Binding& binding : bindings()) {
    Result<void> done;
    if (auto flag = flags.find(binding.info.flag); flag != flags.end()) {
      done = apply(binding, line.settings, flag->second, binding.info.flag);
    } else if (auto key = file.find(binding.info.file_key); key != file.end()) {
      done = apply(binding, line.settings, key->second, *config + ": " + binding.info.file_key);
    } else if (auto variable = environment(binding.info.environment);
               variable && !variable->empty()) {
      done = apply(binding, line.settings, *variable, binding.info.environment);
    }
    if (!done) return std::unexpected(std::move(done).error());
  }
  Result<void> checked = check(line.settings);
  if (!checked) return std::unexpected(std::move(checked).error());
  return line;
}

Result<ListenAddress> parse_listen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    return fail(ErrorCode::InvalidArgument, "\"" + text + "\" is not host:port");
  }
  ListenAddress address;
  address.host = text.substr(0, colon);
  if (address.host.starts_with("[") && address.host.ends_with("]")) {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  if (address.host == "localhost") address.host = "127.0.0.1";
  unsigned port = 0;
  const char* begin = text.data() + colon + 1;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(begin, end, port);
  if (error != std::errc{} || rest != end || begin == end || port > 65535) {
    return fail(ErrorCode::InvalidArgument, "\"" + text + "\" has no port from 0 to 65535");
  }
  address.port = static_cast<std::uint16_t>(port);
  if (!is_loopback(address.host)) {
    return fail(ErrorCode::InvalidArgument,
                "\"" + address.host +
                    "\" is not a loopback address (127.0.0.0/8 or ::1), and "
                    "nothing else is served while the API has no authentication");
  }
  return address;
}

}  // namespace clickdeploy::app
